import { readFileSync } from "node:fs";

/** Descriptors that are not sessions: files, pipes, the listening socket, a controller's own connections. */
const RESERVED_SHARE = 0.1;
const RESERVED_LEAST = 64;

/** How many files this process may open; undefined where the system does not say (only Linux does). */
export function readOpenFileLimit(): number | undefined {
  try {
    const soft = /^Max open files\s+(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8"))?.[1];
    return soft === undefined ? undefined : Number(soft);
  } catch {
    return undefined;
  }
}

/** How many sessions that leaves room for; 0, for no limit, where it is not known. */
export function countAffordableSessions(openFileLimit: number | undefined): number {
  if (openFileLimit === undefined) return 0;
  const reserved = Math.max(RESERVED_LEAST, Math.ceil(openFileLimit * RESERVED_SHARE));
  return Math.max(1, openFileLimit - reserved);
}
