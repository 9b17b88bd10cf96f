import { type BigIntStats, statSync } from "node:fs";

/** What is at `path`, behind every link; undefined if nothing is, or if it cannot be reached. */
export function lookAt(path: string): BigIntStats | undefined {
  try {
    return statSync(path, { bigint: true, throwIfNoEntry: false });
  } catch {
    // ENOTDIR, ENAMETOOLONG, ELOOP: there is nothing there.
    return undefined;
  }
}
