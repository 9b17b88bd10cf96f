import { join } from "node:path";
import type { AppOptions } from "./app/options.ts";
import { Surroundings } from "./app/surroundings.ts";
import { Cluster } from "./bus/cluster.ts";
import { type Api, createApi } from "./controllers/api.ts";
import { type AuthApi, createAuth } from "./controllers/auth/auth.ts";
import { type Generation, listControllers } from "./controllers/generation.ts";
import { GroupEvents } from "./controllers/group-events.ts";
import { Kept } from "./controllers/kept.ts";
import { LoadCounts } from "./controllers/load-counts.ts";
import { LiveControllers } from "./controllers/live.ts";
import { createRefuseMessage } from "./controllers/message-refusals.ts";
import { loadGeneration } from "./controllers/load-generation.ts";
import { SessionRoutes } from "./controllers/session-routes.ts";
import { resolveLinks } from "./controllers/snapshot.ts";
import { StagedControllers } from "./controllers/staged-controllers.ts";
import { systemClock } from "./core/clock.ts";
import { Facts } from "./core/facts.ts";
import { log } from "./core/log.ts";
import { LoopLag } from "./core/loop-lag.ts";
import { Metrics } from "./core/metrics.ts";
import { STOP_GRACE_MS } from "./core/stop-time.ts";
import { ThrottledLog } from "./core/throttled-log.ts";
import { formatCount } from "./core/units.ts";
import { waitAtMost } from "./core/wait-at-most.ts";
import { Groups } from "./groups/groups.ts";
import { Traffic } from "./groups/traffic.ts";
import type { Admin } from "./http/admin/admin.ts";
import { createAdmin } from "./http/admin/create-admin.ts";
import type { Reload } from "./http/admin/inspector/inspector.ts";
import { type Certificate, readCertificate } from "./http/certificate.ts";
import { TrustedProxies } from "./http/forwarded.ts";
import { createPagesVersion, LivePages } from "./http/live-pages.ts";
import { Listener } from "./http/listener.ts";
import { AllowedOrigins } from "./http/origin.ts";
import { Readiness } from "./http/readiness.ts";
import { createRoutes, type Routes } from "./http/routes.ts";
import { createSocketHandler } from "./http/socket.ts";
import { createServeStatic, type ServeStatic } from "./http/static.ts";
import type { UpgradeGate } from "./http/upgrade.ts";
import { createClusterHost } from "./sessions/cluster-host.ts";
import type { Session } from "./sessions/session.ts";
import { type EndReason, Sessions } from "./sessions/sessions.ts";

/** What sessions are told when the server stops. */
const stopped: EndReason = { code: 1012, text: "server stopping" };

/** What they are told when their controller is gone. */
const removed: EndReason = { code: 1001, text: "controller removed" };

/** One running server: each part built once, bottom first. */
export class App {
  readonly #options: AppOptions;
  /** Absent if the server is alone. */
  readonly #cluster: Cluster | undefined;
  readonly #groups: Groups;
  readonly #groupEvents: GroupEvents;
  readonly #kept = new Kept();
  readonly #sessions: Sessions;
  readonly #gate: UpgradeGate;
  readonly #listener: Listener;
  readonly #live: LiveControllers<Generation>;
  readonly #livePages: LivePages | undefined;
  readonly #serveStatic: ServeStatic;
  readonly #proxies: TrustedProxies;
  readonly #admin: Admin;
  readonly #loads = new LoadCounts();
  readonly #surroundings: Surroundings;
  readonly #loopLag = new LoopLag(() => this.metrics.eventTimes.step());
  readonly #readiness: Readiness;
  #routes: Routes = () => new Response(null, { status: 503 });
  #stopping: Promise<void> | undefined;
  /** What has been counted since the start. */
  readonly metrics = new Metrics();
  /** What it knows of itself, asked for by name. */
  readonly facts: Facts;
  /** What controllers import as `"hubbub"`. */
  readonly api: Api;
  /** Makes what the controllers of one generation import as `"hubbub/auth"`. */
  readonly createAuth: () => AuthApi;
  /** What one of several workers has loaded, and does not serve yet. */
  readonly staged: StagedControllers;

  constructor(options: AppOptions) {
    this.#options = options;
    const { config, folder, isEmbedded, version, watchdog, clock = systemClock, crew } = options;
    const { metrics } = this;
    const throttledLog = new ThrottledLog(() => clock.now());
    const coalesceMs = config.coalesceSeconds * 1000;
    const cluster =
      options.openBus === undefined
        ? undefined
        : new Cluster({ coalesceMs, clock, metrics, throttledLog, isInProcess: crew?.hasOwnBus ?? false });
    this.#cluster = cluster;
    this.#readiness = new Readiness(cluster);
    this.#groupEvents = new GroupEvents({
      sessions: () => this.#sessions.registry.values(),
      cluster,
      throttledLog,
      watchdog,
    });
    this.#groups = new Groups(
      () => this.#listener.servers,
      (group, member, by) => {
        cluster?.resize(group.name, group.size, by);
        this.#groupEvents.note(group, member as Session, by);
      },
    );
    this.#sessions = new Sessions({
      config,
      groups: this.#groups,
      cluster,
      metrics,
      throttledLog,
      clock,
      shared: crew?.counts,
    });
    const { registry, delivery, expiries, admissions } = this.#sessions;
    const sessionRoutes = new SessionRoutes({
      current: () => this.#live.current,
      close: (session, reason) => this.#sessions.close(session, reason),
      refuse: createRefuseMessage({ metrics, throttledLog, delivery }),
      metrics,
      watchdog,
      config,
    });
    this.#gate = {
      admissions,
      origins: new AllowedOrigins(config.origins),
      metrics,
      throttledLog,
      config,
      routeOf: (path) => sessionRoutes.of(path),
      createSessionId: cluster?.createSessionId ?? (() => crypto.randomUUID()),
    };
    this.#proxies = new TrustedProxies(config.trustProxy);
    this.#serveStatic = createServeStatic(join(folder, "public"), isEmbedded);
    const isTerminal = process.stdout.isTTY === true;
    const hasLivePages = config.watch && !isEmbedded && (config.livePages === "auto" ? isTerminal : config.livePages);
    this.#livePages = hasLivePages ? new LivePages(crew?.pagesVersion ?? createPagesVersion()) : undefined;
    this.facts = new Facts(crew?.collect);
    this.api = createApi({
      registry,
      groups: this.#groups,
      delivery,
      cluster,
      coalesceMs,
      kept: this.#kept,
      listControllers: () => listControllers(this.#live.current),
    });
    const auth = { registry, expiries, metrics, remotes: new Map(), clock };
    this.createAuth = () => createAuth(auth);
    const loading = {
      folder,
      isEmbedded,
      version,
      appConfig: config.app,
      api: this.api,
      createAuth: this.createAuth,
      globals: options.globals,
    };
    this.#live = new LiveControllers({
      folder,
      load: (number, snapshot) => loadGeneration(loading, number, snapshot),
      list: listControllers,
      watch: config.watch && !isEmbedded,
      onSwap: (next, previous) => this.#swap(next, previous),
      onPageChange: () => this.reloadPages(createPagesVersion()),
      onReload: (result) => this.#loads.count(result),
      countKept: () => this.keptCount,
    });
    this.staged = new StagedControllers(this.#live);
    this.#surroundings = new Surroundings({
      certificateFiles: config,
      renew: (next) => this.#listener.renew(next),
      setOutOfFiles: (isOut) => this.setOutOfFiles(isOut),
      controllers: this.#live,
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
      facts: this.facts,
      worker: crew?.number,
      findUnreadiness: () => this.#readiness.findUnreadiness(),
      folder: resolveLinks(folder),
      reload: crew?.reload ?? (() => this.#reload()),
    });
    // Of several workers none loads by itself.
    if (crew === undefined) this.facts.provide("loads", () => this.#loads.read());
    this.#listener = new Listener({
      host: config.host,
      port: config.port,
      isShared: crew !== undefined,
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
    const certificate = readCertificate(this.#options.config);
    await this.#live.start();
    const url = this.listen(certificate);
    this.#surroundings.start(certificate);
    return url;
  }

  /**
   * Serves what is loaded; returns the address to open.
   *
   * This and what follows are for a worker, in which `start` is not called: one supervisor watches files, certificate
   * and machine for all.
   * @param port another one than that of the configuration
   * @throws {Fault} `LISTEN`
   */
  listen(certificate: Certificate | undefined, port?: number): URL {
    const url = this.#listener.start(certificate, port);
    this.#startCluster();
    this.#sessions.start();
    this.#loopLag.start();
    this.#admin.start();
    return url;
  }

  /** A load was refused: the generation that serves is not what is in the folder. */
  noteFault(text: string): void {
    this.#live.noteFault(text);
  }

  /** Serves `certificate` to all who connect from now on, and until `retire` the one before it too. */
  openNext(certificate: Certificate): void {
    this.#listener.openNext(certificate);
  }

  /** Serves the certificate before the last one no more. */
  retire(): void {
    this.#listener.retire();
  }

  /** Tells the pages in browsers to reload themselves: they are of this version now. */
  reloadPages(version: string): void {
    this.#livePages?.reload(version);
  }

  /** Is not ready while no more files can be opened, and closes connections on which nothing happens. */
  setOutOfFiles(isOut: boolean): void {
    this.#readiness.isOutOfFiles = isOut;
    if (isOut) for (const server of this.#listener.servers) server.closeIdleConnections();
  }

  /** How many values are kept. */
  get keptCount(): number {
    return this.#kept.size;
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
  async reload(): Promise<void> {
    await Promise.all([this.#surroundings.checkCertificate(), this.#live.reload()]);
  }

  async #reload(): ReturnType<Reload> {
    await this.#live.reload();
    return { generation: this.generationNumber, lastFault: this.lastFault };
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
    this.#readiness.isStopping = true;
    const { registry } = this.#sessions;
    await this.#sessions.drain(stopped);
    this.#surroundings.stop();
    this.#loopLag.stop();
    this.#admin.stop();
    this.#livePages?.stop();
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
    const parts = { registry, groups: this.#groups, delivery, throttledLog, watched: this.#groupEvents };
    this.#cluster?.start(openBus, createClusterHost(parts));
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
      findUnreadiness: () => this.#readiness.findUnreadiness(),
      admin: this.#admin,
    });
    this.#groupEvents.swap(next);
    if (previous === undefined) return;
    for (const session of this.#sessions.registry.values()) {
      if (!next.controllers.has(session.route.path)) this.#sessions.close(session, removed);
    }
  }

  #findReasonToEnd({ route }: Session): EndReason | undefined {
    if (this.#readiness.isStopping) return stopped;
    return this.#live.current.controllers.has(route.path) ? undefined : removed;
  }
}
