import type { Session } from "./session.ts";

/** A session may send what its rates allow for so long at once. */
const BURST_SECONDS = 10;

export type RateLimitsOptions = {
  /** 0 for no limit. */
  messagesPerSecond: number;
  /** 0 for no limit. */
  bytesPerSecond: number;
  /** Milliseconds of a clock that does not jump. */
  now: () => number;
};

/**
 * How much one session may send: two token buckets that hold ten seconds' worth.
 *
 * A message costs two subtractions; the clock is read only when a bucket is empty.
 */
export class RateLimits {
  readonly #messagesPerSecond: number;
  readonly #bytesPerSecond: number;
  readonly #now: () => number;

  constructor({ messagesPerSecond, bytesPerSecond, now }: RateLimitsOptions) {
    this.#messagesPerSecond = messagesPerSecond || Infinity;
    this.#bytesPerSecond = bytesPerSecond || Infinity;
    this.#now = now;
  }

  /** Fills the buckets of a new session. */
  begin(session: Session): void {
    session.messageCredit = this.#messagesPerSecond * BURST_SECONDS;
    session.byteCredit = this.#bytesPerSecond * BURST_SECONDS;
    session.creditedAt = this.#now();
  }

  /** Takes one message of `size` bytes or characters; false if the session has sent more than it may. */
  take(session: Session, size: number): boolean {
    session.messageCredit -= 1;
    session.byteCredit -= size;
    return (session.messageCredit >= 0 && session.byteCredit >= 0) || this.#refill(session);
  }

  #refill(session: Session): boolean {
    const now = this.#now();
    const seconds = (now - session.creditedAt) / 1000;
    session.creditedAt = now;
    const refill = (credit: number, rate: number) => Math.min(credit + rate * seconds, rate * BURST_SECONDS);
    session.messageCredit = refill(session.messageCredit, this.#messagesPerSecond);
    session.byteCredit = refill(session.byteCredit, this.#bytesPerSecond);
    return session.messageCredit >= 0 && session.byteCredit >= 0;
  }
}
