import { FaultBook, type FaultBookOptions } from "../../../controllers/fault-book.ts";
import { LogBook } from "../../../core/log-book.ts";
import type { FactsQuery, NotedPart } from "./facts.ts";

export type NotesOptions = FaultBookOptions & {
  /** Why the last load was refused; empty if it was not. */
  lastFault: () => string;
};

/** What one thread of the server logs: its lines, and the faults among them. */
export class Notes {
  readonly source: string = crypto.randomUUID().slice(0, 8);
  readonly #log: LogBook;
  readonly #faults: FaultBook;
  readonly #lastFault: () => string;

  constructor({ lastFault, ...options }: NotesOptions) {
    this.#lastFault = lastFault;
    this.#log = new LogBook(options.now);
    this.#faults = new FaultBook(options);
    this.#log.start();
    this.#faults.start();
  }

  stop(): void {
    this.#log.stop();
    this.#faults.stop();
  }

  read({ after }: FactsQuery): NotedPart {
    return {
      source: this.source,
      lines: this.#log.readAfter(after.lines[this.source] ?? 0),
      faults: this.#faults.list(),
      lastFault: this.#lastFault(),
    };
  }
}
