import { AsyncLocalStorage } from "node:async_hooks";
import type { Metrics } from "../core/metrics.ts";
import type { ThrottledLog } from "../core/throttled-log.ts";
import type { Session } from "./session.ts";

export type BacklogOptions = {
  /** What may wait for one session. */
  maxBytes: number;
  /** All that are open. */
  sessions: () => Iterable<Session>;
  metrics: Metrics;
  throttledLog: ThrottledLog;
};

/**
 * Cuts sessions that read too slowly, before the runtime does so unexplained.
 *
 * A session cannot fall behind by more than what was published: so once that much has been published again, every
 * session's buffer is looked at. The runtime's own limit (`nativeLimitBytes`) stands behind, so memory is bounded
 * whatever happens.
 */
export class Backlog {
  readonly #options: BacklogOptions;
  readonly #asHost = AsyncLocalStorage.snapshot();
  #published = 0;

  constructor(options: BacklogOptions) {
    this.#options = options;
  }

  /** The runtime's limit: above what `published` lets pass unseen. */
  static nativeLimitBytes(maxBytes: number, maxMessageBytes: number): number {
    return Math.min(4 * maxBytes + maxMessageBytes, 2 ** 32 - 1);
  }

  /** `message` was published to a group. */
  published(message: string | Uint8Array): void {
    // A frame adds a few bytes of its own, which is all that an empty message is.
    this.#published += message.length + 4;
    if (this.#published < this.#options.maxBytes) return;
    this.#published = 0;
    for (const session of this.#options.sessions()) this.check(session, message);
  }

  /** Cuts `session` if more waits for it than may, apart from the `message` that it was sent just now. */
  check(session: Session, message: string | Uint8Array): void {
    if (session.closingAs !== undefined) return;
    const { maxBytes } = this.#options;
    const waiting = session.socket?.getBufferedAmount() ?? 0;
    if (waiting > maxBytes && waiting - Buffer.byteLength(message) > maxBytes) {
      // The controller whose send this was may end before the session does.
      this.#asHost(() => this.#cut(session, waiting));
    }
  }

  #cut(session: Session, bytes: number): void {
    const { metrics, throttledLog } = this.#options;
    const { info, address } = session;
    metrics.slowSessionsClosed += 1;
    throttledLog.warning("slow", `Closed a session that reads too slowly: ${bytes} bytes were waiting for it`, {
      session: info.id,
      path: info.path,
      address,
      bytes,
    });
    session.cut(4008, "too slow");
  }
}
