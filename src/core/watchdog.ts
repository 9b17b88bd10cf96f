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
  /** By path, then by what the controller does. */
  readonly #numbers = new Map<string, Map<string, number>>();
  #count = 0;
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

  /** The number that stands for the controller of `path` in `activity`: an event or a method. */
  numberOf(path: string, activity: string): number {
    let numbers = this.#numbers.get(path);
    if (numbers === undefined) this.#numbers.set(path, (numbers = new Map()));
    let number = numbers.get(activity);
    if (number === undefined) {
      this.#count += 1;
      number = this.#count;
      numbers.set(activity, number);
      this.#post({ type: "name", name: `the controller of ${path} in ${activity}` });
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
