import { addToGroup, removeFromGroup, send, sendToGroup, type SessionEvent } from "hubbub";
import { count, note, numbers } from "./lib/accounts.ts";

const padding = "x".repeat(10_000);

export const get = () => ({ webSocket: {} });

export function webSocketEvent(event: SessionEvent): void {
  note(event);
  const { id } = event.session;
  if (event.type === "open") {
    addToGroup("news", id);
    send(id, `joined ${numbers.get("news") ?? 0}`);
  }
  if (event.type !== "message") return;
  removeFromGroup("news", id);
  send(id, `left ${numbers.get("news") ?? 0}`);
}

setInterval(() => sendToGroup("news", `${count("news")} ${padding}`), 50);
