import { type ClockTimer, systemClock } from "./clock.ts";
import { PULSE_MS } from "./pulse.ts";

/** How often the event loop is asked to be on time, in milliseconds. */
const STEP_MS = PULSE_MS;

/** The longest delay is remembered for so long at least, and twice as long at most. */
const REMEMBERED_MS = 15_000;

/** Measures how late the event loop is: what whoever waits for it waits at most. */
export class LoopLag {
  readonly #onStep: () => void;
  #timer: ClockTimer | undefined;
  #lookedAt = 0;
  #changedAt = 0;
  #longestMs = 0;
  #longestBeforeMs = 0;
  #untakenMs = 0;

  /** @param onStep called at each look: every 250 ms */
  constructor(onStep: () => void) {
    this.#onStep = onStep;
  }

  start(): void {
    this.#lookedAt = this.#changedAt = performance.now();
    this.#timer = systemClock.setInterval(() => this.#look(), STEP_MS);
  }

  stop(): void {
    systemClock.clear(this.#timer);
  }

  /** The longest delay of the last fifteen to thirty seconds, this moment's included. */
  get longestSeconds(): number {
    const overdueMs = this.#timer === undefined ? 0 : performance.now() - this.#lookedAt - STEP_MS;
    return Math.max(this.#longestMs, this.#longestBeforeMs, overdueMs) / 1000;
  }

  /** The longest delay, in milliseconds, since this was asked last. */
  takeLongestMs(): number {
    const longestMs = this.#untakenMs;
    this.#untakenMs = 0;
    return longestMs;
  }

  #look(): void {
    const now = performance.now();
    const lateMs = Math.max(0, now - this.#lookedAt - STEP_MS);
    this.#lookedAt = now;
    if (now - this.#changedAt > REMEMBERED_MS) {
      this.#longestBeforeMs = this.#longestMs;
      this.#longestMs = 0;
      this.#changedAt = now;
    }
    this.#longestMs = Math.max(this.#longestMs, lateMs);
    this.#untakenMs = Math.max(this.#untakenMs, lateMs);
    this.#onStep();
  }
}
