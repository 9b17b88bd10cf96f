import { send, type SessionEvent } from "hubbub";

export const get = () => ({ webSocket: {} });

export async function webSocketEvent(event: SessionEvent) {
  if (event.type === "message") send(event.session.id, event.message);
}
