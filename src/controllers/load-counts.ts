/** How often the controllers were loaded again since the start, by how that ended. */
export type Loads = { loaded: number; refused: number };

/** Counts how often the controllers are loaded again. */
export class LoadCounts {
  readonly #loads: Loads = { loaded: 0, refused: 0 };

  count(result: keyof Loads): void {
    this.#loads[result] += 1;
  }

  read(): Loads {
    return { ...this.#loads };
  }
}
