// `bun run bench:sessions`: what one idle session takes, of everything that is in its way.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { programs } from "../deploy/cluster/reference.ts";
import { findFreePort } from "../test/support/free-port.ts";
import { waitFor } from "../test/support/session.ts";
import { findCase, toJob } from "./cases.ts";
import { writeSection } from "./document.ts";
import { IdleSessions } from "./idle-sessions.ts";
import { checkLimits, parseMemory, readMemory, readTimes } from "./process.ts";
import { buildContenders, type Contender, endWithThis, type RunningServer, startServer } from "./servers.ts";
import { formatNumber, formatTable } from "./table.ts";

const USAGE = `bun run bench:sessions [--write]

  --write  writes the table into docs/scaling.md

What one idle session takes of a node, of the kernel, and of HAProxy before it. Nothing else should run on the machine.`;

/** Half of them are opened first, for what is allocated once. */
const SESSIONS = 6000;

const PINGED = 2000;

const PING_SECONDS = 8;

/** So long after the last session was opened, in milliseconds, memory is read. */
const SETTLE_MS = 1500;

type Figures = { node: number; kernel: number; haproxy: number };

/** Bytes for each session, of the node and of HAProxy if the sessions go through it, and of the kernel for one end of a connection. */
async function measureMemory(hubbub: Contender, isProxied: boolean): Promise<Figures> {
  await using node = await startServer(toCommand(hubbub, []));
  await using front = isProxied ? await startHaproxy(node.port) : undefined;
  const known = findCase("idle");
  if (known === undefined) throw new Error("There is no idle case");
  const job = toJob(known, { name: "hubbub", port: front?.port ?? node.port, pid: node.pid });
  const sessions = new IdleSessions(job);
  const read = async () => {
    await Bun.sleep(SETTLE_MS);
    for (let round = 0; round < 3; round += 1) await (await fetch(`http://127.0.0.1:${node.port}/collect`)).text();
    const haproxy = front === undefined ? Number.NaN : readMemory(front.pid);
    return { node: readMemory(node.pid), kernel: readKernelMemory(), haproxy };
  };
  await sessions.open(SESSIONS / 2, 32);
  const before = await read();
  await sessions.open(SESSIONS / 2, 32);
  const after = await read();
  sessions.end();
  const grown = (key: keyof Figures) => (after[key] - before[key]) / (SESSIONS / 2);
  // Both ends of a connection are on this machine.
  return { node: grown("node"), kernel: grown("kernel") / (isProxied ? 4 : 2), haproxy: grown("haproxy") };
}

/** Seconds of CPU that a node takes for one ping and its pong. */
async function measurePing(hubbub: Contender): Promise<number> {
  const [idle, pinged] = [await measureLoad(hubbub, "0"), await measureLoad(hubbub, "1s")];
  return (pinged - idle) / PINGED;
}

/** Seconds of CPU that a node with many silent sessions takes in a second. */
async function measureLoad(hubbub: Contender, ping: string): Promise<number> {
  await using node = await startServer(toCommand(hubbub, ["--ping", ping]));
  const sockets: WebSocket[] = [];
  for (let count = 0; count < PINGED; count += 1) {
    const socket = new WebSocket(`ws://127.0.0.1:${node.port}/upgrade`);
    sockets.push(socket);
    if (count % 50 === 49) await waitFor(() => socket.readyState === WebSocket.OPEN, "session");
  }
  await waitFor(() => sockets.every(({ readyState }) => readyState === WebSocket.OPEN), "sessions");
  await Bun.sleep(SETTLE_MS);
  const before = readTimes(node.pid).cpuSeconds;
  await Bun.sleep(PING_SECONDS * 1000);
  const load = (readTimes(node.pid).cpuSeconds - before) / PING_SECONDS;
  for (const socket of sockets) socket.terminate();
  return load;
}

function toCommand(hubbub: Contender, flags: readonly string[]): string[] {
  const command = hubbub.command({ kind: "upgrade", compress: false, flags });
  if (command === undefined) throw new Error("Hubbub has no such command");
  return command;
}

async function startHaproxy(nodePort: number): Promise<RunningServer> {
  const port = findFreePort();
  const node = `127.0.0.1:${nodePort}`;
  const child = Bun.spawn([programs.haproxy, "-db", "-f", join(import.meta.dir, "../deploy/cluster/haproxy.cfg")], {
    env: { CLUSTER_ADDRESS: `127.0.0.1:${port}`, CLUSTER_NODE1: node, CLUSTER_NODE2: node },
    stdout: "ignore",
    stderr: "ignore",
  });
  const ended = endWithThis(child);
  const answers = async () => (await fetch(`http://127.0.0.1:${port}/-/ready`).catch(() => undefined))?.status === 200;
  await waitFor(answers, "answer through HAProxy");
  return { port, pid: child.pid, ...ended };
}

/** What the kernel holds for sockets and files. */
function readKernelMemory(): number {
  const pages = /^TCP:.* mem (\d+)$/m.exec(readFileSync("/proc/net/sockstat", "utf8"))?.[1];
  return parseMemory(readFileSync("/proc/meminfo", "utf8"), "Slab") + Number(pages ?? 0) * 4096;
}

if (import.meta.main) {
  const argv = process.argv.slice(2);
  if (argv.some((word) => word !== "--write")) console.log(USAGE);
  else {
    checkLimits(2 * SESSIONS);
    using builds = await buildContenders();
    const direct = await measureMemory(builds.hubbub, false);
    const proxied = await measureMemory(builds.hubbub, true);
    const pingSeconds = await measurePing(builds.hubbub);
    const rows = [
      ["Memory of the node's process", `${formatNumber(direct.node)} bytes`],
      ["Memory of the node's kernel", `${formatNumber(direct.kernel)} bytes`],
      ["Memory of HAProxy's process", `${formatNumber(proxied.haproxy)} bytes`],
      ["CPU of the node for one ping and its pong", `${formatNumber(pingSeconds * 1e6)} µs`],
    ];
    const table = formatTable(["One idle session", "takes"], rows);
    console.log(table);
    if (argv.includes("--write")) writeSection("sessions", table, "bun run bench:sessions --write");
  }
}
