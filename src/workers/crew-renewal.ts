import type { Certificate } from "../http/certificate.ts";
import { HANDOVER_MS } from "../http/listener.ts";
import { Steering } from "../http/steering.ts";
import type { Crew } from "./crew.ts";

/** Has the workers serve another certificate. */
export class CrewRenewal {
  readonly #crew: Crew;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #finish = (): void => {};

  constructor(crew: Crew) {
    this.#crew = crew;
  }

  /**
   * Serves `certificate` to all who connect to `port` from now on.
   *
   * Each worker opens another socket with it. The kernel gives new connections to those, and what the sockets before
   * them were given is accepted before they are closed.
   */
  async renew(certificate: Certificate, port: number): Promise<void> {
    this.#retire();
    const steering = new Steering(port);
    const before = steering.count();
    await Promise.all(this.#crew.members.map(({ thread }) => thread.link.ask("openNext", certificate)));
    const opened = steering.count() - before;
    const isSteered = opened > 0 && steering.steer({ first: before, count: opened });
    this.#finish = () => {
      // One that stays where it is, whichever of the others closes first.
      if (isSteered) steering.steer({ first: before, count: 1 });
      const retiring = this.#crew.members.map(({ thread }) => thread.link.ask("retire", undefined));
      void Promise.allSettled(retiring).then(() => steering.release());
    };
    this.#timer = setTimeout(() => this.#retire(), isSteered ? HANDOVER_MS : 0);
  }

  /** What is under way is not finished: the workers have stopped. */
  stop(): void {
    clearTimeout(this.#timer);
  }

  /** Ends a renewal that is under way. */
  #retire(): void {
    clearTimeout(this.#timer);
    this.#finish();
    this.#finish = () => {};
  }
}
