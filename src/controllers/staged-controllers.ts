import type { ControllerInfo } from "./api.ts";
import { type Generation, listControllers } from "./generation.ts";
import type { LiveControllers } from "./live.ts";

/** A generation that is loaded on one of several workers, and serves once all of them have loaded it. */
export class StagedControllers {
  readonly #live: LiveControllers<Generation>;
  #staged: Generation | undefined;

  constructor(live: LiveControllers<Generation>) {
    this.#live = live;
  }

  /**
   * Loads generation `number` beside what serves, until `swap` or `drop`.
   *
   * @throws what `LiveControllers.load` throws
   */
  async load(number: number): Promise<ControllerInfo[]> {
    this.#staged = await this.#live.load(undefined, number);
    return listControllers(this.#staged);
  }

  /** From here on what was loaded serves. */
  swap(): void {
    const next = this.#take();
    if (next !== undefined) void this.#live.swap(next).then((previous) => previous?.dispose());
  }

  /** Ends what was loaded. */
  async drop(): Promise<void> {
    await this.#take()?.dispose(0);
  }

  #take(): Generation | undefined {
    const staged = this.#staged;
    this.#staged = undefined;
    return staged;
  }
}
