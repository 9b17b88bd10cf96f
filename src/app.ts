import { AsyncLocalStorage } from "node:async_hooks";
import { basename, join } from "node:path";
import type { Server } from "bun";
import { apiNames, type ControllerInfo, createApi } from "./controllers/api.ts";
import { createRunEvent } from "./controllers/events.ts";
import { Generation } from "./controllers/generation.ts";
import { createGlobals } from "./controllers/globals.ts";
import { Kept } from "./controllers/kept.ts";
import { installModules } from "./controllers/modules.ts";
import type { Config } from "./core/config.ts";
import { log } from "./core/log.ts";
import { Groups } from "./groups/groups.ts";
import { TrustedProxies } from "./http/forwarded.ts";
import { createRoutes } from "./http/routes.ts";
import { listen } from "./http/server.ts";
import { createSocketHandler } from "./http/socket.ts";
import { createServeStatic } from "./http/static.ts";
import { Backlog } from "./sessions/backlog.ts";
import { Registry } from "./sessions/registry.ts";
import type { RunEvent, Session } from "./sessions/session.ts";
import { Timeouts } from "./sessions/timeouts.ts";

/** How long `stop` waits for `close` events to finish, in milliseconds. */
const STOP_GRACE_MS = 10_000;

export type AppOptions = {
  config: Config;
  /** The controllers folder, absolute. */
  folder: string;
  /** The folder lies in the executable. */
  isEmbedded: boolean;
  version: string;
};

/** One running server: each part built once, bottom first. */
export class App {
  readonly #options: AppOptions;
  readonly #registry = new Registry();
  readonly #groups = new Groups(() => this.#server);
  readonly #kept = new Kept();
  readonly #timeouts: Timeouts;
  readonly #backlog: Backlog;
  readonly #runners = new Map<string, RunEvent>();
  #server: Server<Session> | undefined;
  #generation: Generation | undefined;
  #stopping: Promise<void> | undefined;

  constructor(options: AppOptions) {
    this.#options = options;
    const { pingSeconds, maxBacklogBytes } = options.config;
    const asHost = AsyncLocalStorage.snapshot();
    this.#timeouts = new Timeouts({ pingSeconds, expire: (session) => session.close(1001, "idle timeout") });
    this.#backlog = new Backlog(
      maxBacklogBytes,
      () => this.#registry.values(),
      (session) => asHost(cutSlow, session),
    );
  }

  /**
   * Loads the controllers and listens; returns the address to open.
   *
   * @throws {Fault} if the folder or the address cannot be used; {AggregateError} of the controllers' faults.
   */
  async start(): Promise<URL> {
    const { config, folder, isEmbedded, version } = this.#options;
    const api = createApi({
      registry: this.#registry,
      groups: this.#groups,
      backlog: this.#backlog,
      kept: this.#kept,
      listControllers: () => listControllers(this.#current()),
    });
    installModules(folder, apiNames);
    const startedAt = performance.now();
    const globals = createGlobals(folder, api, { name: basename(folder), version, config: config.app });
    const generation = await Generation.load({ folder, number: 1, globals });
    this.#generation = generation;
    logGeneration(generation, performance.now() - startedAt);
    const routes = createRoutes({
      generation,
      serveStatic: createServeStatic(join(folder, "public"), isEmbedded),
      config,
      proxies: new TrustedProxies(config.trustProxy),
      runnerOf: (path) => this.#runnerOf(path),
    });
    const { maxMessageBytes, maxBacklogBytes } = config;
    this.#server = listen({
      host: config.host,
      port: config.port,
      maxBodyBytes: maxMessageBytes,
      websocket: createSocketHandler({
        registry: this.#registry,
        timeouts: this.#timeouts,
        maxMessageBytes,
        maxBacklogBytes,
      }),
      routes: () => routes,
    });
    this.#timeouts.start();
    return this.#server.url;
  }

  /** How many sessions are open. */
  get sessionCount(): number {
    return this.#registry.size;
  }

  /**
   * Stops accepting, closes every session with 1001, and waits until their `close` events have run, ten seconds at most.
   */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    this.#timeouts.stop();
    const stopped = this.#server?.stop();
    const sessions = [...this.#registry.values()];
    for (const session of sessions) session.socket?.close(1001, "server stopping");
    const ended = Promise.all([...this.#registry.ending].map((session) => session.settle()));
    const timer = Promise.withResolvers<void>();
    const timeout = setTimeout(timer.resolve, STOP_GRACE_MS);
    await Promise.race([Promise.all([ended, stopped]), timer.promise]);
    clearTimeout(timeout);
    if (this.#registry.ending.size > 0) {
      log.warning(`Stopped before ${this.#registry.ending.size} sessions had finished their close event`);
    }
    await this.#server?.stop(true);
    await this.#generation?.dispose(0);
  }

  #current(): Generation {
    if (this.#generation === undefined) throw new Error("The app has not been started");
    return this.#generation;
  }

  #runnerOf(path: string): RunEvent {
    let run = this.#runners.get(path);
    if (run === undefined) {
      run = createRunEvent(path, () => this.#current());
      this.#runners.set(path, run);
    }
    return run;
  }
}

function cutSlow(session: Session): void {
  const bytes = session.socket?.getBufferedAmount();
  log.warning(`Closed a session that reads too slowly: ${bytes} bytes were waiting for it`, {
    session: session.info.id,
    path: session.info.path,
    bytes,
  });
  session.cut(4008, "too slow");
}

function listControllers({ controllers }: Generation): ControllerInfo[] {
  return [...controllers.values()]
    .map(({ path, file, allow, onEvent }) => ({ path, file, methods: [...allow], webSocket: onEvent !== undefined }))
    .sort((a, b) => (a.path < b.path ? -1 : 1));
}

function logGeneration(generation: Generation, ms: number): void {
  const rows = listControllers(generation);
  const width = Math.max(0, ...rows.map(({ path }) => path.length));
  const table = rows.map(
    ({ path, file, methods, webSocket }) =>
      `${path.padEnd(width)}  ${file}  ${methods.join(" ")}${webSocket ? " websocket" : ""}`,
  );
  log.info(`Loaded generation ${generation.number}: ${rows.length} controllers in ${Math.round(ms)} ms`, {
    generation: generation.number,
    controllers: rows.length,
    ms,
    detail: table.join("\n"),
  });
}
