import type { Location } from "../core/errors.ts";
import { followLog, type LogLine } from "../core/log.ts";
import { readLinesAround, type SourceLine } from "./code-frame.ts";

/** So many controllers have their last fault remembered; then the one that failed longest ago is forgotten. */
const MAX_FAULTS = 100;

const MAX_TEXT_LENGTH = 2000;

/** So many lines before and after the one that failed are shown. */
const LINES_AROUND = 4;

/** What went wrong last with a controller. */
export type KnownFault = {
  /** The controller's file; that of the place if it is in no controller. */
  controller: string;
  /** Milliseconds since 1970. */
  at: number;
  /** The generation that served. */
  generation: number;
  /** What the log says. */
  text: string;
  /** A stack, or what the runtime's parser shows. */
  detail?: string;
  place?: Location;
  /** The lines around the place, as they were then; absent if the file could not be read. */
  frame?: SourceLine[];
  /** How often the same went wrong since. */
  count: number;
};

export type FaultBookOptions = {
  folder: string;
  /** The number of the generation that serves. */
  generation: () => number;
  /** Milliseconds since 1970. */
  now: () => number;
};

/** Remembers the last fault of each controller, as the log tells it, with the code around its place. */
export class FaultBook {
  readonly #options: FaultBookOptions;
  /** The one that failed longest ago first. */
  readonly #faults = new Map<string, KnownFault>();
  #stop: (() => void) | undefined;

  constructor(options: FaultBookOptions) {
    this.#options = options;
  }

  start(): void {
    this.#stop ??= followLog((line) => this.#note(line));
  }

  stop(): void {
    this.#stop?.();
  }

  /** The newest first. */
  list(): KnownFault[] {
    return [...this.#faults.values()].reverse();
  }

  #note({ level, text, properties }: LogLine): void {
    if (level !== "error") return;
    const place = readPlace(properties);
    const controller = typeof properties["controller"] === "string" ? properties["controller"] : place?.file;
    if (controller === undefined) return;
    const generation = this.#options.generation();
    const at = this.#options.now();
    const known = this.#faults.get(controller);
    this.#faults.delete(controller);
    // One that fails with every message is not to read its file each time.
    if (known !== undefined && known.generation === generation && isSamePlace(known.place, place)) {
      this.#faults.set(controller, { ...known, at, text: cut(text), count: known.count + 1 });
      return;
    }
    const { detail } = properties;
    const frame = place === undefined ? undefined : readLinesAround(this.#options.folder, place, LINES_AROUND);
    this.#faults.set(controller, {
      controller,
      at,
      generation,
      text: cut(text),
      ...(typeof detail === "string" && { detail: cut(detail) }),
      ...(place !== undefined && { place }),
      ...(frame !== undefined && { frame }),
      count: 1,
    });
    const [oldest] = this.#faults.keys();
    if (this.#faults.size > MAX_FAULTS && oldest !== undefined) this.#faults.delete(oldest);
  }
}

function readPlace({ file, line, column }: LogLine["properties"]): Location | undefined {
  return typeof file === "string" && typeof line === "number" && typeof column === "number" && line > 0
    ? { file, line, column }
    : undefined;
}

function isSamePlace(one: Location | undefined, other: Location | undefined): boolean {
  return one?.file === other?.file && one?.line === other?.line && one?.column === other?.column;
}

function cut(text: string): string {
  return text.length <= MAX_TEXT_LENGTH ? text : `${text.slice(0, MAX_TEXT_LENGTH - 1)}…`;
}
