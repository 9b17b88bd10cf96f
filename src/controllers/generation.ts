import { AsyncLocalStorage } from "node:async_hooks";
import { describeError, Fault, toShowable } from "../core/errors.ts";
import { log } from "../core/log.ts";
import { waitAtMost } from "../core/wait-at-most.ts";
import type { ControllerInfo } from "./api.ts";
import { ControllerProcess } from "./controller-process.ts";
import { type Controller, findControllers, loadController } from "./loader.ts";
import type { Snapshot } from "./snapshot.ts";
import { describeThrown } from "./thrown.ts";

/** How long running handlers may take to finish before their generation is disposed, in milliseconds. */
const DISPOSE_GRACE_MS = 10_000;

export type GenerationOptions = {
  folder: string;
  /** What the folder looks like; looked at if absent. */
  snapshot?: Snapshot | undefined;
  number: number;
  /** Free identifiers of all of the folder's modules. */
  globals: Record<string, unknown>;
};

/** What waits for the end of an asynchronous handler: a session, a request. */
export type Waiting = {
  /** Where the generation keeps it, set by `begin`. */
  place: number;
  /** The handler is given up, because its generation was disposed. */
  giveUp: (fault: Fault) => void;
};

/**
 * One loaded version of the whole controllers folder, as one `Bun.ModuleGraph`.
 *
 * What its code opens (timers, servers, sockets, listeners of `process`) is closed with it, and what its code throws, now or later, stays in it.
 */
export class Generation {
  readonly folder: string;
  readonly number: number;
  /** By path pattern, the most specific first. */
  readonly controllers: ReadonlyMap<string, Controller>;
  readonly #graph: Bun.ModuleGraph;
  readonly #process: ControllerProcess;
  /** Calls a function in the graph's context, at a fraction of the cost of `graph.run`. */
  readonly #asGraph: ReturnType<typeof AsyncLocalStorage.snapshot>;
  readonly #waiting: Waiting[] = [];
  #idle: PromiseWithResolvers<void> | undefined;

  private constructor(
    { folder, number }: GenerationOptions,
    graph: Bun.ModuleGraph,
    guarded: ControllerProcess,
    controllers: Controller[],
  ) {
    this.folder = folder;
    this.number = number;
    this.#graph = graph;
    this.#process = guarded;
    this.#asGraph = graph.run(() => AsyncLocalStorage.snapshot());
    this.controllers = new Map(controllers.map((controller) => [controller.path, controller]));
  }

  /**
   * Loads every controller of the folder and checks it.
   *
   * @throws {Fault} if the folder cannot be served; {AggregateError} of all the controllers' faults otherwise.
   */
  static async load(options: GenerationOptions): Promise<Generation> {
    const { folder, snapshot, globals } = options;
    const { files, faults: misnamed } = findControllers(folder, snapshot);
    const guarded = new ControllerProcess();
    const graph = new Bun.ModuleGraph({
      globals: { ...globals, process: guarded.process },
      onError: (error) => logLateError(error, folder),
    });
    const faults: unknown[] = [...misnamed];
    const controllers: Controller[] = [];
    for (const file of files) {
      try {
        controllers.push(await loadController(folder, file, (path) => graph.import<Record<string, unknown>>(path)));
      } catch (error) {
        faults.push(error);
      }
    }
    if (faults.length > 0) {
      guarded.dispose();
      graph.dispose();
      throw new AggregateError(
        faults,
        `Cannot load the controllers in "${folder}": ${faults.length} of ${files.length + misnamed.length} have a fault`,
      );
    }
    return new Generation(options, graph, guarded, controllers);
  }

  /** Calls a controller's function in the generation's context; throws what it throws. */
  run<Argument, Result>(call: (argument: Argument) => Result, argument: Argument): Result {
    return this.#asGraph(call, argument);
  }

  /**
   * Makes a function that calls `call` in the generation's context, for what is called for each message.
   *
   * It costs a tenth of `run`, which all calls go through and which the runtime therefore cannot compile into its caller.
   */
  bind<Argument, Result>(call: (argument: Argument) => Result): (argument: Argument) => Result {
    const asGraph = this.#asGraph;
    return (argument) => asGraph(call, argument);
  }

  /** `waiting` waits for a handler of this generation's, until `end`. */
  begin(waiting: Waiting): void {
    waiting.place = this.#waiting.length;
    this.#waiting.push(waiting);
  }

  end(waiting: Waiting): void {
    const last = this.#waiting.pop();
    if (last !== undefined && last !== waiting) {
      this.#waiting[waiting.place] = last;
      last.place = waiting.place;
    }
    if (this.#waiting.length === 0) this.#idle?.resolve();
  }

  /**
   * Follows a promise of the generation's: it settles as `promise` does, or rejects when the generation is disposed first.
   */
  async follow<T>(promise: PromiseLike<T>): Promise<T> {
    const givenUp = Promise.withResolvers<never>();
    const waiting: Waiting = { place: 0, giveUp: givenUp.reject };
    this.begin(waiting);
    try {
      return await Promise.race([promise, givenUp.promise]);
    } finally {
      this.end(waiting);
    }
  }

  /**
   * Ends the generation once its running handlers are done and its modules' `dispose()` have finished, ten seconds at most
   * for each.
   *
   * @param handlersMs how long running handlers may take instead
   */
  async dispose(handlersMs: number = DISPOSE_GRACE_MS): Promise<void> {
    if (this.#waiting.length > 0) {
      this.#idle = Promise.withResolvers();
      await waitAtMost(this.#idle.promise, handlersMs);
    }
    await waitAtMost(
      Promise.all([...this.controllers.values()].map((controller) => this.#disposeController(controller))),
      DISPOSE_GRACE_MS,
    );
    this.#process.dispose();
    this.#graph.dispose();
    const fault = new Fault(
      "CONTROLLER_ENDED",
      `Cannot finish a handler of generation ${this.number}: it still ran when the generation was disposed, expected it to end within ${DISPOSE_GRACE_MS / 1000} s`,
    );
    for (const waiting of this.#waiting.slice()) waiting.giveUp(fault);
  }

  async #disposeController({ file, dispose }: Controller): Promise<void> {
    if (dispose === undefined) return;
    try {
      await this.#graph.run(dispose);
    } catch (thrown) {
      const error = toShowable(thrown);
      const { where, properties } = describeThrown(error, this.folder);
      log.error(`Controller "${file}" failed in dispose${where}: ${describeError(error)}`, {
        controller: file,
        ...properties,
      });
    }
  }
}

/** What `controllers()` answers: the controllers, sorted by path. */
export function listControllers({ controllers }: Generation): ControllerInfo[] {
  return [...controllers.values()]
    .map(({ path, file, allow, onEvent }) => ({ path, file, methods: [...allow], webSocket: onEvent !== undefined }))
    .sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** What a timer, a floating promise or a socket of a controller's threw. */
function logLateError(thrown: unknown, folder: string): void {
  const error = toShowable(thrown);
  const { where, properties } = describeThrown(error, folder);
  log.error(`A controller failed outside of an event${where}: ${describeError(error)}`, properties);
}
