import { Fault } from "../../core/errors.ts";

/** What is wrong with one option of `jwt`. */
export function optionFault(name: string, is: string, wanted: string): Fault {
  return new Fault("AUTH_OPTIONS", `Cannot check tokens with "${name}": ${is}, expected ${wanted}`);
}
