import { AsyncLocalStorage } from "node:async_hooks";
import type { Clock, ClockTimer } from "../core/clock.ts";
import type { Frame } from "./frame.ts";

/** After some changes have gone out, those of this long go out together, in milliseconds. */
const WINDOW_MS = 50;

/** Groups in one frame. */
const MAX_SIZES = 500;

/** So many parts of a table go out at once, and the next after `PART_PAUSE_MS`: a bus may cut who reads too slowly. */
const MAX_PARTS = 16;
const PART_PAUSE_MS = 10;

export type AnnouncerOptions = {
  clock: Clock;
  /** How many sessions of this node are in a group. */
  sizeOf: (group: string) => number;
  /** Every group of this node with its size. */
  sizes: () => Iterable<[group: string, size: number]>;
  broadcast: (frame: Frame) => void;
  sendTo: (node: string, frame: Frame) => void;
};

/** Tells the other nodes how many sessions of this one are in each group: numbered changes, and the whole table to who asks. */
export class Announcer {
  readonly #options: AnnouncerOptions;
  readonly #asHost = AsyncLocalStorage.snapshot();
  readonly #changed = new Set<string>();
  #number = 0;
  #timer: ClockTimer | undefined;
  #flushedAt = -Infinity;
  #isStopped = false;

  constructor(options: AnnouncerOptions) {
    this.#options = options;
  }

  /** How many frames of changes there were. */
  get number(): number {
    return this.#number;
  }

  /** The size of a group has changed. */
  note(group: string): void {
    this.#changed.add(group);
    if (this.#timer !== undefined || this.#isStopped) return;
    // The timer is the server's: one of a controller's generation would end with it.
    this.#asHost(() => {
      const { clock } = this.#options;
      const waitMs = Math.max(0, this.#flushedAt + WINDOW_MS - clock.now());
      this.#timer = clock.setTimeout(() => this.flush(), waitMs);
    });
  }

  /** Tells what has changed. */
  flush(): void {
    this.#options.clock.clear(this.#timer);
    this.#timer = undefined;
    this.#flushedAt = this.#options.clock.now();
    const changed = [...this.#changed];
    this.#changed.clear();
    for (let start = 0; start < changed.length; start += MAX_SIZES) {
      this.#number += 1;
      const sizes = changed.slice(start, start + MAX_SIZES).map((group): [string, number] => {
        return [group, this.#options.sizeOf(group)];
      });
      this.#options.broadcast({ kind: "sizes", number: this.#number, sizes });
    }
  }

  /** Sends a node the whole table. */
  sendState(node: string): void {
    this.flush();
    this.#sendParts(node, this.#number, [...this.#options.sizes()], 0);
  }

  stop(): void {
    this.#isStopped = true;
    this.#options.clock.clear(this.#timer);
  }

  #sendParts(node: string, number: number, sizes: [group: string, size: number][], first: number): void {
    for (let part = first; part < first + MAX_PARTS; part += 1) {
      const end = (part + 1) * MAX_SIZES;
      const isLast = end >= sizes.length;
      this.#options.sendTo(node, {
        kind: "state",
        number,
        part,
        isLast,
        sizes: sizes.slice(part * MAX_SIZES, end),
      });
      if (isLast) return;
    }
    this.#options.clock.setTimeout(() => {
      if (!this.#isStopped) this.#sendParts(node, number, sizes, first + MAX_PARTS);
    }, PART_PAUSE_MS);
  }
}
