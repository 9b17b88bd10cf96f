import { dlopen, ptr } from "bun:ffi";
import { readFileSync } from "node:fs";

/** What a process has used so far. */
export type ProcessTimes = {
  /** Seconds of CPU, user and system, of all its threads, also of those that have ended. */
  cpuSeconds: number;
  /** The part of it that was spent outside of the kernel. */
  userSeconds: number;
};

/** `CPUCLOCK_SCHED` of Linux: the clock that counts what the scheduler gave to a process, in nanoseconds. */
const CPU_CLOCK = 2;

const { symbols } = dlopen("libc.so.6", { clock_gettime: { args: ["i32", "ptr"], returns: "i32" } });

/**
 * Reads a process's CPU clock (clock_getcpuclockid(3)), and the user share from `/proc/PID/stat`.
 *
 * `/proc/PID/stat` alone counts in hundredths of a second, which is too coarse for a short run.
 *
 * @throws {Error} if there is no such process
 */
export function readTimes(pid: number): ProcessTimes {
  const time = new BigInt64Array(2);
  if (symbols.clock_gettime((~pid << 3) | CPU_CLOCK, ptr(time)) !== 0)
    throw new Error(`Cannot read the CPU time of process ${pid}: it has ended`);
  const cpuSeconds = Number(time[0]) + Number(time[1]) / 1e9;
  const { user, system } = parseStat(readFileSync(`/proc/${pid}/stat`, "utf8"));
  return { cpuSeconds, userSeconds: user + system === 0 ? 0 : (cpuSeconds * user) / (user + system) };
}

/** Ticks of user and system time in the text of `/proc/PID/stat`; the command's name may hold spaces and brackets. */
export function parseStat(text: string): { user: number; system: number } {
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return { user: Number(fields[11]), system: Number(fields[12]) };
}

/** Bytes of memory that are the process's own, shared pages counted by their share (PSS). */
export function readMemory(pid: number): number {
  return parseMemory(readFileSync(`/proc/${pid}/smaps_rollup`, "utf8"));
}

/**
 * The bytes that a text such as `/proc/PID/smaps_rollup` gives for `name`.
 *
 * @throws {Error} if it has no such line
 */
export function parseMemory(text: string, name = "Pss"): number {
  const kilobytes = new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(text)?.[1];
  if (kilobytes === undefined) throw new Error(`Cannot read memory: there is no line "${name}"`);
  return Number(kilobytes) * 1024;
}

/** How many files (and so sockets) a process may open, from the text of `/proc/PID/limits`; Infinity for unlimited. */
export function parseOpenFiles(text: string): number {
  const soft = /^Max open files\s+(\S+)/m.exec(text)?.[1];
  return soft === undefined || soft === "unlimited" ? Number.POSITIVE_INFINITY : Number(soft);
}

/**
 * Makes sure that `sessions` sockets can be opened to one address.
 *
 * @throws {Error} that says what to raise
 */
export function checkLimits(sessions: number): void {
  const files = parseOpenFiles(readFileSync("/proc/self/limits", "utf8"));
  const wanted = sessions + 100;
  if (files < wanted)
    throw new Error(
      `Cannot open ${sessions} sessions: a process may open ${files} files here, expected ${wanted} (ulimit -n ${wanted})`,
    );
  const [first = 0, last = 0] = readFileSync("/proc/sys/net/ipv4/ip_local_port_range", "utf8").split("\t").map(Number);
  if (last - first < wanted)
    throw new Error(
      `Cannot open ${sessions} sessions: there are ${last - first} local ports, expected ${wanted} (sysctl -w net.ipv4.ip_local_port_range="10000 65000")`,
    );
}
