import { send, type SessionEvent } from "hubbub";

export const get = () => ({ webSocket: {} });

export function webSocketEvent(event: SessionEvent) {
  if (event.type !== "message") return;
  for (let copy = 0; copy < 10; copy += 1) send(event.session.id, event.message);
}
