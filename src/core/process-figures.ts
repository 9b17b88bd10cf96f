import { readdirSync, readFileSync, statSync } from "node:fs";
import { readOpenFileLimit } from "./open-files.ts";

/** What the system says of this process; what it does not say is absent. */
export type ProcessFigures = {
  cpuSeconds: number;
  memoryBytes: number;
  /** Seconds since 1970. */
  startedAt: number;
  openFiles?: number | undefined;
  maxOpenFiles?: number | undefined;
};

/** Linux counts in ticks of this many to a second, whatever the kernel's own are. */
const TICKS_PER_SECOND = 100;

let startedAt: number | undefined;

export function readProcessFigures(): ProcessFigures {
  const { user, system } = process.cpuUsage();
  startedAt ??= readStart() ?? Date.now() / 1000 - process.uptime();
  return {
    cpuSeconds: (user + system) / 1_000_000,
    memoryBytes: process.memoryUsage.rss(),
    startedAt,
    openFiles: countOpenFiles(),
    maxOpenFiles: readOpenFileLimit(),
  };
}

/** When the system started the process: its own clock may begin with a thread. */
function readStart(): number | undefined {
  try {
    const stat = readFileSync("/proc/self/stat", "utf8");
    // The name in parentheses may have anything in it.
    const ticks = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19]);
    const booted = Number(/^btime (\d+)$/m.exec(readFileSync("/proc/stat", "utf8"))?.[1]);
    const start = booted + ticks / TICKS_PER_SECOND;
    return Number.isFinite(start) ? start : undefined;
  } catch {
    return undefined;
  }
}

function countOpenFiles(): number | undefined {
  try {
    // Linux says how many there are since 6.2; before that they must be listed.
    return statSync("/proc/self/fd").size || readdirSync("/proc/self/fd").length;
  } catch {
    return undefined;
  }
}
