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
 * The clock is one that stands still between steps, so that most messages cost two subtractions.
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
    const now = this.#now();
    if (now !== session.creditedAt) this.#refill(session, now);
    session.messageCredit -= 1;
    session.byteCredit -= size;
    return session.messageCredit >= 0 && session.byteCredit >= 0;
  }

  /** At every step: credit that was never looked at must not grow beyond what a bucket holds. */
  #refill(session: Session, now: number): void {
    const seconds = (now - session.creditedAt) / 1000;
    session.creditedAt = now;
    session.messageCredit = refill(session.messageCredit, this.#messagesPerSecond, seconds);
    session.byteCredit = refill(session.byteCredit, this.#bytesPerSecond, seconds);
  }
}

function refill(credit: number, rate: number, seconds: number): number {
  return Math.min(credit + rate * seconds, rate * BURST_SECONDS);
}
