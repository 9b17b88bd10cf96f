import { addToGroup, type ControllerRequest, sendToGroup, type SessionEvent } from "hubbub";

export function get(request: ControllerRequest) {
  return { webSocket: { data: { group: String(request.params["id"]) } } };
}

export function webSocketEvent(event: SessionEvent<{ group: string }>) {
  if (event.type === "open") addToGroup(event.data.group, event.session.id);
  if (event.type === "message") sendToGroup(event.data.group, event.message);
}
