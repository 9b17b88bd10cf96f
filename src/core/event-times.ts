import { Histogram } from "./histogram.ts";

/** The bounds of the histograms, in seconds. */
export const eventBounds = [0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5] as const;

/** So many events of a kind are each timed between two calls of `EventTimes.step`; of those above that, one in so many. */
const EACH_IN_STEP = 200;
const SAMPLED_OF = 128;

/**
 * How long the events of one controller and type take.
 *
 * Two looks at the clock cost a quarter of what a small event does. So each is timed as long as they are few, and above
 * that one in 128, which then counts for all of these.
 */
export class EventTimer {
  readonly histogram = new Histogram(eventBounds);
  /** Each event is timed until it is 0. */
  #left = EACH_IN_STEP;
  /** The next event that is timed counts for so many, and comes when so many have begun. */
  #weight = 1;
  #wait = 1;

  /** An event begins: for how many it counts if it is timed; 0 if it is not. */
  take(): number {
    this.#wait -= 1;
    if (this.#wait > 0) return 0;
    const weight = this.#weight;
    this.#left -= 1;
    this.#wait = this.#weight = this.#left > 0 ? 1 : SAMPLED_OF;
    return weight;
  }

  /**
   * An event that is timed has ended.
   *
   * @param startedAt by `performance.now()`
   * @param weight what `take` gave
   */
  end(startedAt: number, weight: number): void {
    this.histogram.add((performance.now() - startedAt) / 1000, weight);
  }

  /** From here on as many as at first are each timed again. */
  refill(): void {
    this.#left = EACH_IN_STEP;
  }
}

export type EventType = "open" | "message" | "close" | "error";

/** The timers of one controller. */
export type EventTimers = Readonly<Record<EventType, EventTimer>>;

/** How long events take, by the path of the controller and by type. */
export class EventTimes {
  readonly #byPath = new Map<string, EventTimers>();

  of(path: string): EventTimers {
    let timers = this.#byPath.get(path);
    if (timers === undefined) {
      timers = { open: new EventTimer(), message: new EventTimer(), close: new EventTimer(), error: new EventTimer() };
      this.#byPath.set(path, timers);
    }
    return timers;
  }

  entries(): MapIterator<[path: string, timers: EventTimers]> {
    return this.#byPath.entries();
  }

  /** A quarter of a second has gone by. */
  step(): void {
    for (const timers of this.#byPath.values()) {
      for (const timer of Object.values(timers)) timer.refill();
    }
  }
}
