import { send, type SessionEvent } from "hubbub";
import { note } from "./lib/accounts.ts";

export const get = async () => {
  await Bun.sleep(1);
  return { webSocket: {} };
};

export async function webSocketEvent(event: SessionEvent): Promise<void> {
  note(event);
  await Bun.sleep(Math.random() * 5);
  if (event.type === "message") send(event.session.id, event.message);
}
