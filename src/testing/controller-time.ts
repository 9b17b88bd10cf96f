import { AsyncLocalStorage } from "node:async_hooks";
import type { Clock, ClockTimer } from "../core/clock.ts";

/**
 * The time as controllers see it, as free identifiers of their modules: what they wait for moves with `clock`.
 *
 * A timer belongs to the generation that set it, as the runtime's own do: it ends with it, and what it throws is logged.
 */
export function createControllerTime(clock: Clock): Record<string, unknown> {
  const timers = new Map<number, ControllerTimer>();
  const create =
    (isRepeated: boolean) =>
    (call: (...values: unknown[]) => void, ms?: number, ...values: unknown[]) => {
      const timer = new ControllerTimer({ clock, call: () => call(...values), ms: toDelay(ms), isRepeated, timers });
      return timer;
    };
  const clear = (timer: unknown) => timers.get(Number(timer))?.close();
  return {
    setTimeout: create(false),
    setInterval: create(true),
    clearTimeout: clear,
    clearInterval: clear,
    Date: createDate(clock),
    performance: new Proxy(performance, {
      get(target, name) {
        if (name === "now") return () => clock.now();
        const value: unknown = Reflect.get(target, name, target);
        return typeof value === "function" ? (value.bind(target) as unknown) : value;
      },
    }),
  };
}

/** The delays that the runtime itself takes: anything else is one millisecond. */
function toDelay(ms: unknown): number {
  const number = Number(ms);
  return number >= 1 && number <= 2 ** 31 - 1 ? number : 1;
}

function createDate(clock: Clock): DateConstructor {
  return new Proxy(Date, {
    apply: () => new Date(clock.date()).toString(),
    construct: (target, values, self) =>
      Reflect.construct(target, values.length === 0 ? [clock.date()] : values, self as () => void) as object,
    get: (target, name, self) => (name === "now" ? () => clock.date() : (Reflect.get(target, name, self) as unknown)),
  });
}

type TimerOptions = {
  clock: Clock;
  call: () => void;
  ms: number;
  isRepeated: boolean;
  /** Those that have not ended, by number. */
  timers: Map<number, ControllerTimer>;
};

/** What `setTimeout` and `setInterval` return. */
class ControllerTimer {
  static #count = 0;
  readonly #id = (ControllerTimer.#count += 1);
  readonly #options: TimerOptions;
  readonly #graph = Bun.ModuleGraph.current;
  readonly #inContext = AsyncLocalStorage.snapshot();
  #timer: ClockTimer | undefined;
  #hasRef = true;

  constructor(options: TimerOptions) {
    this.#options = options;
    this.refresh();
  }

  /** Begins to wait anew. */
  refresh(): this {
    const { clock, ms, isRepeated, timers } = this.#options;
    clock.clear(this.#timer);
    timers.set(this.#id, this);
    this.#timer = isRepeated ? clock.setInterval(() => this.#run(), ms) : clock.setTimeout(() => this.#run(), ms);
    return this;
  }

  close(): this {
    this.#options.clock.clear(this.#timer);
    this.#options.timers.delete(this.#id);
    return this;
  }

  ref(): this {
    this.#hasRef = true;
    return this;
  }

  unref(): this {
    this.#hasRef = false;
    return this;
  }

  hasRef(): boolean {
    return this.#hasRef;
  }

  [Symbol.toPrimitive](): number {
    return this.#id;
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #run(): void {
    const { call, isRepeated } = this.#options;
    if (!isRepeated) this.close();
    // Out of a microtask of its generation's a throw is that generation's, like one out of the runtime's own timer.
    const start = () => queueMicrotask(() => this.#inContext(call));
    try {
      if (this.#graph === undefined) start();
      else this.#graph.run(start);
    } catch {
      // The generation has ended.
      this.close();
    }
  }
}
