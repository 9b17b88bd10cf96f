/**
 * What the server knows of itself by name, as plain data: what is counted, who is there.
 *
 * A server of several workers has one of these in each: what each says is for whoever asks to put together.
 */
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

  /** There are other workers. */
  get isShared(): boolean {
    return this.#ask !== undefined;
  }

  /** What every worker says, this one too, and their supervisor: one answer of each that answers in time and knows anything. */
  async collect<T>(name: string, argument?: unknown): Promise<T[]> {
    const answers = this.#ask === undefined ? [await this.read(name, argument)] : await this.#ask(name, argument);
    return answers.filter((answer) => answer !== undefined) as T[];
  }
}
