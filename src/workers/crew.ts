import { createWay } from "../bus/workers.ts";
import { log } from "../core/log.ts";
import { LoopWatch, type WatchedLoop } from "../core/loop-watch.ts";
import { formatCount } from "../core/units.ts";
import { waitAtMost } from "../core/wait-at-most.ts";
import type { WatchdogMessage } from "../core/watchdog.ts";
import { describeError } from "../core/errors.ts";
import type { SupervisorCalls, WorkerStart } from "./calls.ts";
import { LinkEnded } from "./link.ts";
import { type WorkerEnd, WorkerThread } from "./worker-thread.ts";

/** The second worker in a row that ends soon in a place is replaced after this long, each later one after twice as long. */
const FIRST_DELAY_MS = 100;
const LONGEST_DELAY_MS = 10_000;

/** A worker that lived this long had nothing wrong from the start. */
const STEADY_MS = 60_000;

/** How long a question to all waits for a worker that does not answer, in milliseconds. */
const COLLECT_MS = 1000;

/** How long a stop waits for threads to end, in milliseconds. */
const END_MS = 1000;

export type CrewOptions = {
  size: number;
  /** A worker whose event loop stands still this long is ended. */
  heldLimitMs: number;
  /** Frames go from worker to worker, and not over a bus that others have too. */
  hasOwnBus: boolean;
  /** With what a worker is started. */
  prepare: (number: number) => WorkerStart;
  /** Has a new worker in the place of one that has ended serve as the others do; throws if it cannot. */
  join: (member: Member) => Promise<void>;
  countAddress: (number: number, address: string, change: number) => void;
  /** A worker has ended; returns how many sessions it had. */
  forget: (number: number) => number;
  writeLog: (line: string) => void;
  /** Loads the controllers again in every worker. */
  reload: () => Promise<{ generation: number; lastFault: string }>;
  /** What this thread says to a question by name; undefined for nothing. */
  read: (name: string, argument: unknown) => unknown;
};

/** One worker, in its place. */
export type Member = { readonly number: number; readonly thread: WorkerThread };

/** The workers of a process: each has a place, in which another takes over when it ends. */
export class Crew {
  readonly #options: CrewOptions;
  /** Those that are loaded and swapped together, by number. */
  readonly #members = new Map<number, Member>();
  readonly #threads = new Set<WorkerThread>();
  readonly #failures = new Map<number, number>();
  /** Why the last worker in each place has ended: what is the same again is not logged again. */
  readonly #lastReasons = new Map<number, string>();
  readonly #timers = new Set<ReturnType<typeof setTimeout>>();
  readonly #watch = new LoopWatch();
  readonly #loops = new Map<WorkerThread, WatchedLoop>();
  #replaces = false;
  /** Why the first of those that are not replaced has ended. */
  firstEnd: WorkerEnd | undefined;

  constructor(options: CrewOptions) {
    this.#options = options;
  }

  /** Starts a worker in each place; none is replaced before `keepUp`. */
  start(): void {
    this.#watch.start();
    for (let number = 1; number <= this.#options.size; number += 1) this.add(this.#open(number));
  }

  /** From here on a worker that ends is replaced. */
  keepUp(): void {
    this.#replaces = true;
    for (let number = 1; number <= this.#options.size; number += 1)
      if (!this.#members.has(number)) this.#replaceLater(number);
  }

  /** Has a worker take part in what all do. */
  add(member: Member): void {
    this.#members.set(member.number, member);
  }

  remove(member: Member): void {
    if (this.#members.get(member.number) === member) this.#members.delete(member.number);
  }

  /** Those that take part in what all do. */
  get members(): Member[] {
    return [...this.#members.values()];
  }

  /** What each member says, in time, to a question by name, and what this thread does. */
  async collect(name: string, argument: unknown): Promise<unknown[]> {
    const own = this.#options.read(name, argument);
    const answers: unknown[] = own === undefined ? [] : [own];
    const asked = this.members.map(async ({ thread }) => {
      answers.push(await thread.link.ask("read", { name, argument }));
    });
    await waitAtMost(Promise.allSettled(asked), COLLECT_MS);
    return answers.slice();
  }

  /** Has every member close its sessions and stop, and ends the threads. */
  async stop(): Promise<void> {
    this.#replaces = false;
    for (const timer of this.#timers) clearTimeout(timer);
    const stopping = this.members;
    for (const thread of this.#threads)
      if (!stopping.some((member) => member.thread === thread)) void thread.end("the server stops");
    await Promise.allSettled(stopping.map(({ thread }) => thread.link.ask("stop", undefined)));
    this.#watch.stop();
    await waitAtMost(Promise.all([...this.#threads].map((thread) => thread.end("the server has stopped"))), END_MS);
  }

  #open(number: number): Member {
    const { prepare, hasOwnBus, writeLog, countAddress, reload } = this.#options;
    const startedAt = performance.now();
    const calls: SupervisorCalls = {
      writeLog,
      watch: (message) => this.#watchLoop(member, message),
      countAddress: ({ address, change }) => countAddress(number, address, change),
      collect: ({ name, argument }) => this.collect(name, argument),
      reload,
    };
    const thread = new WorkerThread({ calls, onEnd: (end) => this.#end(member, end, performance.now() - startedAt) });
    const member = { number, thread };
    thread.link.tell("start", prepare(number));
    for (const other of hasOwnBus ? this.#threads : []) {
      const [here, there] = createWay();
      thread.link.tell("addWay", here, [here.port]);
      other.link.tell("addWay", there, [there.port]);
    }
    this.#threads.add(thread);
    return member;
  }

  #watchLoop({ number, thread }: Member, message: WatchdogMessage): void {
    if (message.type === "name") {
      this.#loops.get(thread)?.nameNext(message.name);
      return;
    }
    const { heldLimitMs } = this.#options;
    const loop = this.#watch.add(message.state, `The event loop of worker ${number}`, (heldMs) => {
      if (heldMs >= heldLimitMs)
        void thread.end(`its event loop has been held for ${Math.round(heldMs / 1000)} s, and others wait for it`);
    });
    this.#loops.set(thread, loop);
  }

  #end(member: Member, { reason, detail }: WorkerEnd, livedMs: number): void {
    const { number, thread } = member;
    this.remove(member);
    this.#threads.delete(thread);
    const loop = this.#loops.get(thread);
    if (loop !== undefined) this.#watch.remove(loop);
    this.#loops.delete(thread);
    const sessions = this.#options.forget(number);
    if (!this.#replaces) {
      this.firstEnd ??= { reason, detail };
      return;
    }
    if (livedMs >= STEADY_MS) this.#failures.delete(number);
    if (this.#lastReasons.get(number) !== reason || sessions > 0) {
      const text = `Worker ${number} ended with ${formatCount(sessions, "session")}: ${reason}; another takes its place`;
      log.error(text, { worker: number, sessions, detail });
    }
    this.#lastReasons.set(number, reason);
    this.#replaceLater(number);
  }

  #replaceLater(number: number): void {
    const failures = this.#failures.get(number) ?? 0;
    this.#failures.set(number, failures + 1);
    const delayMs = failures === 0 ? 0 : Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** (failures - 1));
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      void this.#replace(number);
    }, delayMs);
    this.#timers.add(timer);
  }

  async #replace(number: number): Promise<void> {
    const member = this.#open(number);
    try {
      await this.#options.join(member);
      this.#lastReasons.delete(number);
      log.info(`Worker ${number} has been replaced`, { worker: number });
    } catch (error) {
      // If it has ended, that has been logged, and another follows.
      if (!(error instanceof LinkEnded)) void member.thread.end(`it cannot serve: ${describeError(error)}`);
    }
  }
}
