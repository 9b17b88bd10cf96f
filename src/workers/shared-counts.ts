import type { SharedCounts } from "../sessions/admissions.ts";

/** What workers count in memory that they share: the upgrades that are left, then the sessions of each worker. */
export type CountsMemory = Int32Array<SharedArrayBuffer>;

const UPGRADES_LEFT = 0;
const FIRST_WORKER = 1;

/** How often upgrades are given, in milliseconds. */
const REFILL_MS = 50;

/** A worker's part of what all of them count: each number is changed in one step, for a worker may end at any moment. */
export class WorkerCounts implements SharedCounts {
  readonly #memory: CountsMemory;
  readonly #place: number;
  readonly #tellAddress: (address: string, change: number) => void;
  readonly #full = new Set<string>();

  /**
   * @param worker its number, from 1
   * @param tellAddress tells who counts by address
   */
  constructor(memory: CountsMemory, worker: number, tellAddress: (address: string, change: number) => void) {
    this.#memory = memory;
    this.#place = FIRST_WORKER + worker - 1;
    this.#tellAddress = tellAddress;
  }

  get open(): number {
    return sumOpen(this.#memory);
  }

  count(address: string, change: 1 | -1): void {
    Atomics.add(this.#memory, this.#place, change);
    if (address !== "") this.#tellAddress(address, change);
  }

  isFull(address: string): boolean {
    return this.#full.has(address);
  }

  /** Notes that `address` has as many sessions as it may, or no longer. */
  setFull(address: string, isFull: boolean): void {
    if (isFull) this.#full.add(address);
    else this.#full.delete(address);
  }

  takeUpgrade(): boolean {
    if (Atomics.sub(this.#memory, UPGRADES_LEFT, 1) > 0) return true;
    Atomics.add(this.#memory, UPGRADES_LEFT, 1);
    return false;
  }
}

export type CrewCountsOptions = {
  workers: number;
  /** 0 for no limit, as for the other. */
  maxSessionsPerAddress: number;
  maxUpgradesPerSecond: number;
  /** Told when an address has as many sessions as it may, and when it has fewer again. */
  onFull: (address: string, isFull: boolean) => void;
};

/** What the workers count together, where it is kept: the supervisor's part. */
export class CrewCounts {
  readonly memory: CountsMemory;
  readonly #options: CrewCountsOptions;
  /** Sessions of each address, by worker. */
  readonly #addresses = new Map<string, Map<number, number>>();
  readonly #full = new Set<string>();
  #timer: ReturnType<typeof setInterval> | undefined;
  #refilledAt = 0;

  constructor(options: CrewCountsOptions) {
    this.#options = options;
    this.memory = new Int32Array(new SharedArrayBuffer(4 * (FIRST_WORKER + options.workers)));
    this.memory[UPGRADES_LEFT] = options.maxUpgradesPerSecond;
  }

  /** Begins to give the upgrades of each second. */
  start(): void {
    this.#refilledAt = performance.now();
    if (this.#options.maxUpgradesPerSecond > 0) this.#timer = setInterval(() => this.#refill(), REFILL_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  get open(): number {
    return sumOpen(this.memory);
  }

  /** Addresses that have as many sessions as they may: what a new worker must know. */
  get full(): ReadonlySet<string> {
    return this.#full;
  }

  countAddress(worker: number, address: string, change: number): void {
    if (this.#options.maxSessionsPerAddress === 0) return;
    let counts = this.#addresses.get(address);
    if (counts === undefined) this.#addresses.set(address, (counts = new Map()));
    const count = (counts.get(worker) ?? 0) + change;
    if (count > 0) counts.set(worker, count);
    else counts.delete(worker);
    this.#compare(address, counts);
  }

  /** A worker has ended, and its sessions with it; returns how many those were. */
  forget(worker: number): number {
    for (const [address, counts] of this.#addresses) {
      if (counts.delete(worker)) this.#compare(address, counts);
    }
    return Atomics.exchange(this.memory, FIRST_WORKER + worker - 1, 0);
  }

  #compare(address: string, counts: ReadonlyMap<number, number>): void {
    let sum = 0;
    for (const count of counts.values()) sum += count;
    if (sum === 0) this.#addresses.delete(address);
    const isFull = sum >= this.#options.maxSessionsPerAddress;
    if (isFull === this.#full.has(address)) return;
    if (isFull) this.#full.add(address);
    else this.#full.delete(address);
    this.#options.onFull(address, isFull);
  }

  /** Gives what the time since the last refill brought, up to what one second brings. */
  #refill(): void {
    const { maxUpgradesPerSecond: rate } = this.#options;
    const now = performance.now();
    const due = Math.floor(((now - this.#refilledAt) / 1000) * rate);
    if (due === 0) return;
    this.#refilledAt += (due / rate) * 1000;
    const room = rate - Atomics.load(this.memory, UPGRADES_LEFT);
    if (room > 0) Atomics.add(this.memory, UPGRADES_LEFT, Math.min(due, room));
  }
}

function sumOpen(memory: CountsMemory): number {
  let sum = 0;
  for (let place = FIRST_WORKER; place < memory.length; place += 1) sum += Atomics.load(memory, place);
  return sum;
}
