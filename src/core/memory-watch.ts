import { type ClockTimer, systemClock } from "./clock.ts";
import { log } from "./log.ts";

/** How often `MemoryWatch` looks, in milliseconds. */
const LOOK_MS = 5000;

/** So much of the limit in use is worth a warning; another when it has grown by a step, and anew after it had shrunk by one. */
const WARN_SHARE = 0.8;
const STEP_SHARE = 0.05;

const MIB = 1024 ** 2;

export type MemoryWatchOptions = {
  /** Bytes in use; this process's if absent. */
  readBytes?: () => number;
  /** Bytes that may be in use; what the control group or the machine has if absent. */
  limitBytes?: number;
};

/** Warns before memory runs out, which ends the process: the log is the only one that can say why. */
export class MemoryWatch {
  readonly #readBytes: () => number;
  readonly #limitBytes: number;
  #timer: ClockTimer | undefined;
  #warnShare = WARN_SHARE;

  constructor({
    readBytes = () => process.memoryUsage.rss(),
    limitBytes = process.constrainedMemory(),
  }: MemoryWatchOptions = {}) {
    this.#readBytes = readBytes;
    this.#limitBytes = limitBytes;
  }

  start(): void {
    this.#timer = systemClock.setInterval(() => this.look(), LOOK_MS);
  }

  stop(): void {
    systemClock.clear(this.#timer);
  }

  look(): void {
    const bytes = this.#readBytes();
    const share = bytes / this.#limitBytes;
    if (share < WARN_SHARE - STEP_SHARE) this.#warnShare = WARN_SHARE;
    if (share < this.#warnShare) return;
    this.#warnShare = share + STEP_SHARE;
    const [used, limit] = [bytes, this.#limitBytes].map((size) => `${Math.round(size / MIB).toLocaleString("en")} MiB`);
    log.warning(
      `Memory runs out: ${used} of ${limit} are in use, expected no controller to keep what it no longer needs`,
      {
        bytes,
        limitBytes: this.#limitBytes,
      },
    );
  }
}
