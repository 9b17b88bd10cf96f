import type { WorkerWay } from "../bus/workers.ts";
import type { ControllerInfo } from "../controllers/api.ts";
import type { Config } from "../core/config.ts";
import type { WatchdogMessage } from "../core/watchdog.ts";
import type { Certificate } from "../http/certificate.ts";
import type { CountsMemory } from "./shared-counts.ts";

/** What a worker is started with. */
export type WorkerStart = {
  /** From 1. */
  number: number;
  config: Config;
  /** The controllers folder, absolute. */
  folder: string;
  isEmbedded: boolean;
  version: string;
  pagesVersion: string;
  counts: CountsMemory;
  /** Addresses that have as many sessions as they may. */
  fullAddresses: ReadonlySet<string>;
};

/** What a supervisor calls of its workers. */
export type WorkerCalls = {
  start: (options: WorkerStart) => void;
  /** Adds a way to another worker. */
  addWay: (way: WorkerWay) => void;
  /** Loads a generation beside what serves, until `swap` or `drop`; answers with its controllers. */
  stage: (generation: number) => Promise<{ controllers: ControllerInfo[]; kept: number }>;
  swap: (nothing: undefined) => void;
  drop: (nothing: undefined) => Promise<void>;
  /** Listens; answers with the address to open. */
  listen: (at: { port: number; certificate: Certificate | undefined }) => string;
  /** Serves a certificate beside the one before it, until `retire`. */
  openNext: (certificate: Certificate) => void;
  retire: (nothing: undefined) => void;
  noteFault: (text: string) => void;
  reloadPages: (version: string) => void;
  setOutOfFiles: (isOut: boolean) => void;
  setFull: (address: { address: string; isFull: boolean }) => void;
  /** What is asked for by name: see `Facts`. */
  read: (question: { name: string; argument: unknown }) => unknown;
  /** Closes every session, and stops. */
  stop: (nothing: undefined) => Promise<void>;
};

/** What a worker calls of its supervisor. */
export type SupervisorCalls = {
  /** Writes a line of the log. */
  writeLog: (line: string) => void;
  watch: (message: WatchdogMessage) => void;
  countAddress: (change: { address: string; change: number }) => void;
  /** Asks every worker, this one too, and the supervisor; answers with what those say that answer in time. */
  collect: (question: { name: string; argument: unknown }) => Promise<unknown[]>;
  /** Loads the controllers again in every worker; answers with what serves then. */
  reload: (nothing: undefined) => Promise<{ generation: number; lastFault: string }>;
};
