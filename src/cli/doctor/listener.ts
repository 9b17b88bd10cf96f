import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/** A process that listens on a port of this machine. */
export type PortUser = { pid: number; name: string };

/** The state of a listening socket in `/proc/net/tcp`. */
const LISTENING = "0A";

/** Who listens on `port`; undefined if nobody does, or if this user or this system does not say. */
export function findPortUser(port: number): PortUser | undefined {
  const sockets = new Set(["/proc/net/tcp", "/proc/net/tcp6"].flatMap((table) => listSockets(table, port)));
  if (sockets.size === 0) return undefined;
  for (const pid of list("/proc").filter((name) => /^\d+$/.test(name))) {
    const files = list(`/proc/${pid}/fd`);
    if (files.some((file) => sockets.has(read(() => readlinkSync(`/proc/${pid}/fd/${file}`)))))
      return { pid: Number(pid), name: read(() => readFileSync(`/proc/${pid}/comm`, "utf8")).trim() };
  }
  return undefined;
}

/** The sockets that listen on `port`, as a process has them open: `socket:[4711]`. */
function listSockets(table: string, port: number): string[] {
  return read(() => readFileSync(table, "latin1"))
    .split("\n")
    .flatMap((line) => {
      const [, local = "", , state, , , , , , inode] = line.trim().split(/\s+/);
      const isIt = state === LISTENING && Number.parseInt(local.split(":")[1] ?? "", 16) === port;
      return isIt ? [`socket:[${inode}]`] : [];
    });
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** What is read, or nothing: a process may have ended, or belong to another user. */
function read(look: () => string): string {
  try {
    return look();
  } catch {
    return "";
  }
}
