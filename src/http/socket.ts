import type { WebSocketHandler } from "bun";
import { log } from "../core/log.ts";
import { Backlog } from "../sessions/backlog.ts";
import { toSentCode } from "../sessions/close-codes.ts";
import type { Message } from "../sessions/event.ts";
import type { Registry } from "../sessions/registry.ts";
import type { Session } from "../sessions/session.ts";
import type { Timeouts } from "../sessions/timeouts.ts";

export type SocketParts = {
  /** Why a session whose `get` ran until now must end at once: the server stops, its controller was removed. */
  findReasonToEnd: (session: Session) => string | undefined;
  registry: Registry;
  timeouts: Timeouts;
  maxMessageBytes: number;
  maxBacklogBytes: number;
};

/** Bun's socket handlers: each turns into one call of the session that the socket carries. */
export function createSocketHandler({
  findReasonToEnd,
  registry,
  timeouts,
  maxMessageBytes,
  maxBacklogBytes,
}: SocketParts): WebSocketHandler<Session> {
  return {
    maxPayloadLength: maxMessageBytes,
    backpressureLimit: Backlog.nativeLimitBytes(maxBacklogBytes, maxMessageBytes),
    closeOnBackpressureLimit: true,
    perMessageDeflate: false,
    // Timeouts and pings are our own: the runtime's end with 1006 and know only multiples of four seconds.
    idleTimeout: 0,
    sendPings: false,

    open(socket) {
      const session = socket.data;
      registry.add(session);
      timeouts.watch(session);
      session.open(socket);
      const reason = findReasonToEnd(session);
      if (reason !== undefined) socket.close(1001, reason);
    },

    message(socket, message) {
      const session = socket.data;
      timeouts.hear(session);
      session.receive(message as Message);
    },

    ping(socket) {
      timeouts.hear(socket.data);
    },

    pong(socket) {
      timeouts.hear(socket.data);
    },

    close(socket, code, reason) {
      const session = socket.data;
      timeouts.forget(session);
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
      registry.end(session, closeCode, closeReason, fault);
    },
  };
}
