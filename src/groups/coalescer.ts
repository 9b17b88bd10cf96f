import { AsyncLocalStorage } from "node:async_hooks";
import { type Clock, type ClockTimer, systemClock } from "../core/clock.ts";
import type { Group, Member, Queue } from "./group.ts";
import type { EncodedMessage } from "./message.ts";

/** So many messages go out without waiting longer: the runtime writes no more of them at once. */
const MAX_WAITING_MESSAGES = 32;

/** So much goes out without waiting longer, in characters or bytes. */
const MAX_WAITING_SIZE = 64 * 1024;

/** What is due so soon goes out with what is due now: it is not worth a timer of its own. */
const TIMER_SLACK_MS = 0.25;

/** Hands one message to the members of a group. */
export type Publish = (group: Group, message: EncodedMessage, except: Member | undefined) => void;

/**
 * Lets the messages to a busy group go out together, so that the runtime writes them to each member with one system
 * call. A group that was not written within the window is written at once.
 *
 * Groups whose members are in other groups too share one queue, so that every member gets everything in the order in
 * which it was sent. A change of membership must be announced before (`flushGroup`, `flushFor`): who joins gets nothing
 * that was sent before, who leaves gets all of it.
 */
export class Coalescer {
  readonly #publish: Publish;
  readonly #asHost = AsyncLocalStorage.snapshot();
  readonly #common = createQueue();
  /** The queues in which something waits. */
  readonly #busy = new Set<Queue>();
  readonly #clock: Clock;
  #timer: ClockTimer | undefined;
  #timerAt = Infinity;
  /** So much came in this turn of the event loop that what comes yet would only make another small write of it. */
  #isFlooded = false;

  constructor(publish: Publish, clock = systemClock) {
    this.#clock = clock;
    this.#publish = publish;
  }

  /** Publishes `message` now if `group` is quiet, and with others when the window ends if it is not. */
  send(group: Group, message: EncodedMessage, windowMs: number, except: Member | undefined): void {
    const now = this.#clock.now();
    const dueAt = group.writtenAt + windowMs;
    if (now < dueAt && !this.#isFlooded) {
      this.#wait(group, message, dueAt, except);
      return;
    }
    group.writtenAt = now;
    this.flushGroup(group);
    this.#publish(group, message, except);
  }

  /** Publishes what waits for the members of `group`. */
  flushGroup(group: Group): void {
    if (this.#busy.size === 0) return;
    const queue = group.shared > 0 ? this.#common : group.queue;
    if (queue !== undefined) this.#flush(queue);
  }

  /** Publishes what waits for `member`. */
  flushFor({ memberships }: Member): void {
    if (memberships === undefined || this.#busy.size === 0) return;
    const [group] = memberships;
    if (group !== undefined) this.flushGroup(group);
  }

  /** Publishes all that waits. */
  flush(): void {
    for (const queue of this.#busy) this.#flush(queue);
  }

  #wait(group: Group, message: EncodedMessage, dueAt: number, except: Member | undefined): void {
    const queue = group.shared > 0 ? this.#common : (group.queue ??= createQueue());
    queue.waiting.push({ group, message, except });
    queue.size += message.length;
    if (queue.waiting.length >= MAX_WAITING_MESSAGES || queue.size >= MAX_WAITING_SIZE) {
      this.#flush(queue);
      this.#noteFlood();
      return;
    }
    this.#busy.add(queue);
    queue.dueAt = Math.min(queue.dueAt, dueAt);
    // The timer is the server's: one of a controller's generation would end with it.
    if (dueAt < this.#timerAt) this.#asHost(() => this.#setTimer(dueAt));
  }

  #flush(queue: Queue): void {
    if (queue.waiting.length === 0) return;
    const { waiting } = queue;
    queue.waiting = [];
    queue.size = 0;
    queue.dueAt = Infinity;
    this.#busy.delete(queue);
    const now = this.#clock.now();
    for (const { group, message, except } of waiting) {
      if (group.size === 0) continue;
      group.writtenAt = now;
      this.#publish(group, message, except);
    }
  }

  #noteFlood(): void {
    if (this.#isFlooded) return;
    this.#isFlooded = true;
    this.#asHost(() =>
      setImmediate(() => {
        this.#isFlooded = false;
      }),
    );
  }

  #setTimer(dueAt: number): void {
    this.#clock.clear(this.#timer);
    this.#timerAt = dueAt;
    this.#timer = this.#clock.setTimeout(() => this.#flushDue(), Math.max(0, dueAt - this.#clock.now()));
  }

  #flushDue(): void {
    this.#timerAt = Infinity;
    const due = this.#clock.now() + TIMER_SLACK_MS;
    let next = Infinity;
    for (const queue of this.#busy) {
      if (queue.dueAt <= due) this.#flush(queue);
      else next = Math.min(next, queue.dueAt);
    }
    if (next < Infinity) this.#setTimer(next);
  }
}

function createQueue(): Queue {
  return { waiting: [], size: 0, dueAt: Infinity };
}
