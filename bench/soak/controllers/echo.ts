import { send, type SessionEvent } from "hubbub";
import { note } from "./lib/accounts.ts";

export const get = () => ({ webSocket: {} });

export function webSocketEvent(event: SessionEvent): void {
  note(event);
  if (event.type === "message") send(event.session.id, event.message);
}
