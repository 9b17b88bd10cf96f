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

  /** `message` was published to a group. */
  published(message: string | Uint8Array): void {
    // A frame adds a few bytes of its own, which is all that an empty message is.
    this.#published += message.length + 4;
    if (this.#published < this.#maxBytes) return;
    this.#published = 0;
    for (const session of this.#sessions()) this.check(session, message);
  }

  /** Closes `session` if more waits for it than may, apart from the `message` that it was sent just now. */
  check(session: Session, message: string | Uint8Array): void {
    if (session.closingAs !== undefined) return;
    const waiting = session.socket?.getBufferedAmount() ?? 0;
    if (waiting > this.#maxBytes && waiting - Buffer.byteLength(message) > this.#maxBytes) this.#close(session);
  }
}
