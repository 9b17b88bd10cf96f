import { send, type SessionEvent } from "hubbub";
import * as v from "valibot";

const Message = v.object({ id: v.pipe(v.string(), v.length(12)), text: v.pipe(v.string(), v.maxLength(500)) });

export const get = () => ({ webSocket: {} });

export function webSocketEvent(event: SessionEvent) {
  if (event.type !== "message") return;
  const result = v.safeParse(Message, JSON.parse(String(event.message)));
  if (result.success) send(event.session.id, result.output);
}
