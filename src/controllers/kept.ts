import { Fault, nameKind } from "../core/errors.ts";

/** Values that outlive generations: one name space for the whole controllers folder. */
export class Kept {
  readonly #values = new Map<string, unknown>();

  get size(): number {
    return this.#values.size;
  }

  /**
   * The value kept under `name`; `init` makes it the first time.
   *
   * @throws {Fault} `KEPT_NAME` if the name is no text, `KEPT_KIND` if there is no `init`.
   */
  take(name: unknown, init: unknown): unknown {
    if (typeof name !== "string" || name === "") {
      throw new Fault(
        "KEPT_NAME",
        `Cannot keep a value: its name is ${name === "" ? "empty" : nameKind(name)}, expected a text`,
      );
    }
    if (this.#values.has(name)) return this.#values.get(name);
    if (typeof init !== "function") {
      throw new Fault(
        "KEPT_KIND",
        `Cannot keep "${name}": its second argument is ${nameKind(init)}, expected a function that makes the value`,
      );
    }
    const value: unknown = init();
    this.#values.set(name, value);
    return value;
  }
}
