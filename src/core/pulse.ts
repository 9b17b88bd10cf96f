import { AsyncLocalStorage } from "node:async_hooks";

/** How often what looks after something now and then does so at most, in milliseconds. */
export const PULSE_MS = 250;

/** What a pulse calls again and again. */
type Beat = { readonly call: () => void; readonly everyMs: number; dueAt: number };

/**
 * One timer for everything that is called four times a second or less: to wake costs an idle process more than what it then does.
 *
 * It does not keep the process alive, and belongs to the server, whoever asks for it first.
 */
export class Pulse {
  readonly #asHost = AsyncLocalStorage.snapshot();
  readonly #beats = new Set<Beat>();
  #timer: ReturnType<typeof setInterval> | undefined;

  /** @param everyMs a whole number of pulses */
  add(call: () => void, everyMs: number): object {
    const beat = { call, everyMs, dueAt: performance.now() + everyMs };
    this.#beats.add(beat);
    if (this.#timer === undefined) {
      this.#timer = this.#asHost(() => setInterval(() => this.#beat(), PULSE_MS));
      this.#timer.unref();
    }
    return beat;
  }

  /** Calls what `add` gave no more; false if it is none of these. */
  delete(timer: object | undefined): boolean {
    const wasThere = this.#beats.delete(timer as Beat);
    if (wasThere && this.#beats.size === 0) {
      clearInterval(this.#timer);
      this.#timer = undefined;
    }
    return wasThere;
  }

  #beat(): void {
    const now = performance.now();
    for (const beat of this.#beats) {
      // Half a pulse is what a beat may come too early by.
      if (now + PULSE_MS / 2 < beat.dueAt) continue;
      beat.dueAt = now + beat.everyMs;
      beat.call();
    }
  }
}
