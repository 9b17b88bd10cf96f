import type { Session } from "./session.ts";

/** The open sessions of this node by id, and those whose last events still run. */
export class Registry {
  readonly #open = new Map<string, Session>();
  readonly #ending = new Set<Session>();

  add(session: Session): void {
    this.#open.set(session.info.id, session);
  }

  /** Ends a session that is open; it is remembered until its `close` event has run. */
  end(session: Session, code: number, reason: string, fault?: string): void {
    this.#open.delete(session.info.id);
    session.end(code, reason, fault);
    if (!session.isBusy) return;
    this.#ending.add(session);
    void session.settle().then(() => this.#ending.delete(session));
  }

  get(id: string): Session | undefined {
    return this.#open.get(id);
  }

  get size(): number {
    return this.#open.size;
  }

  values(): MapIterator<Session> {
    return this.#open.values();
  }

  /** How many sessions are closed while their last events still run. */
  get endingCount(): number {
    return this.#ending.size;
  }

  /** Resolves when the last events of every session that is closed have run to their end. */
  async settle(): Promise<void> {
    while (this.#ending.size > 0) await Promise.all(Array.from(this.#ending, (session) => session.settle()));
  }
}
