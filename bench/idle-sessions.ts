import type { Job } from "./job.ts";
import { LoadSession } from "./load-session.ts";
import { Sample } from "./sample.ts";

/** Sessions that nothing is sent to. */
export class IdleSessions {
  /** Milliseconds from the start of a connection to its 101. */
  readonly latencies = new Sample(100_000);
  readonly #job: Job;
  readonly #sessions: LoadSession[] = [];
  readonly #failed = Promise.withResolvers<never>();

  constructor(job: Job) {
    this.#job = job;
    this.#failed.promise.catch(() => {});
  }

  /** Opens so many more, `atOnce` at a time; resolves to how many. */
  async open(sessions: number, atOnce: number): Promise<number> {
    let left = sessions;
    const openNext = async (): Promise<void> => {
      while (left > 0) {
        left -= 1;
        const startedAt = performance.now();
        this.#sessions.push(await LoadSession.open(this.#job.port, this.#job.path, this.#options));
        this.latencies.add(performance.now() - startedAt);
      }
    };
    await Promise.race([Promise.all(Array.from({ length: atOnce }, openNext)), this.#failed.promise]);
    return sessions;
  }

  end(): void {
    for (const session of this.#sessions) session.end();
  }

  readonly #options = {
    digitsAt: 0,
    read: () => {},
    fail: (error: Error) => this.#failed.reject(error),
    listener: {
      message: () => this.#failed.reject(new Error("An idle session got a message")),
      closed: (code: number) => this.#failed.reject(new Error(`The server closed an idle session with ${code}`)),
    },
  };
}
