/** At most `capacity` of many values, each with the same chance to be among them (reservoir sampling). */
export class Sample {
  readonly #values: Float64Array;
  #seen = 0;

  constructor(capacity: number) {
    this.#values = new Float64Array(capacity);
  }

  add(value: number): void {
    const at = this.#seen < this.#values.length ? this.#seen : Math.floor(Math.random() * (this.#seen + 1));
    if (at < this.#values.length) this.#values[at] = value;
    this.#seen += 1;
  }

  clear(): void {
    this.#seen = 0;
  }

  get values(): Float64Array {
    return this.#values.subarray(0, Math.min(this.#seen, this.#values.length));
  }
}
