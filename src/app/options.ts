import type { OpenBus } from "../bus/bus.ts";
import type { Clock } from "../core/clock.ts";
import type { Config } from "../core/config.ts";
import type { Watchdog } from "../core/watchdog.ts";
import type { Reload } from "../http/admin/inspector/inspector.ts";
import type { SharedCounts } from "../sessions/admissions.ts";

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
  openBus?: OpenBus | undefined;
  /** What all that waits as long as a setting says goes by; the machine's own if absent. */
  clock?: Clock;
  /** Further free identifiers of the controllers' modules. */
  globals?: Readonly<Record<string, unknown>>;
  /** Present if this is one of several workers that share a port. */
  crew?: CrewPart;
};

/** What one of several workers knows of them all. */
export type CrewPart = {
  /** The number of this worker. */
  number: number;
  counts: SharedCounts;
  /** The bus is that of the workers, and ends with the process. */
  hasOwnBus: boolean;
  /** What stands for the pages as they are now. */
  pagesVersion: string;
  /** Asks every worker, this one too: see `Facts`. */
  collect: (name: string, argument: unknown) => Promise<unknown[]>;
  /** Loads the controllers again in every worker. */
  reload: Reload;
};
