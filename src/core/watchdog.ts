import { join } from "node:path";
import type { Config } from "./config.ts";

/** How often the event loop shows that it turns, in milliseconds. */
const BEAT_MS = 200;

/** What the worker is told when it starts, and each time a name is added. */
export type WatchdogMessage =
  | { type: "start"; state: Int32Array<SharedArrayBuffer>; log: Pick<Config, "logLevel" | "logFormat"> }
  | { type: "name"; name: string };

/** Where in the shared state what stands. */
export const BEAT = 0;
export const RUNNING = 1;

/**
 * Notices what cannot be contained: a handler that never gives the event loop back.
 *
 * A thread of its own watches a counter that the event loop moves, and logs which controller's event was running when
 * it stopped. What runs is one store before a handler and one after it.
 */
export class Watchdog {
  readonly #state = new Int32Array(new SharedArrayBuffer(8));
  readonly #numbers = new Map<string, number>();
  readonly #worker: Worker;
  readonly #timer: ReturnType<typeof setInterval>;

  constructor(log: Pick<Config, "logLevel" | "logFormat">) {
    const path = Bun.isStandaloneExecutable ? "src/core/watchdog-worker.js" : "watchdog-worker.ts";
    this.#worker = new Worker(join(import.meta.dir, path));
    this.#worker.unref();
    this.#post({ type: "start", state: this.#state, log });
    this.#timer = setInterval(() => Atomics.add(this.#state, BEAT, 1), BEAT_MS);
    this.#timer.unref();
  }

  /** The number that stands for what a log line calls `name`. */
  numberOf(name: string): number {
    let number = this.#numbers.get(name);
    if (number === undefined) {
      number = this.#numbers.size + 1;
      this.#numbers.set(name, number);
      this.#post({ type: "name", name });
    }
    return number;
  }

  /** The handler with this number begins; returns what ran before, to be given to `leave`. */
  enter(number: number): number {
    const before = this.#state[RUNNING] ?? 0;
    this.#state[RUNNING] = number;
    return before;
  }

  /** The handler has given the event loop back. */
  leave(before: number): void {
    this.#state[RUNNING] = before;
  }

  #post(message: WatchdogMessage): void {
    this.#worker.postMessage(message);
  }
}
