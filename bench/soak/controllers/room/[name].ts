import { addToGroup, removeFromGroup, send, sendToGroup, type SessionEvent } from "hubbub";
import { count, note, numbers } from "../lib/accounts.ts";

export const get = () => ({ webSocket: {} });

/** Says at which number a session comes and goes, and numbers what is said in between. */
export function webSocketEvent(event: SessionEvent): void {
  note(event);
  const { id, path } = event.session;
  if (event.type === "open") {
    addToGroup(path, id);
    send(id, `joined ${numbers.get(path) ?? 0}`);
  }
  if (event.type !== "message") return;
  if (event.message === "bye") {
    removeFromGroup(path, id);
    send(id, `left ${numbers.get(path) ?? 0}`);
  } else sendToGroup(path, `${count(path)} ${event.message.toString()}`);
}
