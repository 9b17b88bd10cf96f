import { join } from "node:path";
import { systemClock } from "./clock.ts";
import { PULSE_MS } from "./pulse.ts";
import type { Config } from "./config.ts";
import { BEAT, type LoopState, RUNNING } from "./loop-watch.ts";

/** What the thread that watches is told when the event loop starts, and each time a name is added. */
export type WatchdogMessage = { type: "start"; state: LoopState } | { type: "name"; name: string };

/** What a thread of its own is told before that. */
export type WatchdogThreadMessage = WatchdogMessage | ({ type: "log" } & Pick<Config, "logLevel" | "logFormat">);

/**
 * Notices what cannot be contained: a handler that never gives the event loop back.
 *
 * Another thread watches a counter that the event loop moves, and logs which controller's event was running when
 * it stopped. What runs is one store before a handler and one after it.
 */
export class Watchdog {
  readonly #state: LoopState = new Int32Array(new SharedArrayBuffer(8));
  /** By path, then by what the controller does. */
  readonly #numbers = new Map<string, Map<string, number>>();
  #count = 0;
  readonly #post: (message: WatchdogMessage) => void;

  /** @param post tells the thread that watches */
  constructor(post: (message: WatchdogMessage) => void) {
    this.#post = post;
    post({ type: "start", state: this.#state });
    systemClock.setInterval(() => Atomics.add(this.#state, BEAT, 1), PULSE_MS);
  }

  /** Has a thread of its own watch. */
  static start({ logLevel, logFormat }: Pick<Config, "logLevel" | "logFormat">): Watchdog {
    const path = Bun.isStandaloneExecutable ? "src/core/watchdog-worker.js" : "watchdog-worker.ts";
    const worker = new Worker(join(import.meta.dir, path));
    worker.unref();
    const post = (message: WatchdogThreadMessage) => worker.postMessage(message);
    post({ type: "log", logLevel, logFormat });
    return new Watchdog(post);
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
}
