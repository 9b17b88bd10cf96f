/** Counts values by size: how many were at most as large as each bound, and their sum. */
export class Histogram {
  readonly #bounds: readonly number[];
  /** How many are above the bound before and at most this one; the last ones are above all. */
  readonly counts: number[];
  sum = 0;

  /** @param bounds upper bounds, the smallest first */
  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.counts = Array<number>(bounds.length + 1).fill(0);
  }

  /** Counts `value`, which stands for `weight` of them. */
  add(value: number, weight: number): void {
    const bounds = this.#bounds;
    let index = 0;
    while (index < bounds.length && value > (bounds[index] as number)) index += 1;
    this.counts[index] = (this.counts[index] as number) + weight;
    this.sum += value * weight;
  }
}
