import { AsyncLocalStorage } from "node:async_hooks";

/** What a timer is stopped by. */
export type ClockTimer = object;

/**
 * What tells the time, and calls back when it has come.
 *
 * Everything that waits for as long as a setting says asks the one clock that it was given, so that a test can move it.
 */
export type Clock = {
  /** Milliseconds that only grow, as `performance.now()` has them. */
  now(): number;
  /** Milliseconds since 1970, as `Date.now()` has them. */
  date(): number;
  setTimeout(call: () => void, ms: number): ClockTimer;
  setInterval(call: () => void, ms: number): ClockTimer;
  /** Stops a timer of either kind. */
  clear(timer: ClockTimer | undefined): void;
};

/** How often what looks after something now and then does so at most, in milliseconds. */
export const PULSE_MS = 250;

/** What a pulse calls again and again. */
type Beat = ClockTimer & { readonly call: () => void; readonly everyMs: number; dueAt: number };

/**
 * One timer for everything that is called four times a second or less: to wake costs an idle process more than what it then does.
 *
 * It does not keep the process alive, and belongs to the server, whoever asks for it first.
 */
class Pulse {
  readonly #asHost = AsyncLocalStorage.snapshot();
  readonly #beats = new Set<Beat>();
  #timer: ReturnType<typeof setInterval> | undefined;

  add(call: () => void, everyMs: number): Beat {
    const beat = { call, everyMs, dueAt: performance.now() + everyMs };
    this.#beats.add(beat);
    if (this.#timer === undefined) {
      this.#timer = this.#asHost(() => setInterval(() => this.#beat(), PULSE_MS));
      this.#timer.unref();
    }
    return beat;
  }

  delete(timer: ClockTimer | undefined): boolean {
    const wasThere = this.#beats.delete(timer as Beat);
    if (wasThere && this.#beats.size === 0) {
      clearInterval(this.#timer);
      this.#timer = undefined;
    }
    return wasThere;
  }

  #beat(): void {
    const now = performance.now();
    for (const beat of this.#beats) {
      // Half a pulse is what a beat may come too early by.
      if (now + PULSE_MS / 2 < beat.dueAt) continue;
      beat.dueAt = now + beat.everyMs;
      beat.call();
    }
  }
}

const pulse = new Pulse();

/** The machine's own clock. Intervals of whole quarters of a second share one timer, which does not keep the process alive. */
export const systemClock: Clock = {
  now: () => performance.now(),
  date: () => Date.now(),
  setTimeout: (call, ms) => setTimeout(call, ms),
  setInterval: (call, ms) => (ms > 0 && ms % PULSE_MS === 0 ? pulse.add(call, ms) : setInterval(call, ms)),
  clear: (timer) => {
    if (!pulse.delete(timer)) clearTimeout(timer as ReturnType<typeof setTimeout> | undefined);
  },
};
