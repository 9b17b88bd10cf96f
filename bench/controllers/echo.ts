import { send, type SessionEvent } from "hubbub";

export const get = () => ({ webSocket: {} });

export function webSocketEvent(event: SessionEvent) {
  if (event.type === "message") send(event.session.id, event.message);
}
