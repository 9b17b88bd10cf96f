import { readFileSync } from "node:fs";

/** The proportional set size of a process in bytes: what it alone would give back (Linux). */
export function measureMemory(pid: number): number {
  const kilobytes = /^Pss:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, "utf8"))?.[1];
  if (kilobytes === undefined) throw new Error(`Cannot measure process ${pid}: smaps_rollup has no Pss line`);
  return Number(kilobytes) * 1024;
}
