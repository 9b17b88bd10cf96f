import type { Facts } from "./facts.ts";

/** Whether facts come: they do, not at the moment, or not before the token is given again. */
export type LiveState = "connecting" | "open" | "offline" | "signed-out";

export type LiveOptions = {
  onFacts: (facts: Facts) => void;
  onState: (state: LiveState) => void;
};

const ADDRESS = "/-/inspector/live";

const RETRY_MS = 1000;

/** The server's facts, as one stream that says what it wants to know; it rests while nobody looks at the page. */
export class Live {
  readonly #options: LiveOptions;
  #source: EventSource | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #wanted = new URLSearchParams();
  /** What this page has, in the server's words: it asks for what came after. */
  #cursor = "";

  constructor(options: LiveOptions) {
    this.#options = options;
    document.addEventListener("visibilitychange", () => (document.hidden ? this.#close() : this.#open()));
    addEventListener("pagehide", () => this.#close());
    addEventListener("pageshow", ({ persisted }) => persisted && this.#open());
  }

  /** Asks for `wanted` from now on. */
  ask(wanted: URLSearchParams): void {
    if (this.#source !== undefined && wanted.toString() === this.#wanted.toString()) return;
    this.#wanted = wanted;
    this.#open();
  }

  #open(): void {
    this.#close();
    if (document.hidden) return;
    const query = new URLSearchParams(this.#wanted);
    query.set("cursor", this.#cursor);
    const source = new EventSource(`${ADDRESS}?${query.toString()}`);
    this.#source = source;
    source.addEventListener("message", ({ data }: MessageEvent<string>) => this.#hear(JSON.parse(data) as Facts));
    source.addEventListener("error", () => {
      // It would ask again for what this page has by now.
      this.#close();
      void this.#wait();
    });
  }

  #hear(facts: Facts): void {
    this.#cursor = facts.cursor;
    this.#options.onState("open");
    this.#options.onFacts(facts);
  }

  async #wait(): Promise<void> {
    this.#options.onState((await isSignedOut()) ? "signed-out" : "offline");
    if (this.#source !== undefined) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#open(), RETRY_MS);
  }

  #close(): void {
    clearTimeout(this.#timer);
    this.#source?.close();
    this.#source = undefined;
  }
}

/** Whether the server is there and does not let this page in: it has started anew with another token. */
async function isSignedOut(): Promise<boolean> {
  try {
    const { status } = await fetch("/-/", { method: "HEAD" });
    return status === 401;
  } catch {
    return false;
  }
}
