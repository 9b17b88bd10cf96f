import { describeError, Fault } from "../core/errors.ts";
import { log } from "../core/log.ts";
import { formatCount } from "../core/units.ts";
import { waitAtMost } from "../core/wait-at-most.ts";
import type { ControllerInfo } from "./api.ts";
import { listChanges, type Snapshot, takeSnapshot } from "./snapshot.ts";
import { Watcher } from "./watcher.ts";

/** How often a load is begun anew because the folder changed under it, before its result is taken. */
const MAX_ATTEMPTS = 5;

/** How long `stop` waits for a load that is under way, in milliseconds. */
const STOP_GRACE_MS = 1000;

/** A generation that is loaded: of this event loop, or the same one of several. */
export type Loaded = {
  readonly number: number;
  /** Ends it once its running handlers are done, or after `handlersMs`. */
  dispose(handlersMs?: number): Promise<void>;
};

export type LiveOptions<Generation extends Loaded> = {
  folder: string;
  /**
   * Loads `folder` beside what serves.
   *
   * @param snapshot what the folder looks like
   */
  load: (number: number, snapshot: Snapshot | undefined) => Promise<Generation>;
  list: (generation: Generation) => readonly ControllerInfo[];
  /** Reload by itself when a file changes. */
  watch: boolean;
  /**
   * A generation is loaded and serves from now on; the one before it, if any, still finishes its handlers. A load ends when
   * what this returns has been kept.
   */
  onSwap: (next: Generation, previous: Generation | undefined) => void | Promise<void>;
  /** A load was refused: the generation that serves stays. */
  onRefuse?: (fault: string) => void;
  /** A file in `public/` changed. */
  onPageChange: () => void;
  /** The folder was loaded again: what it is now serves, or was refused. */
  onReload: (result: "loaded" | "refused") => void;
  /** How many values are kept: what the log says of a reload. */
  countKept: () => number;
};

/**
 * The controllers folder as it is edited: always one generation that serves, and the next one loaded beside it.
 *
 * A generation with any fault is dropped and the one before it keeps serving.
 */
export class LiveControllers<Generation extends Loaded> {
  readonly #options: LiveOptions<Generation>;
  #current: Generation | undefined;
  /** What the current generation, or the last one that failed, was loaded from. */
  #loadedFrom: Snapshot | undefined;
  #number = 0;
  #reloading: Promise<void> | undefined;
  #isStale = false;
  #lastFault = "";
  #watcher: Watcher | undefined;

  constructor(options: LiveOptions<Generation>) {
    this.#options = options;
  }

  /** The generation that serves. */
  get current(): Generation {
    if (this.#current === undefined) throw new Error("The controllers have not been loaded");
    return this.#current;
  }

  /** Why the last load was refused; empty if it was not. */
  get lastFault(): string {
    return this.#lastFault;
  }

  /**
   * Loads the first generation, and begins to watch.
   *
   * @throws {Fault} if the folder cannot be served; {AggregateError} of the controllers' faults.
   */
  async start(): Promise<void> {
    const { folder, watch } = this.#options;
    const snapshot = takeSnapshot(folder);
    this.#loadedFrom = snapshot;
    const startedAt = performance.now();
    const first = await this.load(snapshot);
    await this.swap(first);
    logStart(first.number, this.#options.list(first), performance.now() - startedAt);
    if (watch) this.#watcher = new Watcher({ folder, onQuiet: (snapshot) => this.#compare(snapshot) });
  }

  /** Loads the folder again, whether it changed or not; resolves when the result serves or was refused. */
  reload(): Promise<void> {
    this.#isStale = true;
    this.#reloading ??= this.#reload().finally(() => {
      this.#reloading = undefined;
    });
    return this.#reloading;
  }

  /** A load was refused, here or by whoever else loads. */
  noteFault(text: string): void {
    this.#lastFault = text;
    this.#options.onRefuse?.(text);
  }

  /** Resolves when no load is under way. */
  async settle(): Promise<void> {
    while (this.#reloading !== undefined) await this.#reloading;
  }

  /** Whether the folder is what it was when it was loaded last, and that serves. */
  get isAsLoaded(): boolean {
    return this.#lastFault === "" && this.#reloading === undefined && this.#isAsIn(this.#loadedFrom);
  }

  /** Ends the generation that serves; a load that does not end soon is left to itself. */
  async stop(): Promise<void> {
    this.#watcher?.stop();
    if (this.#reloading !== undefined) await waitAtMost(this.#reloading, STOP_GRACE_MS);
    await this.#current?.dispose(0);
  }

  #compare(snapshot: Snapshot | undefined): void {
    const before = this.#loadedFrom;
    if (snapshot === undefined) {
      const text = `The controllers folder is gone or may not be read: generation ${this.current.number} keeps serving`;
      this.noteFault(text);
      if (before !== undefined) log.warning(text);
      this.#loadedFrom = undefined;
      return;
    }
    if (before === undefined || listChanges(before.files, snapshot.files).length > 0) void this.reload();
    if (before !== undefined && listChanges(before.pages, snapshot.pages).length > 0) {
      this.#loadedFrom = { ...before, pages: snapshot.pages };
      this.#options.onPageChange();
    }
  }

  async #reload(): Promise<void> {
    while (this.#isStale) {
      this.#isStale = false;
      const startedAt = performance.now();
      const before = this.#loadedFrom;
      let generation: Generation;
      try {
        generation = await this.#loadSteady();
      } catch (fault) {
        this.#refuse(fault);
        this.#options.onReload("refused");
        continue;
      }
      const changes = listChanges(
        before?.files ?? new Map<string, string>(),
        this.#loadedFrom?.files ?? new Map<string, string>(),
      );
      const previous = await this.swap(generation);
      logReload(
        generation.number,
        before === undefined ? ["folder is back"] : changes,
        performance.now() - startedAt,
        this.#options.countKept(),
      );
      this.#options.onReload("loaded");
      void previous?.dispose();
    }
  }

  /** Loads until the folder did not change meanwhile: a half-written file is not worth a fault. */
  async #loadSteady(): Promise<Generation> {
    for (let attempt = 1; ; attempt += 1) {
      const snapshot = takeSnapshot(this.#options.folder);
      this.#loadedFrom = snapshot;
      const loading = this.load(snapshot);
      await loading.catch(() => {});
      if (attempt === MAX_ATTEMPTS || this.#isAsIn(snapshot)) return loading;
      await loading.then(
        (generation) => generation.dispose(0),
        () => {},
      );
    }
  }

  #isAsIn(snapshot: Snapshot | undefined): boolean {
    try {
      const now = takeSnapshot(this.#options.folder);
      return now !== undefined && snapshot !== undefined && listChanges(snapshot.files, now.files).length === 0;
    } catch {
      // No more files may be opened: the next attempt says so.
      return false;
    }
  }

  /** Loads a generation, and lets it serve nothing. */
  load(snapshot = takeSnapshot(this.#options.folder), number = this.#number + 1): Promise<Generation> {
    return this.#options.load(number, snapshot);
  }

  /** From here on `next` serves; returns what did before. */
  async swap(next: Generation): Promise<Generation | undefined> {
    const previous = this.#current;
    this.#number = next.number;
    this.#current = next;
    this.#lastFault = "";
    await this.#options.onSwap(next, previous);
    return previous;
  }

  /** Logs why the next generation does not serve, once as long as the reason is the same. */
  #refuse(fault: unknown): void {
    const faults: unknown[] = fault instanceof AggregateError ? fault.errors : [fault];
    const text = faults.map(describeError).join("\n");
    if (text === this.#lastFault) return;
    this.noteFault(text);
    for (const each of faults) {
      const { detail, place } = each instanceof Fault ? each : {};
      log.error(`${describeError(each)}; generation ${this.current.number} keeps serving`, {
        generation: this.current.number,
        ...place,
        detail,
      });
    }
  }
}

function logStart(generation: number, rows: readonly ControllerInfo[], ms: number): void {
  const width = Math.max(...rows.map(({ path }) => path.length));
  const table = rows.map(
    ({ path, file, methods, webSocket }) =>
      `${path.padEnd(width)}  ${file}  ${methods.join(" ")}${webSocket ? " websocket" : ""}`,
  );
  log.info(`Loaded generation ${generation} in ${ms.toFixed(1)} ms: ${formatCount(rows.length, "controller")}`, {
    generation,
    controllers: rows.length,
    ms: roundMs(ms),
    detail: table.join("\n"),
  });
}

function logReload(generation: number, changes: string[], ms: number, kept: number): void {
  const shown = changes.length > 5 ? [...changes.slice(0, 5), `${changes.length - 5} more`] : changes;
  const what = shown.length === 0 ? "nothing changed" : shown.join(" ");
  log.info(`Loaded generation ${generation} in ${ms.toFixed(1)} ms: ${what}; ${formatCount(kept, "value")} kept`, {
    generation,
    changes,
    ms: roundMs(ms),
    kept,
  });
}

function roundMs(ms: number): number {
  return Math.round(ms * 10) / 10;
}
