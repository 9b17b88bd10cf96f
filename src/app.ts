import { basename, join } from "node:path";
import type { OpenBus } from "./bus/bus.ts";
import { Cluster } from "./bus/cluster.ts";
import { type Api, apiNames, createApi } from "./controllers/api.ts";
import { type AuthApi, createAuth } from "./controllers/auth/auth.ts";
import { createRunEvent } from "./controllers/events.ts";
import { type Generation, listControllers } from "./controllers/generation.ts";
import { createGlobals } from "./controllers/globals.ts";
import { Kept } from "./controllers/kept.ts";
import { LiveControllers } from "./controllers/live.ts";
import { createRefuseMessage } from "./controllers/message-refusals.ts";
import { installModules } from "./controllers/modules.ts";
import { type Clock, systemClock } from "./core/clock.ts";
import type { Config } from "./core/config.ts";
import { embeddedName } from "./core/embedded.ts";
import { log } from "./core/log.ts";
import { LoopLag } from "./core/loop-lag.ts";
import { MemoryWatch } from "./core/memory-watch.ts";
import { Metrics } from "./core/metrics.ts";
import { OpenFilesWatch } from "./core/open-files.ts";
import { STOP_GRACE_MS } from "./core/stop-time.ts";
import { ThrottledLog } from "./core/throttled-log.ts";
import { formatCount } from "./core/units.ts";
import { waitAtMost } from "./core/wait-at-most.ts";
import type { Watchdog } from "./core/watchdog.ts";
import { Groups } from "./groups/groups.ts";
import { Traffic } from "./groups/traffic.ts";
import type { Admin } from "./http/admin/admin.ts";
import { createAdmin } from "./http/admin/create-admin.ts";
import { readCertificate } from "./http/certificate.ts";
import { CertificateWatcher } from "./http/certificate-watcher.ts";
import { TrustedProxies } from "./http/forwarded.ts";
import { LivePages } from "./http/live-pages.ts";
import { Listener } from "./http/listener.ts";
import { AllowedOrigins } from "./http/origin.ts";
import { createRoutes, type Routes } from "./http/routes.ts";
import { createSocketHandler } from "./http/socket.ts";
import { createServeStatic, type ServeStatic } from "./http/static.ts";
import type { UpgradeGate } from "./http/upgrade.ts";
import { createClusterHost } from "./sessions/cluster-host.ts";
import type { Session, SessionRoute } from "./sessions/session.ts";
import { type EndReason, Sessions } from "./sessions/sessions.ts";

/** What sessions are told when the server stops. */
const stopped: EndReason = { code: 1012, text: "server stopping" };

/** What they are told when their controller is gone. */
const removed: EndReason = { code: 1001, text: "controller removed" };

export type AppOptions = {
  config: Config;
  /** The controllers folder, absolute. */
  folder: string;
  /** The folder lies in the executable. */
  isEmbedded: boolean;
  version: string;
  /** Notices handlers that hold the event loop, if there is one. */
  watchdog?: Watchdog;
  /** The bus to other nodes; without one the server is alone. */
  openBus?: OpenBus;
  /** What all that waits as long as a setting says goes by; the machine's own if absent. */
  clock?: Clock;
  /** Further free identifiers of the controllers' modules. */
  globals?: Readonly<Record<string, unknown>>;
};

/** One running server: each part built once, bottom first. */
export class App {
  readonly #options: AppOptions;
  /** Absent if the server is alone. */
  readonly #cluster: Cluster | undefined;
  readonly #groups: Groups;
  readonly #kept = new Kept();
  readonly #sessions: Sessions;
  readonly #gate: UpgradeGate;
  readonly #sessionRoutes = new Map<string, SessionRoute>();
  readonly #listener: Listener;
  #certificates: CertificateWatcher | undefined;
  readonly #live: LiveControllers;
  readonly #livePages: LivePages | undefined;
  readonly #serveStatic: ServeStatic;
  readonly #proxies: TrustedProxies;
  readonly #admin: Admin;
  readonly #memory = new MemoryWatch();
  readonly #loopLag = new LoopLag();
  readonly #openFiles = new OpenFilesWatch({
    onLack: () => this.#listener.servers.forEach((server) => server.closeIdleConnections()),
    onEnd: () => this.#reloadAfterFault(),
  });
  #routes: Routes = () => new Response(null, { status: 503 });
  #stopping: Promise<void> | undefined;
  /** What has been counted since the start. */
  readonly metrics = new Metrics();
  /** What controllers import as `"hubbub"`. */
  readonly api: Api;
  /** Makes what the controllers of one generation import as `"hubbub/auth"`. */
  readonly createAuth: () => AuthApi;

  constructor(options: AppOptions) {
    this.#options = options;
    const { config, folder, isEmbedded, version, clock = systemClock, globals = {} } = options;
    const { metrics } = this;
    const throttledLog = new ThrottledLog(() => clock.now());
    const cluster = options.openBus === undefined ? undefined : new Cluster({ clock, metrics, throttledLog });
    this.#cluster = cluster;
    const onResize = cluster && ((group: string, size: number, before: number) => cluster.resize(group, size, before));
    this.#groups = new Groups(() => this.#listener.servers, onResize);
    this.#sessions = new Sessions({ config, groups: this.#groups, cluster, metrics, throttledLog, clock });
    const { registry, delivery, expiries, admissions } = this.#sessions;
    this.#gate = {
      admissions,
      origins: new AllowedOrigins(config.origins),
      metrics,
      throttledLog,
      config,
      routeOf: (path) => this.#routeOf(path),
      createSessionId: cluster?.createSessionId ?? (() => crypto.randomUUID()),
    };
    this.#proxies = new TrustedProxies(config.trustProxy);
    this.#serveStatic = createServeStatic(join(folder, "public"), isEmbedded);
    const isTerminal = process.stdout.isTTY === true;
    const hasLivePages = config.watch && !isEmbedded && (config.livePages === "auto" ? isTerminal : config.livePages);
    this.#livePages = hasLivePages ? new LivePages() : undefined;
    this.api = createApi({
      registry,
      groups: this.#groups,
      delivery,
      cluster,
      coalesceMs: config.coalesceSeconds * 1000,
      kept: this.#kept,
      listControllers: () => listControllers(this.#live.current),
    });
    const auth = { registry, expiries, metrics, remotes: new Map(), clock };
    this.createAuth = () => createAuth(auth);
    this.#live = new LiveControllers({
      folder,
      createGlobals: (path) => {
        installModules(path, apiNames);
        const app = { name: isEmbedded ? embeddedName : basename(folder), version, config: config.app };
        return { ...createGlobals(path, this.api, this.createAuth(), app), ...globals };
      },
      watch: config.watch && !isEmbedded,
      onSwap: (next, previous) => this.#swap(next, previous),
      onPageChange: () => this.#livePages?.reload(),
      countKept: () => this.#kept.size,
    });
    this.#admin = createAdmin({
      version,
      config,
      clock,
      proxies: this.#proxies,
      gate: this.#gate,
      api: this.api,
      groups: this.#groups,
      cluster: this.#cluster,
      sessions: this.#sessions,
      controllers: this.#live,
      loopLag: this.#loopLag,
      findUnreadiness: () => this.#findUnreadiness(),
    });
    this.#listener = new Listener({
      host: config.host,
      port: config.port,
      maxBodyBytes: config.maxMessageBytes,
      timeoutSeconds: config.httpTimeoutSeconds,
      websocket: createSocketHandler({
        findReasonToEnd: (session) => this.#findReasonToEnd(session),
        sessions: this.#sessions,
        metrics,
        throttledLog,
        createTraffic: config.adminToken === "" ? undefined : () => new Traffic(clock.date()),
        config,
      }),
      routes: () => this.#routes,
    });
  }

  /**
   * Loads the controllers and listens; returns the address to open.
   *
   * @throws {Fault} if the folder, the certificate or the address cannot be used; {AggregateError} of the controllers' faults.
   */
  async start(): Promise<URL> {
    const { config } = this.#options;
    const certificate = readCertificate(config);
    await this.#live.start();
    const url = this.#listener.start(certificate);
    this.#startCluster();
    if (certificate !== undefined) {
      this.#certificates = new CertificateWatcher({
        files: config,
        certificate,
        renew: (next) => this.#listener.renew(next),
      });
      this.#certificates.start();
    }
    this.#sessions.start();
    this.#openFiles.start();
    this.#memory.start();
    this.#loopLag.start();
    return url;
  }

  /**
   * Loads the controllers and serves nothing; whoever asks disposes of the generation.
   *
   * @throws {Fault} if the folder cannot be used; {AggregateError} of the controllers' faults.
   */
  load(): Promise<Generation> {
    return this.#live.load();
  }

  /** Loads the controllers and the certificate again, as SIGHUP asks. */
  reload(): Promise<void> {
    this.#certificates?.check();
    return this.#live.reload();
  }

  /** The number of the generation that serves. */
  get generationNumber(): number {
    return this.#live.current.number;
  }

  /** How many requests have not been answered. */
  get pendingRequests(): number {
    return this.#listener.pendingRequests;
  }

  /** Why the last load was refused; empty if it was not. */
  get lastFault(): string {
    return this.#live.lastFault;
  }

  /** How many sessions are open. */
  get sessionCount(): number {
    return this.#sessions.registry.size;
  }

  /** How many other nodes of the cluster there are. */
  get nodeCount(): number {
    return this.#cluster?.nodeCount ?? 0;
  }

  /**
   * Admits no more sessions, closes those that are open with 1012 in a stream over `--drain`, and stops listening.
   *
   * Waits until their `close` events have run, ten seconds at most.
   */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    const { registry } = this.#sessions;
    await this.#sessions.drain(stopped);
    this.#openFiles.stop();
    this.#memory.stop();
    this.#loopLag.stop();
    this.#livePages?.stop();
    this.#certificates?.stop();
    // An upgrade that was under way may still become a session, which is closed at once.
    const isClosed = this.#listener.stop().then(() => registry.settle());
    await waitAtMost(isClosed, STOP_GRACE_MS);
    if (registry.endingCount > 0)
      log.warning(`Stopped before ${formatCount(registry.endingCount, "session")} had finished the close event`);
    await this.#listener.stop({ cut: true });
    await this.#live.stop();
    await this.#cluster?.stop();
  }

  #startCluster(): void {
    const { openBus } = this.#options;
    if (openBus === undefined) return;
    const { registry, delivery } = this.#sessions;
    const { throttledLog } = this.#gate;
    this.#cluster?.start(openBus, createClusterHost({ registry, groups: this.#groups, delivery, throttledLog }));
  }

  /** From here on `next` serves: new requests by its routes, open sessions by its controllers. */
  #swap(next: Generation, previous: Generation | undefined): void {
    this.#routes = createRoutes({
      generation: next,
      serveStatic: this.#serveStatic,
      livePages: this.#livePages,
      watchdog: this.#options.watchdog,
      proxies: this.#proxies,
      gate: this.#gate,
      findUnreadiness: () => this.#findUnreadiness(),
      admin: this.#admin,
    });
    if (previous === undefined) return;
    for (const session of this.#sessions.registry.values()) {
      if (!next.controllers.has(session.route.path)) this.#sessions.close(session, removed);
    }
  }

  #findUnreadiness(): string | undefined {
    if (this.#stopping !== undefined) return "draining";
    if (this.#openFiles.isLacking) return "out of open files";
    const stage = this.#cluster?.stage ?? "up";
    return stage === "up" ? undefined : stage === "down" ? "bus down" : "bus connecting";
  }

  /** What could not be loaded may have had nothing wrong with it. */
  #reloadAfterFault(): void {
    if (this.#live.lastFault !== "") void this.#live.reload();
  }

  #findReasonToEnd({ route }: Session): EndReason | undefined {
    if (this.#stopping !== undefined) return stopped;
    return this.#live.current.controllers.has(route.path) ? undefined : removed;
  }

  #routeOf(path: string): SessionRoute {
    let route = this.#sessionRoutes.get(path);
    if (route === undefined) {
      const { config, watchdog } = this.#options;
      route = {
        path,
        run: createRunEvent(path, {
          current: () => this.#live.current,
          close: (session, reason) => this.#sessions.close(session, reason),
          refuse: createRefuseMessage({ ...this.#gate, delivery: this.#sessions.delivery }),
          watchdog,
        }),
        inboxLimits: {
          maxEvents: config.maxInboxEvents,
          maxSize: config.maxMessageBytes,
          filled: () => (this.metrics.inboxesFull += 1),
        },
      };
      this.#sessionRoutes.set(path, route);
    }
    return route;
  }
}
