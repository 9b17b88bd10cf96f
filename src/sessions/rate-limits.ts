import type { Session } from "./session.ts";

/** A session may send what its rates allow for so long at once. */
const BURST_SECONDS = 10;

/** What one session may still send. */
export type Credit = {
  /** It is full, and that of every session that has sent nothing yet. */
  readonly isShared: boolean;
  messages: number;
  /** Bytes of binary and characters of text. */
  size: number;
  /** When it was given last, by the clock that does not jump. */
  givenAt: number;
  /** What `heldMs` was when it was given for that last. */
  givenHeldMs: number;
};

/** The credit of a session that nobody limits. */
export const unlimited: Credit = { isShared: true, messages: Infinity, size: Infinity, givenAt: 0, givenHeldMs: 0 };

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
  readonly #isLimited: boolean;
  #full: Credit;

  constructor({ messagesPerSecond, bytesPerSecond, now, heldMs }: RateLimitsOptions) {
    this.#messagesPerSecond = messagesPerSecond || Infinity;
    this.#bytesPerSecond = bytesPerSecond || Infinity;
    this.#now = now;
    this.#heldMs = heldMs;
    this.#isLimited = messagesPerSecond > 0 || bytesPerSecond > 0;
    this.#full = this.#fill(0);
  }

  /** Gives a new session its credit. Most only listen, and share what they never use. */
  begin(session: Session): void {
    if (!this.#isLimited) return;
    const heldMs = this.#heldMs();
    if (heldMs !== this.#full.givenHeldMs) this.#full = this.#fill(heldMs);
    session.credit = this.#full;
  }

  /** Takes one message of `size` bytes or characters; false if the session has sent more than it may. */
  take(session: Session, size: number): boolean {
    if (!this.#isLimited) return true;
    const now = this.#now();
    if (session.credit.isShared) session.credit = { ...session.credit, isShared: false };
    const { credit } = session;
    if (now !== credit.givenAt) this.#refill(credit, now);
    credit.messages -= 1;
    credit.size -= size;
    return isLeft(credit) || this.#forgive(credit);
  }

  #fill(heldMs: number): Credit {
    return {
      isShared: true,
      messages: this.#messagesPerSecond * BURST_SECONDS,
      size: this.#bytesPerSecond * BURST_SECONDS,
      givenAt: this.#now(),
      givenHeldMs: heldMs,
    };
  }

  /** Gives the credit of the time in which this process slept; false if that is not enough. */
  #forgive(credit: Credit): boolean {
    const heldMs = this.#heldMs();
    const seconds = (heldMs - credit.givenHeldMs) / 1000;
    credit.givenHeldMs = heldMs;
    credit.messages += this.#messagesPerSecond * seconds;
    credit.size += this.#bytesPerSecond * seconds;
    return isLeft(credit);
  }

  /** At every step: credit that was never looked at must not grow beyond what a bucket holds. */
  #refill(credit: Credit, now: number): void {
    const seconds = (now - credit.givenAt) / 1000;
    credit.givenAt = now;
    credit.messages = refill(credit.messages, this.#messagesPerSecond, seconds);
    credit.size = refill(credit.size, this.#bytesPerSecond, seconds);
  }
}

function isLeft({ messages, size }: Credit): boolean {
  return messages >= 0 && size >= 0;
}

function refill(credit: number, rate: number, seconds: number): number {
  return Math.min(credit + rate * seconds, rate * BURST_SECONDS);
}
