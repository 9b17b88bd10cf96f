import type { SessionEvent } from "./event.ts";

/** How much may wait for the handler of one session before its socket is paused. */
export type InboxLimits = {
  maxEvents: number;
  /** Bytes of binary messages and characters of text. */
  maxSize: number;
  /** Told each time that a socket is paused. */
  filled: () => void;
};

/**
 * The events of one session that wait for its handler, in order.
 *
 * It never refuses an event: what the runtime had already read when the socket was paused still arrives.
 */
export class Inbox {
  readonly #limits: InboxLimits;
  #events: SessionEvent[] = [];
  #size = 0;
  #settled: PromiseWithResolvers<void> | undefined;

  constructor(limits: InboxLimits) {
    this.#limits = limits;
  }

  push(event: SessionEvent): void {
    this.#events.push(event);
    this.#size += sizeOf(event);
  }

  shift(): SessionEvent | undefined {
    const event = this.#events.shift();
    if (event !== undefined) this.#size -= sizeOf(event);
    return event;
  }

  /** Drops the messages that wait, because the session was ended from this side; returns how many. */
  dropMessages(): number {
    const kept = this.#events.filter((event) => event.type !== "message");
    const dropped = this.#events.length - kept.length;
    this.#events = kept;
    this.#size = 0;
    return dropped;
  }

  /** Resolves when the running event and all that wait are done. */
  get settled(): Promise<void> {
    this.#settled ??= Promise.withResolvers();
    return this.#settled.promise;
  }

  /** All of them are done. */
  settle(): void {
    this.#settled?.resolve();
  }

  /** So much waits that the socket must be paused. */
  get isFull(): boolean {
    return this.#events.length >= this.#limits.maxEvents || this.#size >= this.#limits.maxSize;
  }

  /** So little waits that the socket may be read again. */
  get isLow(): boolean {
    return this.#events.length <= this.#limits.maxEvents / 2 && this.#size <= this.#limits.maxSize / 2;
  }
}

function sizeOf(event: SessionEvent): number {
  return event.type === "message" ? event.message.length : 0;
}
