import { closeSync, openSync, readFileSync } from "node:fs";
import { type ClockTimer, systemClock } from "./clock.ts";
import { log } from "./log.ts";

/** How often `OpenFilesWatch` looks, in milliseconds. */
const LOOK_MS = 1000;

/** A lack is logged again after this many milliseconds at the earliest. */
const LOG_INTERVAL_MS = 10_000;

/** Descriptors that are not sessions: files, pipes, the listening socket, a controller's own connections. */
const RESERVED_SHARE = 0.1;
const RESERVED_LEAST = 64;

/** How many files a process, this one if none is named, may open; undefined where the system does not say (only Linux does). */
export function readOpenFileLimit(pid?: number): number | undefined {
  try {
    const soft = /^Max open files\s+(\d+)/m.exec(readFileSync(`/proc/${pid ?? "self"}/limits`, "utf8"))?.[1];
    return soft === undefined ? undefined : Number(soft);
  } catch {
    return undefined;
  }
}

/** How many sessions that leaves room for; 0, for no limit, where it is not known. */
export function countAffordableSessions(openFileLimit: number | undefined): number {
  if (openFileLimit === undefined) return 0;
  const reserved = Math.max(RESERVED_LEAST, Math.ceil(openFileLimit * RESERVED_SHARE));
  return Math.max(1, openFileLimit - reserved);
}

/** How many open files `sessions` need, with room for the rest; 0 where the limit decides how many there are. */
export function countOpenFilesFor(sessions: number | "auto"): number {
  if (sessions === "auto" || sessions === 0) return 0;
  return Math.max(sessions + RESERVED_LEAST, Math.ceil(sessions / (1 - RESERVED_SHARE)));
}

/** Whether the system refused `error`'s call because this process, or the whole machine, has too many files open. */
export function isOutOfFiles(error: unknown): boolean {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return code === "EMFILE" || code === "ENFILE";
}

export type OpenFilesWatchOptions = {
  /** Told every second as long as no file can be opened: closes what can be closed. */
  onLack: () => void;
  /** Files can be opened again. */
  onEnd: () => void;
};

/** Notices when no more files can be opened: the runtime accepts no connection then, and does not say so. */
export class OpenFilesWatch {
  readonly #options: OpenFilesWatchOptions;
  readonly #limit = readOpenFileLimit();
  #timer: ClockTimer | undefined;
  #isLacking = false;
  #loggedAt = -Infinity;

  constructor(options: OpenFilesWatchOptions) {
    this.#options = options;
  }

  start(): void {
    this.#timer = systemClock.setInterval(() => this.#look(), LOOK_MS);
  }

  stop(): void {
    systemClock.clear(this.#timer);
  }

  #look(): void {
    const wasLacking = this.#isLacking;
    this.#isLacking = !canOpenFile();
    if (this.#isLacking) {
      this.#log();
      this.#options.onLack();
    } else if (wasLacking) {
      log.info("Connections are accepted again: files can be opened");
      this.#options.onEnd();
    }
  }

  #log(): void {
    const now = performance.now();
    if (now - this.#loggedAt < LOG_INTERVAL_MS) return;
    this.#loggedAt = now;
    const text = `as many files are open as may be (${this.#limit}), expected a higher limit (ulimit -n, LimitNOFILE=)`;
    log.error(`Cannot accept connections: ${text}`, { limit: this.#limit });
  }
}

function canOpenFile(): boolean {
  try {
    closeSync(openSync("/dev/null", "r"));
    return true;
  } catch (error) {
    return !isOutOfFiles(error);
  }
}
