/**
 * Every close code that Hubbub sends or reports, and whether a client should connect again.
 *
 * 4000 to 4099 ask for a re-connect, 4400 to 4499 forbid it; the same table stands in docs/controllers.md.
 */
export const closeCodes = {
  1000: { meaning: "the session's work is done", reconnect: false },
  1001: { meaning: "going away: idle timeout, its controller was removed, or the page was left", reconnect: true },
  1002: { meaning: "protocol error", reconnect: true },
  1005: { meaning: "the client sent no code (only reported, never sent)", reconnect: true },
  1006: { meaning: "the connection was lost without a close frame (only reported, never sent)", reconnect: true },
  1007: { meaning: "a text message was not UTF-8", reconnect: true },
  1008: { meaning: "policy: the request was not acceptable", reconnect: true },
  1009: { meaning: "the message was larger than --max-message", reconnect: true },
  1011: { meaning: "the controller failed", reconnect: true },
  1012: { meaning: "the server stops or restarts", reconnect: true },
  1013: { meaning: "the server is overloaded, try later", reconnect: true },
  4008: { meaning: "the session read too slowly (--max-backlog)", reconnect: true },
  4029: { meaning: "the session sent too much (--max-message-rate, --max-byte-rate)", reconnect: true },
  4400: { meaning: "the session sent a message that its controller does not take (onInvalid)", reconnect: false },
  4401: { meaning: "the session's token has expired: sign in again", reconnect: false },
} as const satisfies Record<number, { meaning: string; reconnect: boolean }>;

/** A code that `close(id, code)` may send (RFC 6455 section 7.4; browsers take no others). */
export function isSendableCode(code: number): boolean {
  return (
    Number.isInteger(code) &&
    ((code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999))
  );
}

/** The longest close reason that fits into a control frame, in bytes of UTF-8. */
export const MAX_REASON_BYTES = 123;

/**
 * The code that the client was sent when the runtime reports 1006 with `fault` as the reason.
 *
 * Bun 1.4.5 tells its handler 1006 for every violation of the protocol, and the client 1002, 1007 or 1009.
 */
export function toSentCode(fault: string): number {
  if (fault.includes("too big message")) return 1009;
  if (fault.includes("UTF-8") || fault.includes("inflat") || fault.includes("compress")) return 1007;
  return 1002;
}
