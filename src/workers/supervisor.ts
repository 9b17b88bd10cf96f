import { Surroundings } from "../app/surroundings.ts";
import { LoadCounts } from "../controllers/load-counts.ts";
import { LiveControllers } from "../controllers/live.ts";
import { resolveLinks } from "../controllers/snapshot.ts";
import type { Config } from "../core/config.ts";
import { Fault } from "../core/errors.ts";
import { writeLogLine } from "../core/log.ts";
import { type Certificate, readCertificate } from "../http/certificate.ts";
import { findFreePort } from "../http/listener.ts";
import { createPagesVersion } from "../http/live-pages.ts";
import { INSPECTOR } from "../http/admin/inspector/inspector.ts";
import { Notes } from "../http/admin/inspector/notes.ts";
import type { FactsQuery } from "../http/admin/inspector/facts.ts";
import { Crew, type Member } from "./crew.ts";
import { type CrewGeneration, loadCrewGeneration, swapCrew } from "./crew-generation.ts";
import { CrewRenewal } from "./crew-renewal.ts";
import { LinkEnded } from "./link.ts";
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
  readonly #surroundings: Surroundings;
  readonly #renewal: CrewRenewal;
  #certificate: Certificate | undefined;
  #pagesVersion = createPagesVersion();
  #port = 0;
  #generationNumber = 0;
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
    this.#renewal = new CrewRenewal(this.#crew);
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
      load: (number) => loadCrewGeneration(this.#crew, number),
      list: ({ controllers }) => controllers,
      watch: config.watch && !isEmbedded,
      onSwap: async (next) => {
        await swapCrew(next);
        this.#generationNumber = next.number;
      },
      onRefuse: (fault) => {
        for (const { thread } of this.#crew.members) thread.link.tell("noteFault", fault);
      },
      onPageChange: () => this.#reloadPages(),
      onReload: (result) => this.#loads.count(result),
      countKept: () => this.#live.current.kept,
    });
    this.#surroundings = new Surroundings({
      certificateFiles: config,
      renew: async (next) => {
        await this.#renewal.renew(next, this.#port);
        this.#certificate = next;
      },
      setOutOfFiles: (isOut) => {
        for (const { thread } of this.#crew.members) thread.link.tell("setOutOfFiles", isOut);
      },
      controllers: this.#live,
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
      this.#counts.start();
      this.#surroundings.start(this.#certificate);
      return url ?? fail();
    } catch (error) {
      await this.#crew.stop();
      throw error instanceof LinkEnded ? fail() : error;
    }
  }

  /** Loads the controllers in every worker, and the certificate, as SIGHUP asks. */
  async reload(): Promise<void> {
    await Promise.all([this.#surroundings.checkCertificate(), this.#live.reload()]);
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
    this.#renewal.stop();
    this.#surroundings.stop();
    this.#notes?.stop();
    this.#counts.stop();
    await this.#live.stop();
  }

  /** What this thread knows by name, which no worker does. */
  #answer(name: string, argument: unknown): unknown {
    if (name === "loads") return this.#loads.read();
    return name === INSPECTOR ? this.#notes?.read(argument as FactsQuery) : undefined;
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

  #reloadPages(): void {
    this.#pagesVersion = createPagesVersion();
    for (const { thread } of this.#crew.members) thread.link.tell("reloadPages", this.#pagesVersion);
  }
}
