import type { ControllerInfo } from "../controllers/api.ts";
import { LoadCounts } from "../controllers/load-counts.ts";
import { LiveControllers, type Loaded } from "../controllers/live.ts";
import { resolveLinks } from "../controllers/snapshot.ts";
import type { Config } from "../core/config.ts";
import { Fault } from "../core/errors.ts";
import { writeLogLine } from "../core/log.ts";
import { MemoryWatch } from "../core/memory-watch.ts";
import { OpenFilesWatch } from "../core/open-files.ts";
import { type Certificate, readCertificate } from "../http/certificate.ts";
import { CertificateWatcher } from "../http/certificate-watcher.ts";
import { findFreePort, HANDOVER_MS } from "../http/listener.ts";
import { createPagesVersion } from "../http/live-pages.ts";
import { INSPECTOR } from "../http/admin/inspector/inspector.ts";
import { Notes } from "../http/admin/inspector/notes.ts";
import type { FactsQuery } from "../http/admin/inspector/facts.ts";
import { Steering } from "../http/steering.ts";
import { Crew, type Member } from "./crew.ts";
import { LinkEnded } from "./link.ts";
import { uniteFaults } from "./packed-faults.ts";
import { CrewCounts } from "./shared-counts.ts";

/** A worker whose event loop stands still this long is ended, in milliseconds. */
const HELD_LIMIT_MS = 10_000;

export type SupervisorOptions = {
  config: Config;
  /** The controllers folder, absolute. */
  folder: string;
  /** The folder lies in the executable. */
  isEmbedded: boolean;
  version: string;
  /** How many workers there are. */
  workers: number;
  heldLimitMs?: number;
};

/** A generation as every worker has loaded it. */
type CrewGeneration = Loaded & {
  readonly controllers: readonly ControllerInfo[];
  /** How many values each keeps. */
  readonly kept: number;
  readonly members: readonly Member[];
  hasServed: boolean;
};

/**
 * One server on several threads: each serves the same port with sessions of its own; the thread that starts them serves
 * nobody, and does once what is to be done once for all.
 */
export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #crew: Crew;
  readonly #counts: CrewCounts;
  readonly #live: LiveControllers<CrewGeneration>;
  /** What this thread logs, for the inspector; absent without one. */
  readonly #notes: Notes | undefined;
  readonly #loads = new LoadCounts();
  readonly #memory = new MemoryWatch();
  readonly #openFiles = new OpenFilesWatch({
    onLack: () => this.#setOutOfFiles(true),
    onEnd: () => this.#setOutOfFiles(false),
  });
  #certificate: Certificate | undefined;
  #certificates: CertificateWatcher | undefined;
  #pagesVersion = createPagesVersion();
  #port = 0;
  #generationNumber = 0;
  #retiring: ReturnType<typeof setTimeout> | undefined;
  #finishRenewal = (): void => {};
  #stopping: Promise<void> | undefined;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    const { config, folder, isEmbedded, version, workers, heldLimitMs = HELD_LIMIT_MS } = options;
    this.#counts = new CrewCounts({
      ...config,
      workers,
      onFull: (address, isFull) => {
        for (const { thread } of this.#crew.members) thread.link.tell("setFull", { address, isFull });
      },
    });
    this.#crew = new Crew({
      size: workers,
      heldLimitMs,
      hasOwnBus: config.bus === "",
      prepare: (number) => ({
        number,
        config,
        folder,
        isEmbedded,
        version,
        pagesVersion: this.#pagesVersion,
        counts: this.#counts.memory,
        fullAddresses: this.#counts.full,
      }),
      join: (member) => this.#join(member),
      countAddress: (number, address, change) => this.#counts.countAddress(number, address, change),
      forget: (number) => this.#counts.forget(number),
      writeLog: writeLogLine,
      reload: async () => {
        await this.#live.reload();
        return { generation: this.generationNumber, lastFault: this.lastFault };
      },
      read: (name, argument) => this.#answer(name, argument),
    });
    if (config.adminToken !== "") {
      this.#notes = new Notes({
        folder: resolveLinks(folder),
        generation: () => this.generationNumber,
        lastFault: () => this.lastFault,
        now: () => Date.now(),
      });
    }
    this.#live = new LiveControllers<CrewGeneration>({
      folder,
      load: (number) => this.#load(number),
      list: ({ controllers }) => controllers,
      watch: config.watch && !isEmbedded,
      onSwap: (next) => this.#swap(next),
      onRefuse: (fault) => {
        for (const { thread } of this.#crew.members) thread.link.tell("noteFault", fault);
      },
      onPageChange: () => this.#reloadPages(),
      onReload: (result) => this.#loads.count(result),
      countKept: () => this.#live.current.kept,
    });
  }

  /**
   * Starts the workers, loads the controllers in each, and listens; returns the address to open.
   *
   * @throws {Fault} if the folder, the certificate or the address cannot be used; {AggregateError} of the controllers' faults.
   */
  async start(): Promise<URL> {
    const { config } = this.#options;
    this.#certificate = readCertificate(config);
    this.#crew.start();
    const fail = (): never => {
      throw new Fault("WORKER", `Cannot start the workers: ${this.#crew.firstEnd?.reason}`, this.#crew.firstEnd);
    };
    try {
      await this.#live.start();
      this.#port = findFreePort(config);
      const [url] = await Promise.all(this.#crew.members.map((member) => this.#listen(member)));
      this.#crew.keepUp();
      this.#watchAround();
      return url ?? fail();
    } catch (error) {
      await this.#crew.stop();
      throw error instanceof LinkEnded ? fail() : error;
    }
  }

  /** Loads the controllers in every worker, and the certificate, as SIGHUP asks. */
  async reload(): Promise<void> {
    await Promise.all([this.#certificates?.check(), this.#live.reload()]);
  }

  /** The number of the generation that serves in every worker. */
  get generationNumber(): number {
    return this.#generationNumber;
  }

  /** Why the last load was refused; empty if it was not. */
  get lastFault(): string {
    return this.#live.lastFault;
  }

  /** How many sessions are open. */
  get sessionCount(): number {
    return this.#counts.open;
  }

  /** Has every worker stop as `App.stop` does. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    await this.#crew.stop();
    clearTimeout(this.#retiring);
    this.#openFiles.stop();
    this.#memory.stop();
    this.#notes?.stop();
    this.#counts.stop();
    this.#certificates?.stop();
    await this.#live.stop();
  }

  /** What this thread knows by name, which no worker does. */
  #answer(name: string, argument: unknown): unknown {
    if (name === "loads") return this.#loads.read();
    return name === INSPECTOR ? this.#notes?.read(argument as FactsQuery) : undefined;
  }

  #watchAround(): void {
    this.#counts.start();
    this.#openFiles.start();
    this.#memory.start();
    if (this.#certificate === undefined) return;
    this.#certificates = new CertificateWatcher({
      files: this.#options.config,
      certificate: this.#certificate,
      renew: (next) => this.#renew(next),
    });
    this.#certificates.start();
  }

  /**
   * Loads a generation in every worker, in one of them first: a module that ends its thread ends only that one.
   *
   * @throws {Fault} `WORKER` if it did; {AggregateError} of the controllers' faults, each once. Then no worker has it.
   */
  async #load(number: number): Promise<CrewGeneration> {
    const first = await this.#findResponsive();
    const { members } = this.#crew;
    const generation = { number, members, hasServed: false, controllers: [] as ControllerInfo[], kept: 0 };
    const dispose = async () => {
      // What has served is ended by each worker, when the next one serves.
      if (!generation.hasServed) for (const { thread } of members) thread.link.tell("drop", undefined);
    };
    try {
      Object.assign(generation, await first.thread.link.ask("stage", number));
      const others = members.filter((member) => member !== first);
      const loaded = await Promise.allSettled(others.map(({ thread }) => thread.link.ask("stage", number)));
      const faults = loaded.flatMap((each) => (each.status === "rejected" ? [each.reason as unknown] : []));
      // One that has ended meanwhile is replaced, and loads it then.
      const real = faults.filter((fault) => !(fault instanceof LinkEnded));
      if (real.length > 0) throw new AggregateError(uniteFaults(real));
    } catch (error) {
      await dispose();
      if (!(error instanceof LinkEnded)) throw error;
      throw new Fault("WORKER", `Cannot load the controllers: that ended worker ${first.number} (${error.message})`);
    }
    return Object.assign(generation, { dispose });
  }

  /** The first worker whose event loop turns: one that is held may end at any moment, which says nothing of the controllers. */
  async #findResponsive(): Promise<Member> {
    for (const member of this.#crew.members) {
      const answer = member.thread.link.ask("read", { name: "", argument: undefined });
      if (
        await answer.then(
          () => true,
          () => false,
        )
      )
        return member;
    }
    throw new Fault("WORKER", `Cannot load the controllers: no worker runs`);
  }

  async #swap(next: CrewGeneration): Promise<void> {
    next.hasServed = true;
    await Promise.allSettled(next.members.map(({ thread }) => thread.link.ask("swap", undefined)));
    this.#generationNumber = next.number;
  }

  /** Has a new worker serve what the others serve. */
  async #join(member: Member): Promise<void> {
    const { link } = member.thread;
    for (;;) {
      await this.#live.settle();
      const { number } = this.#live.current;
      // Alone: what cannot be loaded any more is its fault only.
      await link.ask("stage", number);
      if (this.#live.isAsLoaded && this.#live.current.number === number) {
        link.tell("swap", undefined);
        this.#crew.add(member);
        break;
      }
      await link.ask("drop", undefined);
      if (this.#live.current.number !== number) continue;
      // The folder is another one than that which serves: all load it.
      this.#crew.add(member);
      await this.#live.reload();
      if (this.#live.lastFault === "") break;
      this.#crew.remove(member);
      throw new Error(this.#live.lastFault);
    }
    await this.#listen(member);
  }

  async #listen({ thread }: Member): Promise<URL> {
    return new URL(await thread.link.ask("listen", { port: this.#port, certificate: this.#certificate }));
  }

  /**
   * Serves `certificate` to all who connect from now on.
   *
   * Each worker opens another socket with it. The kernel gives new connections to those, and what the sockets before
   * them were given is accepted before they are closed.
   */
  async #renew(certificate: Certificate): Promise<void> {
    this.#retire();
    const steering = new Steering(this.#port);
    const before = steering.count();
    await Promise.all(this.#crew.members.map(({ thread }) => thread.link.ask("openNext", certificate)));
    this.#certificate = certificate;
    const opened = steering.count() - before;
    const isSteered = opened > 0 && steering.steer({ first: before, count: opened });
    this.#finishRenewal = () => {
      // One that stays where it is, whichever of the others closes first.
      if (isSteered) steering.steer({ first: before, count: 1 });
      const retiring = this.#crew.members.map(({ thread }) => thread.link.ask("retire", undefined));
      void Promise.allSettled(retiring).then(() => steering.release());
    };
    this.#retiring = setTimeout(() => this.#retire(), isSteered ? HANDOVER_MS : 0);
  }

  /** Ends a renewal that is under way. */
  #retire(): void {
    clearTimeout(this.#retiring);
    this.#finishRenewal();
    this.#finishRenewal = () => {};
  }

  #reloadPages(): void {
    this.#pagesVersion = createPagesVersion();
    for (const { thread } of this.#crew.members) thread.link.tell("reloadPages", this.#pagesVersion);
  }

  #setOutOfFiles(isOut: boolean): void {
    for (const { thread } of this.#crew.members) thread.link.tell("setOutOfFiles", isOut);
    // What could not be loaded may have had nothing wrong with it.
    if (!isOut && this.lastFault !== "") void this.#live.reload();
  }
}
