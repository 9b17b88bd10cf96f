import type { Config } from "../core/config.ts";
import type { SessionRoute } from "../sessions/session.ts";
import { createRunEvent, type RunEventOptions } from "./events.ts";

export type SessionRoutesOptions = RunEventOptions & {
  config: Pick<Config, "maxInboxEvents" | "maxMessageBytes">;
};

/** What the sessions of each controller have in common: made for the first of them, and kept over all generations. */
export class SessionRoutes {
  readonly #options: SessionRoutesOptions;
  readonly #routes = new Map<string, SessionRoute>();

  constructor(options: SessionRoutesOptions) {
    this.#options = options;
  }

  /** @param path the pattern of the controller */
  of(path: string): SessionRoute {
    let route = this.#routes.get(path);
    if (route === undefined) {
      const { config, metrics } = this.#options;
      const inboxLimits = {
        maxEvents: config.maxInboxEvents,
        maxSize: config.maxMessageBytes,
        filled: () => (metrics.inboxesFull += 1),
      };
      route = { path, run: createRunEvent(path, this.#options), inboxLimits };
      this.#routes.set(path, route);
    }
    return route;
  }
}
