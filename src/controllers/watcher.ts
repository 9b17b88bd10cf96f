import { type FSWatcher, watch } from "node:fs";
import { type ClockTimer, systemClock } from "../core/clock.ts";
import { type Snapshot, takeSnapshot } from "./snapshot.ts";

/** Changes come in bursts: a burst is over when nothing happens for this long, in milliseconds. */
const QUIET_MS = 50;

/** A burst that does not end is looked at all the same after this long. */
const LONGEST_BURST_MS = 1000;

/** How often the folder is looked at when nothing was heard: a link that was moved, a folder that came back. */
const LOOK_MS = 500;

export type WatcherOptions = {
  folder: string;
  /** The folder is quiet and may have changed; undefined if it is gone. */
  onQuiet: (snapshot: Snapshot | undefined) => void;
};

/**
 * Tells when a folder may have changed, whatever changed it: writes in place, renames, a link that points elsewhere.
 *
 * The kernel's events make it fast; a look at the folder now and then makes it certain, for they get lost with the
 * folder that they were about.
 */
export class Watcher {
  readonly #folder: string;
  readonly #onQuiet: WatcherOptions["onQuiet"];
  readonly #watchers = new Map<string, FSWatcher>();
  readonly #look: ClockTimer;
  #quiet: ReturnType<typeof setTimeout> | undefined;
  #burstSince = 0;
  #seen = "";

  constructor({ folder, onQuiet }: WatcherOptions) {
    this.#folder = folder;
    this.#onQuiet = onQuiet;
    this.#observe();
    this.#look = systemClock.setInterval(() => this.#lookAround(), LOOK_MS);
  }

  stop(): void {
    systemClock.clear(this.#look);
    clearTimeout(this.#quiet);
    for (const watcher of this.#watchers.values()) watcher.close();
    this.#watchers.clear();
  }

  #stir(): void {
    const now = performance.now();
    if (this.#quiet === undefined) this.#burstSince = now;
    clearTimeout(this.#quiet);
    const left = Math.max(0, this.#burstSince + LONGEST_BURST_MS - now);
    this.#quiet = setTimeout(() => this.#settle(), Math.min(QUIET_MS, left));
  }

  #settle(): void {
    this.#quiet = undefined;
    const observed = this.#observe();
    if (observed !== undefined) this.#onQuiet(observed.snapshot);
  }

  #lookAround(): void {
    if (this.#quiet !== undefined) return;
    try {
      if (describe(takeSnapshot(this.#folder)) !== this.#seen) this.#stir();
    } catch {
      // No more files may be opened: the next look will tell.
    }
  }

  /** What is there now, listened to; undefined if no more files may be opened: the look now and then comes back to it. */
  #observe(): { snapshot: Snapshot | undefined } | undefined {
    try {
      return { snapshot: this.#follow(takeSnapshot(this.#folder)) };
    } catch {
      this.#seen = "unknown";
      return undefined;
    }
  }

  /** Listens to exactly the folders that are there; a new one may have filled up before it was listened to. */
  #follow(snapshot: Snapshot | undefined): Snapshot | undefined {
    this.#seen = describe(snapshot);
    const wanted = new Set(snapshot?.folders);
    for (const [folder, watcher] of this.#watchers) {
      if (wanted.has(folder)) continue;
      watcher.close();
      this.#watchers.delete(folder);
    }
    let isNew = false;
    for (const folder of wanted) {
      if (this.#watchers.has(folder)) continue;
      isNew = true;
      this.#listen(folder);
    }
    if (!isNew) return snapshot;
    const again = takeSnapshot(this.#folder);
    return describe(again) === this.#seen ? again : this.#follow(again);
  }

  #listen(folder: string): void {
    try {
      const watcher = watch(folder, () => this.#stir());
      watcher.on("error", () => {
        watcher.close();
        this.#watchers.delete(folder);
        this.#stir();
      });
      this.#watchers.set(folder, watcher);
    } catch {
      // It went at this moment, or the system has no more watches: the look now and then still sees it.
    }
  }
}

function describe(snapshot: Snapshot | undefined): string {
  if (snapshot === undefined) return "";
  const { files, pages, folders } = snapshot;
  return String(Bun.hash(JSON.stringify([folders, [...files], [...pages]])));
}
