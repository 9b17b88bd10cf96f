import { App } from "../app.ts";
import { describeError, Fault } from "../core/errors.ts";
import type { LogLine } from "../core/log.ts";
import { parseDuration } from "../core/units.ts";
import { version } from "../core/version.ts";
import type { Duration, ServeOptions, SessionOf, SessionOptions, TestServer } from "./contract.ts";
import { createControllerTime } from "./controller-time.ts";
import { listPlaces, type Place, prepareFault } from "./places.ts";
import { openSession } from "./session.ts";
import { TestClock } from "./test-clock.ts";
import { readTestConfig } from "./test-config.ts";

/** So many of a server's last warnings and errors stand in the message of a fault. */
const MAX_EXPLAINED = 5;

export type RunningServerOptions = ServeOptions & {
  folder: string;
  /** The hubbub.toml that counts, if it is there. */
  configFile: string;
  onStop: (server: RunningServer) => void;
};

/** A server that a test has started, as those see it who end it. */
export class RunningServer implements TestServer {
  readonly log: LogLine[] = [];
  /** Where it was started, the innermost place first. */
  readonly places: readonly Place[] = listPlaces();
  readonly app: App;
  readonly #clock = new TestClock();
  readonly #folder: string;
  readonly #onStop: (server: RunningServer) => void;
  #origin = "";
  #stopped: Promise<void> | undefined;

  /** @throws {Fault} for settings that cannot be used. */
  constructor({ folder, onStop, ...options }: RunningServerOptions) {
    this.#folder = folder;
    this.#onStop = onStop;
    this.app = new App({
      config: readTestConfig(options),
      folder,
      isEmbedded: false,
      version,
      clock: this.#clock,
      globals: createControllerTime(this.#clock),
    });
  }

  /** @throws {Fault} `TEST_SERVER` with every fault of the controllers. */
  async start(): Promise<this> {
    const fail = prepareFault("TEST_SERVER");
    try {
      this.#origin = (await this.app.start()).origin;
      return this;
    } catch (error) {
      const faults: unknown[] = error instanceof AggregateError ? error.errors : [error];
      throw fail(`Cannot serve "${this.#folder}": ${faults.map(describeFault).join("\n")}`);
    }
  }

  get origin(): string {
    return this.#origin;
  }

  readonly clock = {
    advance: async (duration: Duration): Promise<void> => {
      const seconds = typeof duration === "string" ? parseDuration(duration) : undefined;
      if (seconds === undefined || !/[a-z]/i.test(duration)) {
        const text = `Cannot advance the clock by "${String(duration)}": expected a duration with its unit, such as 300s, 5m or 250ms`;
        throw prepareFault("CLOCK")(text);
      }
      await this.#clock.advance(seconds * 1000);
    },
  };

  open<Controller = unknown>(path: string, options?: SessionOptions): Promise<SessionOf<Controller>> {
    return openSession(this.origin + path, options, () => this.#explain()) as Promise<SessionOf<Controller>>;
  }

  fetch(path: string, init: RequestInit = {}): Promise<Response> {
    return fetch(this.origin + path, { redirect: "manual", ...init });
  }

  get(path: string, headers: Record<string, string> = {}): Promise<Response> {
    return this.fetch(path, { headers });
  }

  stop(): Promise<void> {
    this.#stopped ??= this.app.stop().finally(() => this.#onStop(this));
    return this.#stopped;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  /** What the server has logged that may be why nothing came. */
  #explain(): string {
    const lines = this.log
      .filter(({ level }) => level === "warning" || level === "error")
      .slice(-MAX_EXPLAINED)
      .map(({ level, text }) => `\n  ${level}: ${text}`);
    return lines.length === 0 ? "" : `\nThe server logged:${lines.join("")}`;
  }
}

function describeFault(error: unknown): string {
  const text = describeError(error);
  return error instanceof Fault && error.detail !== undefined ? `${text}\n\n${error.detail}\n` : text;
}
