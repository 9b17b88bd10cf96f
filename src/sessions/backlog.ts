import type { Session } from "./session.ts";

/**
 * Finds sessions that read too slowly before the runtime cuts them off unexplained.
 *
 * A session cannot fall behind by more than what was published: so once that much has been published again, every
 * session's buffer is looked at. The runtime's own limit (`nativeLimitBytes`) stands behind, so memory is bounded
 * whatever happens.
 */
export class Backlog {
  readonly #maxBytes: number;
  readonly #sessions: () => Iterable<Session>;
  readonly #close: (session: Session) => void;
  #published = 0;

  constructor(maxBytes: number, sessions: () => Iterable<Session>, close: (session: Session) => void) {
    this.#maxBytes = maxBytes;
    this.#sessions = sessions;
    this.#close = close;
  }

  /** The runtime's limit: above what `published` lets pass unseen. */
  static nativeLimitBytes(maxBytes: number, maxMessageBytes: number): number {
    return Math.min(4 * maxBytes + maxMessageBytes, 2 ** 32 - 1);
  }

  /** `bytes` were published to a group. */
  published(bytes: number): void {
    this.#published += bytes;
    if (this.#published < this.#maxBytes) return;
    this.#published = 0;
    for (const session of this.#sessions()) this.check(session);
  }

  /** Closes `session` if more waits for it than may. */
  check(session: Session): void {
    if ((session.socket?.getBufferedAmount() ?? 0) > this.#maxBytes) this.#close(session);
  }
}
