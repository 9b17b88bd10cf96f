import { AsyncLocalStorage } from "node:async_hooks";
import { constants, openSync, writeSync } from "node:fs";

/** So much waits for an output that takes nothing; what comes then is lost. */
const MAX_WAITING_BYTES = 1024 ** 2;

/** An output that takes nothing is tried again after this long, and each time after twice as long. */
const FIRST_RETRY_MS = 10;
const LONGEST_RETRY_MS = 1000;

/** How long the end of the process waits for an output that takes nothing. */
const EXIT_PATIENCE_MS = 200;

/**
 * Standard output, which may be a full disk, a closed pipe, or a pipe or terminal that nobody reads.
 *
 * Never waits for it and never throws: what it does not take at once waits, 1 MiB of it at most, and is tried again.
 * Lines are lost from the first one that finds no room until all that waits is written, and then `recovered` is told
 * how many.
 */
export class LogOutput {
  readonly #recovered: (lost: number) => void;
  readonly #asHost = AsyncLocalStorage.snapshot();
  #descriptor: number | undefined;
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #lost = 0;
  #retryMs = FIRST_RETRY_MS;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #willFlushAtExit = false;

  constructor(recovered: (lost: number) => void) {
    this.#recovered = recovered;
  }

  write(line: string): void {
    const bytes = Buffer.from(line);
    if (this.#waiting.length === 0) {
      const taken = this.#give(bytes);
      if (taken < bytes.length) this.#wait(bytes.subarray(taken));
    } else if (this.#lost === 0 && this.#waitingBytes + bytes.length <= MAX_WAITING_BYTES) {
      this.#waiting.push(bytes);
      this.#waitingBytes += bytes.length;
    } else {
      this.#lost += 1;
    }
  }

  #wait(rest: Uint8Array): void {
    this.#waiting.push(rest);
    this.#waitingBytes = rest.length;
    this.#retryMs = FIRST_RETRY_MS;
    // Timer and listener are the server's: those of a controller's generation would end with it.
    this.#asHost(() => {
      this.#retryLater();
      if (!this.#willFlushAtExit) process.once("exit", () => this.#flushAtExit());
      this.#willFlushAtExit = true;
    });
  }

  #retryLater(): void {
    if (this.#timer !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (this.#flush()) return;
      this.#retryMs = Math.min(2 * this.#retryMs, LONGEST_RETRY_MS);
      this.#retryLater();
    }, this.#retryMs).unref();
  }

  /** Writes what waits, as far as that is taken; returns whether nothing waits any more. */
  #flush(): boolean {
    for (let first = this.#waiting[0]; first !== undefined; first = this.#waiting[0]) {
      const taken = this.#give(first);
      this.#waitingBytes -= taken;
      if (taken > 0) this.#retryMs = FIRST_RETRY_MS;
      if (taken < first.length) {
        this.#waiting[0] = first.subarray(taken);
        return false;
      }
      this.#waiting.shift();
    }
    const lost = this.#lost;
    this.#lost = 0;
    if (lost > 0) this.#recovered(lost);
    return this.#waiting.length === 0;
  }

  #flushAtExit(): void {
    const deadline = performance.now() + EXIT_PATIENCE_MS;
    while (!this.#flush() && performance.now() < deadline) Bun.sleepSync(FIRST_RETRY_MS);
  }

  /** Writes as much of `bytes` as is taken at once; returns how much that is. */
  #give(bytes: Uint8Array): number {
    let taken = 0;
    try {
      this.#descriptor ??= openOutput();
      while (taken < bytes.length) taken += writeSync(this.#descriptor, bytes, taken);
    } catch {
      // EAGAIN, ENOSPC, EPIPE, EIO: whatever it is, it may pass.
    }
    return taken;
  }
}

/**
 * Standard output in a form that is never waited for.
 *
 * The runtime makes pipes and sockets so, but not a terminal, which others share: it is opened once more.
 */
function openOutput(): number {
  if (process.stdout.isTTY !== true) return 1;
  try {
    return openSync("/proc/self/fd/1", constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch {
    return 1;
  }
}
