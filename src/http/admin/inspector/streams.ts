/** How often a page is told what is new, in milliseconds: more seldom if telling it takes more than a twentieth of that. */
const STEP_MS = 1000;
const MAX_SHARE = 20;

/** So many pages may be open at once. */
export const MAX_STREAMS = 20;

/** The streams of events (Server-Sent Events) of the pages that are open. */
export class Streams {
  readonly #open = new Set<Stream>();

  /** Whether one more page may be open. */
  get hasRoom(): boolean {
    return this.#open.size < MAX_STREAMS;
  }

  /**
   * A stream that tells at once, and then every second, what `read` gives.
   *
   * A page that does not take it is told nothing meanwhile: nothing piles up.
   *
   * @param read the text of the next event
   */
  open(read: () => Promise<string>): ReadableStream<string> {
    const stream = new Stream(read, () => this.#open.delete(stream));
    this.#open.add(stream);
    return stream.readable;
  }

  /** Ends all of them. */
  stop(): void {
    for (const stream of this.#open) stream.end();
  }
}

class Stream {
  readonly readable: ReadableStream<string>;
  readonly #read: () => Promise<string>;
  readonly #onEnd: () => void;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #dueAt = 0;
  #wake = (): void => {};
  #hasEnded = false;

  constructor(read: () => Promise<string>, onEnd: () => void) {
    this.#read = read;
    this.#onEnd = onEnd;
    this.readable = new ReadableStream<string>({
      pull: (controller) => this.#pull(controller),
      cancel: () => this.end(),
    });
  }

  end(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    clearTimeout(this.#timer);
    this.#wake();
    this.#onEnd();
  }

  async #pull(controller: ReadableStreamDefaultController<string>): Promise<void> {
    await this.#waitUntilDue();
    if (!this.#hasEnded) {
      const startedAt = performance.now();
      const text = await this.#read();
      this.#dueAt = startedAt + Math.max(STEP_MS, MAX_SHARE * (performance.now() - startedAt));
      if (!this.#hasEnded) return controller.enqueue(`data: ${text}\n\n`);
    }
    try {
      controller.close();
    } catch {
      // The page has gone.
    }
  }

  #waitUntilDue(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    this.#timer = setTimeout(resolve, Math.max(0, this.#dueAt - performance.now()));
    return this.#hasEnded ? Promise.resolve() : promise;
  }
}
