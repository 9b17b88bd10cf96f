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
  /** Milliseconds in which this process slept or was blocked, which `now` leaves out. */
  heldMs: () => number;
};

/**
 * How much one session may send: two token buckets that hold ten seconds' worth.
 *
 * The clock is one that stands still between steps, so that most messages cost two subtractions. What was sent while this
 * process slept comes all at once, and is allowed what that time would have been.
 */
export class RateLimits {
  readonly #messagesPerSecond: number;
  readonly #bytesPerSecond: number;
  readonly #now: () => number;
  readonly #heldMs: () => number;

  constructor({ messagesPerSecond, bytesPerSecond, now, heldMs }: RateLimitsOptions) {
    this.#messagesPerSecond = messagesPerSecond || Infinity;
    this.#bytesPerSecond = bytesPerSecond || Infinity;
    this.#now = now;
    this.#heldMs = heldMs;
  }

  /** Fills the buckets of a new session. */
  begin(session: Session): void {
    session.messageCredit = this.#messagesPerSecond * BURST_SECONDS;
    session.byteCredit = this.#bytesPerSecond * BURST_SECONDS;
    session.creditedAt = this.#now();
    session.creditedHeldMs = this.#heldMs();
  }

  /** Takes one message of `size` bytes or characters; false if the session has sent more than it may. */
  take(session: Session, size: number): boolean {
    const now = this.#now();
    if (now !== session.creditedAt) this.#refill(session, now);
    session.messageCredit -= 1;
    session.byteCredit -= size;
    return hasCredit(session) || this.#forgive(session);
  }

  /** Gives the credit of the time in which this process slept; false if that is not enough. */
  #forgive(session: Session): boolean {
    const heldMs = this.#heldMs();
    const seconds = (heldMs - session.creditedHeldMs) / 1000;
    session.creditedHeldMs = heldMs;
    session.messageCredit += this.#messagesPerSecond * seconds;
    session.byteCredit += this.#bytesPerSecond * seconds;
    return hasCredit(session);
  }

  /** At every step: credit that was never looked at must not grow beyond what a bucket holds. */
  #refill(session: Session, now: number): void {
    const seconds = (now - session.creditedAt) / 1000;
    session.creditedAt = now;
    session.messageCredit = refill(session.messageCredit, this.#messagesPerSecond, seconds);
    session.byteCredit = refill(session.byteCredit, this.#bytesPerSecond, seconds);
  }
}

function hasCredit({ messageCredit, byteCredit }: Session): boolean {
  return messageCredit >= 0 && byteCredit >= 0;
}

function refill(credit: number, rate: number, seconds: number): number {
  return Math.min(credit + rate * seconds, rate * BURST_SECONDS);
}
