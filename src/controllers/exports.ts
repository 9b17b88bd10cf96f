import { Fault, nameKind } from "../core/errors.ts";

/** What a controller's module exports, or gives to `defineController`. */
export type Exports = Readonly<Record<PropertyKey, unknown>>;

/**
 * The function of that name; undefined if there is none.
 *
 * @throws {Fault} `CONTROLLER_SHAPE` if it is something else.
 */
export function takeFunction(
  file: string,
  exports: Exports,
  name: string,
): ((...values: never[]) => unknown) | undefined {
  const value = exports[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "function") throw shapeFault(file, `"${name}" is ${nameKind(value)}, expected a function`);
  return value as (...values: never[]) => unknown;
}

export function shapeFault(file: string, what: string): Fault {
  return new Fault("CONTROLLER_SHAPE", `Cannot load controller "${file}": ${what}`, { place: { file } });
}
