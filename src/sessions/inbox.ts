import type { SessionEvent } from "./event.ts";

/** Events that wait while a handler of their session runs: more than this pauses the socket. */
export const MAX_WAITING_EVENTS = 64;

/** Bytes of messages that wait: more than this pauses the socket. */
export const MAX_WAITING_BYTES = 1024 ** 2;

/**
 * The events of one session that wait for its handler, in order.
 *
 * It never refuses an event: what the runtime had already read when the socket was paused still arrives.
 */
export class Inbox {
  #events: SessionEvent[] = [];
  #bytes = 0;

  push(event: SessionEvent): void {
    this.#events.push(event);
    this.#bytes += sizeOf(event);
  }

  shift(): SessionEvent | undefined {
    const event = this.#events.shift();
    if (event !== undefined) this.#bytes -= sizeOf(event);
    return event;
  }

  /** Drops the messages that wait, because the session was ended from this side; returns how many. */
  dropMessages(): number {
    const kept = this.#events.filter((event) => event.type !== "message");
    const dropped = this.#events.length - kept.length;
    this.#events = kept;
    this.#bytes = 0;
    return dropped;
  }

  /** So much waits that the socket must be paused. */
  get isFull(): boolean {
    return this.#events.length >= MAX_WAITING_EVENTS || this.#bytes >= MAX_WAITING_BYTES;
  }

  /** So little waits that the socket may be read again. */
  get isLow(): boolean {
    return this.#events.length <= MAX_WAITING_EVENTS / 2 && this.#bytes <= MAX_WAITING_BYTES / 2;
  }
}

function sizeOf(event: SessionEvent): number {
  return event.type === "message" ? event.message.length : 0;
}
