import type { WebSocketHandler } from "bun";
import type { Config } from "../core/config.ts";
import { log } from "../core/log.ts";
import type { Metrics } from "../core/metrics.ts";
import type { ThrottledLog } from "../core/throttled-log.ts";
import type { Traffic } from "../groups/traffic.ts";
import { Backlog } from "../sessions/backlog.ts";
import { toSentCode } from "../sessions/close-codes.ts";
import type { Message } from "../sessions/event.ts";
import type { Session } from "../sessions/session.ts";
import type { EndReason, Sessions } from "../sessions/sessions.ts";

export type SocketParts = {
  /** Why a session whose `get` ran until now must end at once: the server stops, its controller was removed. */
  findReasonToEnd: (session: Session) => EndReason | undefined;
  sessions: Sessions;
  metrics: Metrics;
  throttledLog: ThrottledLog;
  /** Counts what a new session receives and is sent; absent if nobody wants to know. */
  createTraffic: (() => Traffic) | undefined;
  config: Pick<Config, "maxMessageBytes" | "maxBacklogBytes" | "compress">;
};

/** Bun's socket handlers: each turns into one call of the session that the socket carries. */
export function createSocketHandler({
  findReasonToEnd,
  sessions,
  metrics,
  throttledLog,
  createTraffic,
  config: { maxMessageBytes, maxBacklogBytes, compress },
}: SocketParts): WebSocketHandler<Session> {
  const { registry, delivery, timeouts, expiries, admissions, rateLimits } = sessions;
  return {
    maxPayloadLength: maxMessageBytes,
    backpressureLimit: Backlog.nativeLimitBytes(maxBacklogBytes, maxMessageBytes),
    closeOnBackpressureLimit: true,
    perMessageDeflate: compress,
    // Timeouts and pings are our own: the runtime's end with 1006 and know only multiples of four seconds.
    idleTimeout: 0,
    sendPings: false,

    open(socket) {
      const session = socket.data;
      metrics.sessionsOpened += 1;
      session.traffic = createTraffic?.();
      registry.add(session);
      admissions.add(session.address);
      rateLimits.begin(session);
      timeouts.watch(session);
      if (session.identity !== undefined) expiries.watch(session);
      delivery.enter(session);
      session.open(socket);
      delivery.leave(session);
      const reason = findReasonToEnd(session);
      if (reason !== undefined) sessions.close(session, reason);
    },

    message(socket, message) {
      const session = socket.data;
      timeouts.hear(session);
      metrics.messagesReceived += 1;
      metrics.sizeReceived += message.length;
      session.traffic?.countReceived(message.length);
      if (!rateLimits.take(session, message.length)) return closeFlooding(session);
      delivery.enter(session);
      session.receive(message as Message);
      delivery.leave(session);
    },

    ping(socket) {
      timeouts.hear(socket.data);
      // The runtime has answered with a pong: a client that pings and does not read is a slow reader as well.
      delivery.checkBacklog(socket.data);
    },

    pong(socket) {
      timeouts.hear(socket.data);
    },

    close(socket, code, reason) {
      const session = socket.data;
      timeouts.forget(session);
      if (session.identity !== undefined) expiries.forget(session);
      const told = session.closingAs;
      // The runtime reports 1006 with a text for what it closed with another code.
      const fault = told === undefined && code === 1006 && reason !== "" ? reason : undefined;
      const closeCode = told?.code ?? (fault === undefined ? code : toSentCode(fault));
      const closeReason = told?.reason ?? reason;
      log.debug(`Session ended with ${closeCode} ${closeReason}`, {
        session: session.info.id,
        path: session.info.path,
        code: closeCode,
      });
      metrics.countClosed(closeCode);
      admissions.remove(session.address);
      delivery.forget(session);
      registry.end(session, closeCode, closeReason, fault);
    },
  };

  function closeFlooding(session: Session): void {
    metrics.floodingSessionsClosed += 1;
    const text = "Closed a session that sends more than it may (--max-message-rate, --max-byte-rate)";
    throttledLog.warning("flooding", text, {
      session: session.info.id,
      path: session.info.path,
      address: session.address,
    });
    delivery.close(session, 4029, "too many messages or bytes");
  }
}
