import type { Metrics } from "../core/metrics.ts";
import type { ThrottledLog } from "../core/throttled-log.ts";
import type { Delivery } from "../sessions/delivery.ts";
import type { Session } from "../sessions/session.ts";
import type { InvalidMessage } from "./invalid-message.ts";

export type RefuseMessageParts = { delivery: Delivery; metrics: Metrics; throttledLog: ThrottledLog };

/** Makes what tells a session that its message is invalid. What the message says is not logged. */
export function createRefuseMessage({ delivery, metrics, throttledLog }: RefuseMessageParts) {
  return (session: Session, { frame }: InvalidMessage): void => {
    metrics.messagesInvalid += 1;
    const { id, path } = session.info;
    throttledLog.warning("invalid-message", "Refused a message that does not match the controller's schema", {
      session: id,
      path,
      address: session.address,
    });
    delivery.send(session, frame);
  };
}
