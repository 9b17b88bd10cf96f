/** What the server knows of itself by name, as plain data: what is counted, who is there. */
export class Facts {
  readonly #sources = new Map<string, (argument: unknown) => unknown>();
  readonly #ask: ((name: string, argument: unknown) => Promise<unknown[]>) | undefined;

  /** @param ask asks all workers of the process, this one too; absent if this is the only one */
  constructor(ask?: (name: string, argument: unknown) => Promise<unknown[]>) {
    this.#ask = ask;
  }

  /**
   * Answers questions for `name` from now on.
   *
   * @param read what it gives must be data that can be copied to another thread
   */
  provide(name: string, read: (argument: unknown) => unknown): void {
    this.#sources.set(name, read);
  }

  /** What this worker says. */
  async read(name: string, argument?: unknown): Promise<unknown> {
    return this.#sources.get(name)?.(argument);
  }

  /** What every worker says: one answer of each that answers in time. */
  async collect(name: string, argument?: unknown): Promise<unknown[]> {
    return this.#ask === undefined ? [await this.read(name, argument)] : this.#ask(name, argument);
  }
}
