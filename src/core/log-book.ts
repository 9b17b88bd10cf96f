import { followLog, type LogLine } from "./log.ts";

/** So many lines are kept, and so much of each: a megabyte or two in the worst case. */
const KEPT_LINES = 500;
const MAX_TEXT_LENGTH = 1000;
const MAX_DETAIL_LENGTH = 4000;

/** A line of the log as it is kept. */
export type KeptLine = {
  /** Grows by one with each line. */
  number: number;
  /** Milliseconds since 1970. */
  at: number;
  level: LogLine["level"];
  text: string;
  /** Several lines: a stack, a code frame. */
  detail?: string;
  isController: boolean;
};

/** Remembers the newest lines of the log. */
export class LogBook {
  readonly #now: () => number;
  #lines: KeptLine[] = [];
  #count = 0;
  #stop: (() => void) | undefined;

  /** @param now milliseconds since 1970 */
  constructor(now: () => number) {
    this.#now = now;
  }

  start(): void {
    this.#stop ??= followLog((line) => this.#keep(line));
  }

  stop(): void {
    this.#stop?.();
  }

  /** The lines after the one with that number, as far back as they are kept, the oldest first. */
  readAfter(number: number): KeptLine[] {
    // Whoever knows of more lines than there are knows another process.
    const missing = number > this.#count ? this.#lines.length : this.#count - number;
    return missing === 0 ? [] : this.#lines.slice(-Math.min(missing, KEPT_LINES));
  }

  #keep({ level, text, properties: { detail }, isController }: LogLine): void {
    this.#count += 1;
    const line: KeptLine = {
      number: this.#count,
      at: this.#now(),
      level,
      text: cut(text, MAX_TEXT_LENGTH),
      isController,
    };
    if (typeof detail === "string" && detail !== "") line.detail = cut(detail, MAX_DETAIL_LENGTH);
    this.#lines.push(line);
    // Half of them at once, so that a line seldom moves all others.
    if (this.#lines.length >= 2 * KEPT_LINES) this.#lines = this.#lines.slice(-KEPT_LINES);
  }
}

function cut(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`;
}
