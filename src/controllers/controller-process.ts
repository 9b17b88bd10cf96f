import { Fault } from "../core/errors.ts";

type Listener = (...values: unknown[]) => void;

/** How `process` takes and gives up listeners. */
const adds = ["on", "addListener", "once", "prependListener", "prependOnceListener"] as const;
const removes = ["off", "removeListener"] as const;

/**
 * The `process` that the controllers of one generation see.
 *
 * What would end it with every session of every controller is refused, and the listeners that they add end with them.
 */
export class ControllerProcess {
  readonly #listeners: [event: string | symbol, listener: Listener][] = [];
  #isDisposed = false;
  /** What they see. */
  readonly process: object;

  constructor() {
    const own: Record<string, unknown> = {
      removeAllListeners: (event?: string | symbol) => this.#removeAll(event),
    };
    for (const name of ["exit", "reallyExit", "abort"]) own[name] = () => refuseExit(name);
    for (const name of adds)
      own[name] = (event: string | symbol, listener: Listener) => this.#add(name, event, listener);
    for (const name of removes)
      own[name] = (event: string | symbol, listener: Listener) => this.#remove(event, listener);
    this.process = Object.create(
      process,
      Object.fromEntries(Object.entries(own).map(([name, value]) => [name, { value, enumerable: true }])),
    ) as object;
  }

  /** Takes every listener away. */
  dispose(): void {
    this.#isDisposed = true;
    this.#removeAll(undefined);
  }

  #add(name: (typeof adds)[number], event: string | symbol, listener: Listener): object {
    if (this.#isDisposed) return this.process;
    process[name](event as string, listener);
    this.#listeners.push([event, listener]);
    return this.process;
  }

  #remove(event: string | symbol, listener: Listener): object {
    const index = this.#listeners.findLastIndex(([of, one]) => of === event && one === listener);
    if (index >= 0) this.#listeners.splice(index, 1);
    process.off(event as string, listener);
    return this.process;
  }

  /** Of one event, or of all; never those of others. */
  #removeAll(event: string | symbol | undefined): object {
    for (const [of, listener] of this.#listeners.slice())
      if (event === undefined || event === of) this.#remove(of, listener);
    return this.process;
  }
}

function refuseExit(name: string): never {
  throw new Fault(
    "PROCESS_EXIT",
    `Cannot call "process.${name}": a controller does not end the server, expected an exception or close(id)`,
  );
}
