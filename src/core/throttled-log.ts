import { log } from "./log.ts";
import type { LogProperties } from "./log-fields.ts";

/** After a line of one kind, the next is written this many milliseconds later at the earliest. */
const INTERVAL_MS = 10_000;

/** Warns of what a client can cause as often as it likes: one line of each kind in ten seconds, with how many it stands for. */
export class ThrottledLog {
  readonly #now: () => number;
  readonly #kinds = new Map<string, { writtenAt: number; left: number }>();

  /** @param now milliseconds of a clock that does not jump */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** @param kind one of a few words, never of a client's making */
  warning(kind: string, text: string, properties: LogProperties): void {
    let state = this.#kinds.get(kind);
    if (state === undefined) {
      state = { writtenAt: -Infinity, left: 0 };
      this.#kinds.set(kind, state);
    }
    const now = this.#now();
    if (now - state.writtenAt < INTERVAL_MS) {
      state.left += 1;
      return;
    }
    const { left } = state;
    state.writtenAt = now;
    state.left = 0;
    if (left === 0) log.warning(text, properties);
    else log.warning(`${text} (and ${left} more like it since the last such line)`, { ...properties, more: left });
  }
}
