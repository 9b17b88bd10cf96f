/** So many are remembered; the first that was added goes first. */
const MAX_ENDED = 10_000;

/** Sessions of other nodes that are known to have ended, because this one sent to them and was told. */
export class EndedSessions {
  readonly #ids = new Set<string>();

  has(id: string): boolean {
    return this.#ids.has(id);
  }

  add(id: string): void {
    this.#ids.add(id);
    if (this.#ids.size <= MAX_ENDED) return;
    for (const oldest of this.#ids) {
      this.#ids.delete(oldest);
      return;
    }
  }
}
