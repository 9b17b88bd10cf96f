import type { Clock, ClockTimer } from "./clock.ts";

/** How often a sample is taken, in milliseconds, and how many are kept: those of fifteen minutes. */
const STEP_MS = 1000;
const KEPT = 900;

/** What is looked at for each sample. */
export type Reading = {
  sessions: number;
  /** All messages since the start. */
  messagesReceived: number;
  messagesSent: number;
  /** The longest that the event loop was late since the last reading. */
  lagMs: number;
  memoryBytes: number;
};

const columns = ["sessions", "received", "sent", "lagMs", "memoryBytes"] as const;

type Column = (typeof columns)[number];

/** Samples, the oldest first: the n-th of each column belongs to the n-th time. */
export type SeriesPart = {
  /** Seconds since 1970. */
  at: number[];
} & Record<Column, number[]>;

/**
 * How the server did in the last fifteen minutes: sessions, messages a second, delays of the event loop, memory.
 *
 * Takes as much memory from the start as it will ever take: fewer than fifty KiB.
 */
export class Series {
  readonly #read: () => Reading;
  readonly #clock: Clock;
  readonly #times = new Float64Array(KEPT);
  readonly #columns: Record<Column, Float64Array>;
  /** How many samples were taken in all. */
  #count = 0;
  #before: Reading | undefined;
  #timer: ClockTimer | undefined;

  constructor(read: () => Reading, clock: Clock) {
    this.#read = read;
    this.#clock = clock;
    const entries = columns.map((name) => [name, new Float64Array(KEPT)] as const);
    this.#columns = Object.fromEntries(entries) as Record<Column, Float64Array>;
  }

  start(): void {
    this.#take();
    this.#timer = this.#clock.setInterval(() => this.#take(), STEP_MS);
  }

  stop(): void {
    this.#clock.clear(this.#timer);
  }

  /** The samples after that of `time`, in seconds since 1970, as far back as they are kept. */
  readAfter(time: number): SeriesPart {
    // What is kept are times of a clock that does not jump: whoever sets the other one moves all of them.
    const offsetMs = this.#clock.date() - this.#clock.now();
    const part: SeriesPart = { at: [], sessions: [], received: [], sent: [], lagMs: [], memoryBytes: [] };
    for (let number = Math.max(0, this.#count - KEPT); number < this.#count; number += 1) {
      const place = number % KEPT;
      const at = Math.round(((this.#times[place] ?? 0) + offsetMs) / 100) / 10;
      if (at <= time) continue;
      part.at.push(at);
      for (const name of columns) part[name].push(this.#columns[name][place] ?? 0);
    }
    return part;
  }

  #take(): void {
    const now = this.#clock.now();
    const reading = this.#read();
    const { sessions, messagesReceived, messagesSent, lagMs, memoryBytes } = reading;
    const before = this.#before ?? reading;
    const seconds = (now - (this.#times[(this.#count + KEPT - 1) % KEPT] ?? now)) / 1000 || 1;
    const place = this.#count % KEPT;
    this.#times[place] = now;
    this.#columns.sessions[place] = sessions;
    this.#columns.received[place] = Math.round((messagesReceived - before.messagesReceived) / seconds);
    this.#columns.sent[place] = Math.round((messagesSent - before.messagesSent) / seconds);
    this.#columns.lagMs[place] = Math.round(lagMs * 10) / 10;
    this.#columns.memoryBytes[place] = memoryBytes;
    this.#before = reading;
    this.#count += 1;
  }
}
