import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Job } from "./job.ts";
import type { Contender, Wish } from "./servers.ts";

const folder = join(import.meta.dir, "peers");

/** A server of bench/peers and how it is started. */
type Peer = {
  /** The package that it shows, and its file's name. */
  file: string;
  package: string;
  runtime: "Node" | "Bun" | "Deno";
  adapt?: (job: Job) => Job;
};

const peers: readonly Peer[] = [
  { file: "ws.js", package: "ws", runtime: "Node" },
  { file: "socket-io.js", package: "socket.io", runtime: "Node", adapt: speakSocketIo },
  { file: "crossws.js", package: "crossws", runtime: "Bun" },
  { file: "elysia.js", package: "elysia", runtime: "Bun" },
  { file: "hono.js", package: "hono", runtime: "Bun" },
  { file: "deno.js", package: "deno", runtime: "Deno" },
];

/** The cases in which all of them are compared. */
export const peerCases: readonly string[] = ["fan-out-1000-64b", "groups", "echo"];

/**
 * Installs what `--peers` compares with, from the lock file in bench/peers.
 *
 * Peers whose runtime is not on this machine are left out; `report` hears why.
 *
 * @throws {Error} if the installation fails
 */
export function installPeers(report: (text: string) => void): Contender[] {
  const { exitCode, stderr } = Bun.spawnSync([process.execPath, "install", "--frozen-lockfile", "--ignore-scripts"], {
    cwd: folder,
    stderr: "pipe",
  });
  if (exitCode !== 0) throw new Error(`Cannot install bench/peers: ${stderr.toString().trim()}`);
  return peers.flatMap(({ file, package: name, runtime, adapt }) => {
    const start = findRuntime(runtime);
    if (start === undefined) {
      report(`${name} is left out: there is no ${runtime} on this machine`);
      return [];
    }
    const contender: Contender = {
      name: `${name} ${readVersion(name)}${runtime === "Deno" ? "" : ` on ${runtime}`}`,
      command: ({ kind }: Wish) => (kind === "room" || kind === "echo" ? [...start, join(folder, file)] : undefined),
    };
    return [adapt === undefined ? contender : { ...contender, adapt }];
  });
}

/** The command before the file's name, as it is used in production. */
function findRuntime(runtime: Peer["runtime"]): string[] | undefined {
  const production = ["/usr/bin/env", "NODE_ENV=production"];
  if (runtime === "Bun") return [...production, process.execPath];
  if (runtime === "Node") {
    const node = Bun.which("node");
    return node === null ? undefined : [...production, node];
  }
  // The package is a script that starts one of its parts, which is the executable for one system.
  const [deno] = new Bun.Glob("@deno/*/deno").scanSync({ cwd: join(folder, "node_modules"), absolute: true });
  return deno === undefined ? undefined : [deno, "run", "--allow-net"];
}

function readVersion(name: string): string {
  const manifest: unknown = JSON.parse(readFileSync(join(folder, "node_modules", name, "package.json"), "utf8"));
  return String((manifest as { version: string }).version);
}

/** Engine.io's and socket.io's packets: the namespace is joined first, and each message is an event. */
function speakSocketIo(job: Job): Job {
  const group = job.path.includes("GROUP") ? "&group=GROUP" : "";
  return {
    ...job,
    path: `/socket.io/?EIO=4&transport=websocket${group}`,
    greeting: { send: "40", answers: 2 },
    shape: { before: `42["message","${job.shape.before}`, after: `${job.shape.after}"]` },
  };
}
