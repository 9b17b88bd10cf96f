import { AsyncLocalStorage } from "node:async_hooks";
import type { Clock, ClockTimer } from "../core/clock.ts";
import type { Changes, Frame, MemberChange, WatchedMember } from "./frame.ts";

/** After some changes have gone out, those of this long go out together, in milliseconds. */
const WINDOW_MS = 50;

/** Groups in one frame, and members. */
const MAX_CHANGES = 500;

/** So many parts of a table go out at once, and the next after `PART_PAUSE_MS`: a bus may cut who reads too slowly. */
const MAX_PARTS = 16;
const PART_PAUSE_MS = 10;

export type AnnouncerOptions = {
  clock: Clock;
  /** How many sessions of this node are in a group. */
  sizeOf: (group: string) => number;
  /** Every group of this node with its size. */
  sizes: () => Iterable<[group: string, size: number]>;
  /** The sessions of this node of which the others are to know in which groups they are. */
  members: () => Iterable<WatchedMember>;
  broadcast: (frame: Frame) => void;
  sendTo: (node: string, frame: Frame) => void;
};

/**
 * Tells the other nodes how many sessions of this one are in each group, and of some of them in which: numbered changes, and the whole table to
 * who asks.
 */
export class Announcer {
  readonly #options: AnnouncerOptions;
  readonly #asHost = AsyncLocalStorage.snapshot();
  readonly #changed = new Set<string>();
  #memberChanges: MemberChange[] = [];
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
    this.#schedule();
  }

  /** A session that the others are to know has joined a group or left it. */
  noteMember(change: MemberChange): void {
    this.#memberChanges.push(change);
    this.#schedule();
  }

  /** What was told is not what would be told now: the others ask for the whole table. */
  refresh(): void {
    this.#number += 1;
  }

  #schedule(): void {
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
    const members = this.#memberChanges;
    this.#memberChanges = [];
    for (let start = 0; start < Math.max(changed.length, members.length); start += MAX_CHANGES) {
      this.#number += 1;
      const end = start + MAX_CHANGES;
      this.#options.broadcast({
        kind: "sizes",
        number: this.#number,
        sizes: changed.slice(start, end).map((group) => [group, this.#options.sizeOf(group)]),
        members: members.slice(start, end),
      });
    }
  }

  /** Sends a node the whole table. */
  sendState(node: string): void {
    this.flush();
    const members = Array.from(this.#options.members(), (member) => ({ ...member, isIn: true }));
    this.#sendParts(node, { number: this.#number, sizes: [...this.#options.sizes()], members }, 0);
  }

  stop(): void {
    this.#isStopped = true;
    this.#options.clock.clear(this.#timer);
  }

  #sendParts(node: string, table: { number: number } & Changes, first: number): void {
    const { number, sizes, members } = table;
    for (let part = first; part < first + MAX_PARTS; part += 1) {
      const [start, end] = [part * MAX_CHANGES, (part + 1) * MAX_CHANGES];
      const isLast = end >= sizes.length && end >= members.length;
      this.#options.sendTo(node, {
        kind: "state",
        number,
        part,
        isLast,
        sizes: sizes.slice(start, end),
        members: members.slice(start, end),
      });
      if (isLast) return;
    }
    this.#options.clock.setTimeout(() => {
      if (!this.#isStopped) this.#sendParts(node, table, first + MAX_PARTS);
    }, PART_PAUSE_MS);
  }
}
