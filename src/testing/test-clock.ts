import { AsyncLocalStorage } from "node:async_hooks";
import type { Clock, ClockTimer } from "../core/clock.ts";

/** So many turns of the event loop follow the last moment: what it wrote to sockets of this process has come in by then. */
const SETTLING_TURNS = 3;

type Timer = ClockTimer & { call: () => void; dueAt: number; everyMs: number | undefined };

/** A clock that runs like any other, and that a test can move forward. */
export class TestClock implements Clock {
  readonly #asHost = AsyncLocalStorage.snapshot();
  readonly #timers = new Set<Timer>();
  /** How far it is ahead of the machine's own. */
  #aheadMs = 0;
  #alarm: ReturnType<typeof setTimeout> | undefined;
  #alarmAt = Infinity;

  now(): number {
    return performance.now() + this.#aheadMs;
  }

  date(): number {
    return Date.now() + this.#aheadMs;
  }

  setTimeout(call: () => void, ms: number): ClockTimer {
    return this.#add({ call, dueAt: this.now() + ms, everyMs: undefined });
  }

  setInterval(call: () => void, ms: number): ClockTimer {
    return this.#add({ call, dueAt: this.now() + ms, everyMs: Math.max(1, ms) });
  }

  clear(timer: ClockTimer | undefined): void {
    this.#timers.delete(timer as Timer);
  }

  /**
   * Moves the time forward by `ms`, from one moment at which something is due to the next.
   *
   * After each of them the event loop turns once, so that what it led to happens before the next: a pong follows its ping.
   */
  async advance(ms: number): Promise<void> {
    const end = this.now() + ms;
    for (let dueAt = this.#findNext(); dueAt <= end; dueAt = this.#findNext()) {
      this.#moveTo(dueAt);
      this.#runDue();
      await turn();
    }
    this.#moveTo(end);
    this.#setAlarm();
    for (let turns = 0; turns < SETTLING_TURNS; turns += 1) await turn();
  }

  #add(timer: Timer): Timer {
    this.#timers.add(timer);
    if (timer.dueAt < this.#alarmAt) this.#setAlarm();
    return timer;
  }

  #moveTo(time: number): void {
    this.#aheadMs += Math.max(0, time - this.now());
  }

  #findNext(): number {
    let next = Infinity;
    for (const { dueAt } of this.#timers) next = Math.min(next, dueAt);
    return next;
  }

  #runDue(): void {
    const now = this.now();
    const due = [...this.#timers].filter(({ dueAt }) => dueAt <= now).sort((a, b) => a.dueAt - b.dueAt);
    for (const timer of due) {
      // One before it may have stopped it.
      if (!this.#timers.has(timer)) continue;
      if (timer.everyMs === undefined) this.#timers.delete(timer);
      else timer.dueAt = Math.max(timer.dueAt + timer.everyMs, now);
      timer.call();
    }
  }

  /** The time also passes by itself: one timer of the machine's stands for the next of these. */
  #setAlarm(): void {
    clearTimeout(this.#alarm);
    this.#alarmAt = this.#findNext();
    if (this.#alarmAt === Infinity) return;
    // The first may have been set by a controller's code, and would end with it.
    this.#asHost(() => {
      this.#alarm = setTimeout(() => this.#ring(), Math.max(0, this.#alarmAt - this.now())).unref();
    });
  }

  #ring(): void {
    this.#alarmAt = Infinity;
    this.#runDue();
    this.#setAlarm();
  }
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
