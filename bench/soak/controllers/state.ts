import { getGroupSize } from "hubbub";
import { accounts, numbers } from "./lib/accounts.ts";
import { version } from "./lib/version.ts";

/** Collects the garbage, so that memory can be compared, and tells the accounts. */
export function get() {
  Bun.gc(true);
  const members = [...numbers.keys()].reduce((sum, name) => sum + getGroupSize(name), 0);
  return { body: { ...accounts, members, version } };
}
