import { log } from "./log.ts";

/** How often event loops are looked at, in milliseconds. */
const LOOK_MS = 200;

/** An event loop that stands still this long is logged, and again each time that doubles. */
const HELD_MS = 1000;

/** Where in the state that an event loop shares what stands: see `Watchdog`. */
export const BEAT = 0;
export const RUNNING = 1;

/** What an event loop shares with who watches it. */
export type LoopState = Int32Array<SharedArrayBuffer>;

/** Looks at event loops of other threads now and then, and logs which stands still, and since when. */
export class LoopWatch {
  readonly #loops = new Set<WatchedLoop>();
  #timer: ReturnType<typeof setInterval> | undefined;
  #lookedAt = 0;

  start(): void {
    this.#lookedAt = performance.now();
    this.#timer = setInterval(() => this.#look(), LOOK_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /**
   * Watches one more.
   *
   * @param name what the log calls it: `The event loop`
   * @param onHeld told at each look how long it has stood still, in milliseconds
   */
  add(state: LoopState, name: string, onHeld: (heldMs: number) => void = () => {}): WatchedLoop {
    const loop = new WatchedLoop(state, name, onHeld);
    this.#loops.add(loop);
    return loop;
  }

  remove(loop: WatchedLoop): void {
    this.#loops.delete(loop);
  }

  #look(): void {
    const now = performance.now();
    const sleptMs = now - this.#lookedAt - LOOK_MS;
    this.#lookedAt = now;
    const isBack = sleptMs >= HELD_MS;
    if (isBack) {
      log.warning(`The process did not run for ${formatSeconds(sleptMs)}: it, or the machine, was stopped`, {
        sleptMs,
      });
    }
    for (const loop of this.#loops) loop.look(now, isBack ? sleptMs : 0);
  }
}

/** One event loop that `LoopWatch` looks at. */
export class WatchedLoop {
  readonly #state: LoopState;
  readonly #name: string;
  readonly #onHeld: (heldMs: number) => void;
  /** What may run in it, by number. */
  readonly #activities: string[] = [];
  #beat = 0;
  #since = performance.now();
  #nextMs = HELD_MS;

  constructor(state: LoopState, name: string, onHeld: (heldMs: number) => void) {
    this.#state = state;
    this.#name = name;
    this.#onHeld = onHeld;
  }

  /** What the next number stands for. */
  nameNext(activity: string): void {
    this.#activities.push(activity);
  }

  /** @param sleptMs how long nothing at all ran since the last look */
  look(now: number, sleptMs: number): void {
    this.#since += sleptMs;
    const beat = Atomics.load(this.#state, BEAT);
    const heldMs = now - this.#since;
    if (beat !== this.#beat) {
      if (this.#nextMs > HELD_MS)
        log.warning(`${this.#name} turns again: it was held for ${formatSeconds(heldMs)}`, { heldMs });
      this.#beat = beat;
      this.#since = now;
      this.#nextMs = HELD_MS;
      return;
    }
    if (heldMs >= this.#nextMs) {
      this.#nextMs *= 2;
      const running =
        this.#activities[Atomics.load(this.#state, RUNNING) - 1] ??
        "code outside of an event: a timer, or what follows an await";
      log.error(`${this.#name} has been held for ${formatSeconds(heldMs)} by ${running}`, { heldMs, running });
    }
    this.#onHeld(heldMs);
  }
}

function formatSeconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
