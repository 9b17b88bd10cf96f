import { join } from "node:path";
import type { SupervisorCalls, WorkerCalls } from "./calls.ts";
import { Link } from "./link.ts";

/** Why a worker has ended. */
export type WorkerEnd = { reason: string; detail?: string | undefined };

export type WorkerThreadOptions = {
  calls: SupervisorCalls;
  /** Told once that it has ended. */
  onEnd: (end: WorkerEnd) => void;
};

/** A worker as its supervisor sees it: a thread, and what is said to it. */
export class WorkerThread {
  readonly link: Link<WorkerCalls>;
  readonly #thread: Worker;
  readonly #onEnd: WorkerThreadOptions["onEnd"];
  readonly #closed = Promise.withResolvers<void>();
  #fault: string | undefined;
  #isEnded = false;

  constructor({ calls, onEnd }: WorkerThreadOptions) {
    const file = Bun.isStandaloneExecutable ? "src/workers/worker.js" : "worker.ts";
    // Not said, a thread gets the environment that the process began with, and what was taken out of it since.
    this.#thread = new Worker(join(import.meta.dir, file), { env: process.env as Record<string, string> });
    this.#onEnd = onEnd;
    this.link = new Link((message, transfer) => this.#thread.postMessage(message, transfer), calls);
    this.#thread.addEventListener("message", ({ data }) => this.link.take(data));
    this.#thread.addEventListener("error", (event) => {
      event.preventDefault();
      this.#fault = event.message.trim();
    });
    this.#thread.addEventListener("close", ({ code }) => {
      this.#closed.resolve();
      const { [0]: reason = `it called exit(${code})` } = /^ *\w*error: .*/im.exec(this.#fault ?? "") ?? [];
      this.#end({ reason: reason.trim(), detail: this.#fault });
    });
  }

  /**
   * Ends the thread wherever it is, which closes its sessions with 1001; resolves when it has.
   *
   * A thread in a call of the system that does not return ends when that does.
   */
  end(reason: string): Promise<void> {
    this.#thread.terminate();
    this.#end({ reason });
    return this.#closed.promise;
  }

  #end(end: WorkerEnd): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.link.end(end.reason);
    this.#onEnd(end);
  }
}
