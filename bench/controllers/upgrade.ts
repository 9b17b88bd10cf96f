import type { ControllerRequest, SessionEvent } from "hubbub";

type Data = { joined: number; heard: number };

export function get(request: ControllerRequest) {
  if (!request.webSocket) return { status: 400 };
  return { webSocket: { data: { joined: Date.now(), heard: 0 } } };
}

export function webSocketEvent(event: SessionEvent<Data>) {
  if (event.type === "message") event.data.heard += 1;
}
