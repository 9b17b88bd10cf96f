import { Fault, nameKind } from "../core/errors.ts";

/**
 * Values that outlive generations: one name space for the whole controllers folder.
 *
 * A value is made anew only when the process starts. `init` also runs once in each later generation, and what it makes
 * there is only compared with what is kept and dropped: so it makes an empty value and does nothing else.
 */
export class Kept {
  readonly #values = new Map<string, unknown>();
  /** The names that each generation has asked for. */
  readonly #checked = new WeakMap<object, Set<string>>();

  get size(): number {
    return this.#values.size;
  }

  /**
   * The value kept under `name`; `init` makes it the first time.
   *
   * @throws {Fault} `KEPT_NAME` if the name is no text, `KEPT_KIND` if there is no `init` or it makes another kind.
   */
  take(name: unknown, init: unknown): unknown {
    if (typeof name !== "string" || name === "") {
      throw new Fault(
        "KEPT_NAME",
        `Cannot keep a value: its name is ${name === "" ? "empty" : nameKind(name)}, expected a text`,
      );
    }
    if (typeof init !== "function") {
      throw new Fault(
        "KEPT_KIND",
        `Cannot keep "${name}": its second argument is ${nameKind(init)}, expected a function that makes the value`,
      );
    }
    const generation = Bun.ModuleGraph.current;
    const checked = generation === undefined ? undefined : this.#checked.get(generation);
    if (checked?.has(name)) return this.#values.get(name);
    const made: unknown = init();
    if (!this.#values.has(name)) this.#values.set(name, made);
    const kept = this.#values.get(name);
    const [keptKind, madeKind] = [nameClass(kept), nameClass(made)];
    if (keptKind !== madeKind) {
      throw new Fault(
        "KEPT_KIND",
        `Cannot keep "${name}": it is kept as ${keptKind}, but is asked for as ${madeKind}, expected another name or a restart`,
      );
    }
    if (checked !== undefined) checked.add(name);
    else if (generation !== undefined) this.#checked.set(generation, new Set([name]));
    return kept;
  }
}

/** `a Map`, `an Array`, `a Room`: what a kept value is; classes are known by name, for each generation has its own. */
function nameClass(value: unknown): string {
  if (typeof value !== "object" || value === null) return nameKind(value);
  const name =
    (Object.getPrototypeOf(value) as { constructor?: { name?: string } } | null)?.constructor?.name || "Object";
  return `${/^[AEIOU]/.test(name) ? "an" : "a"} ${name}`;
}
