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
  advance(ms: number): Promise<void> {
    const end = this.now() + ms;
    const { promise, resolve } = Promise.withResolvers<void>();
    let turnsLeft = SETTLING_TURNS;
    // A day is 345,600 moments: no promise for each.
    const turn = () => {
      const next = this.#findNext();
      if (next !== undefined && next.dueAt <= end) {
        this.#moveTo(next.dueAt);
        this.#runDue();
      } else {
        this.#moveTo(end);
        turnsLeft -= 1;
      }
      if (turnsLeft > 0) return setImmediate(turn);
      this.#setAlarm();
      return resolve();
    };
    turn();
    return promise;
  }

  #add(timer: Timer): Timer {
    this.#timers.add(timer);
    if (timer.dueAt < this.#alarmAt) this.#setAlarm();
    return timer;
  }

  #moveTo(time: number): void {
    this.#aheadMs += Math.max(0, time - this.now());
  }

  #findNext(): Timer | undefined {
    let next: Timer | undefined;
    for (const timer of this.#timers) if (next === undefined || timer.dueAt < next.dueAt) next = timer;
    return next;
  }

  #runDue(): void {
    const now = this.now();
    for (let timer = this.#findNext(); timer !== undefined && timer.dueAt <= now; timer = this.#findNext()) {
      if (timer.everyMs === undefined) this.#timers.delete(timer);
      else timer.dueAt = Math.max(timer.dueAt, now - timer.everyMs) + timer.everyMs;
      timer.call();
    }
  }

  /** The time also passes by itself: one timer of the machine's stands for the next of these. */
  #setAlarm(): void {
    clearTimeout(this.#alarm);
    this.#alarmAt = this.#findNext()?.dueAt ?? Infinity;
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
