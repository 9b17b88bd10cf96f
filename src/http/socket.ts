import type { WebSocketHandler } from "bun";
import { log } from "../core/log.ts";
import { Backlog } from "../sessions/backlog.ts";
import { toSentCode } from "../sessions/close-codes.ts";
import type { Message } from "../sessions/event.ts";
import type { Registry } from "../sessions/registry.ts";
import type { Session } from "../sessions/session.ts";
import type { Timeouts } from "../sessions/timeouts.ts";

export type SocketParts = {
  registry: Registry;
  timeouts: Timeouts;
  maxMessageBytes: number;
  maxBacklogBytes: number;
};

/** Bun's socket handlers: each turns into one call of the session that the socket carries. */
export function createSocketHandler({
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
      const isFault = told === undefined && code === 1006 && reason !== "";
      if (isFault) session.fail(reason);
      const closeCode = told?.code ?? (isFault ? toSentCode(reason) : code);
      const closeReason = told?.reason ?? reason;
      log.debug(`Session ended with ${closeCode} ${closeReason}`, {
        session: session.info.id,
        path: session.info.path,
        code: closeCode,
      });
      registry.end(session, closeCode, closeReason);
    },
  };
}
