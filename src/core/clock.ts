import { Pulse, PULSE_MS } from "./pulse.ts";

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
