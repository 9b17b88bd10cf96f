import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findFreePort } from "../../test/support/free-port.ts";
import { waitFor } from "../../test/support/session.ts";

/** The programs that the reference deployment is made of, as Debian has them. */
export const programs = { haproxy: "/usr/sbin/haproxy", redis: "/usr/bin/redis-server" };

export type ReferenceOptions = {
  /** The executable that the nodes run. */
  executable: string;
  /** Their controllers folder, absolute. */
  controllers: string;
  /** Where HAProxy listens; a free port if absent. */
  port?: number | undefined;
  /** Takes what all of them print; nothing does if absent. */
  output?: "inherit";
};

/** One program of the deployment. */
export type Part = {
  /** The port of 127.0.0.1 that it listens on. */
  port: number;
  origin: string;
  /** Starts it where it has ended. */
  start: () => Promise<void>;
  /** Ends it with a signal; resolves with its exit code once it has ended. */
  end: (signal: NodeJS.Signals) => Promise<number>;
};

/** Two nodes behind HAProxy, joined by Redis: what deploy/cluster/ describes, on the loopback address. */
export type Reference = AsyncDisposable & {
  front: Part;
  nodes: [Part, Part];
  redis: Part;
  /** What lets into the nodes' API. */
  adminToken: string;
};

/** Starts the reference deployment with the files of this folder; what is changed is where each listens. */
export async function startReference({ executable, controllers, port, output }: ReferenceOptions): Promise<Reference> {
  const folder = mkdtempSync(join(tmpdir(), "hubbub-cluster-"));
  const stdio = output ?? "ignore";
  const parts: Part[] = [];
  const adminToken = crypto.randomUUID();
  const addPart = async (command: (port: number) => string[], options: PartOptions) => {
    const part = createPart(command, { ...options, stdio });
    parts.push(part);
    await part.start();
    return part;
  };
  const reference = {
    async [Symbol.asyncDispose]() {
      await Promise.all(parts.toReversed().map((part) => part.end("SIGKILL")));
      rmSync(folder, { recursive: true, force: true });
    },
  };
  try {
    const redis = await addPart(
      (own) => [programs.redis, join(import.meta.dir, "redis.conf"), "--bind", "127.0.0.1", "--port", String(own)],
      { cwd: folder, port: findFreePort(), isUp: isListening },
    );
    const startNode = (name: string) => {
      const cwd = join(folder, name);
      mkdirSync(cwd);
      writeFileSync(join(cwd, "hubbub.toml"), moveToLoopback(redis.port));
      return addPart((own) => [executable, "serve", controllers, "--port", String(own)], {
        cwd,
        port: findFreePort(),
        isUp: isReady,
        environment: () => ({ HUBBUB_ADMIN_TOKEN: adminToken }),
      });
    };
    const nodes: [Part, Part] = [await startNode("node1"), await startNode("node2")];
    const front = await addPart(() => [programs.haproxy, "-db", "-f", join(import.meta.dir, "haproxy.cfg")], {
      cwd: folder,
      port: port ?? findFreePort(),
      isUp: isReady,
      environment: (own) => ({
        CLUSTER_ADDRESS: `127.0.0.1:${own}`,
        CLUSTER_NODE1: `127.0.0.1:${nodes[0].port}`,
        CLUSTER_NODE2: `127.0.0.1:${nodes[1].port}`,
      }),
    });
    return { ...reference, front, nodes, redis, adminToken };
  } catch (error) {
    await reference[Symbol.asyncDispose]();
    throw error;
  }
}

/** The nodes' settings, with the addresses of this machine. */
function moveToLoopback(redisPort: number): string {
  return readFileSync(join(import.meta.dir, "hubbub.toml"), "utf8")
    .replace("10.0.0.11", "127.0.0.1")
    .replace("10.0.0.2", "127.0.0.1")
    .replace("10.0.0.5:6379", `127.0.0.1:${redisPort}`)
    .replace('drain = "30s"', 'drain = "1s"')
    .replace('workers = "auto"', "workers = 2");
}

type PartOptions = {
  cwd: string;
  port: number;
  isUp: (part: Pick<Part, "port" | "origin">) => Promise<boolean>;
  environment?: (port: number) => Record<string, string>;
};

function createPart(
  command: (port: number) => string[],
  { cwd, port, isUp, environment, stdio }: PartOptions & { stdio: "inherit" | "ignore" },
): Part {
  let child: Bun.Subprocess | undefined;
  const origin = `http://127.0.0.1:${port}`;
  return {
    port,
    origin,
    async start() {
      const started = Bun.spawn(command(port), { cwd, env: environment?.(port) ?? {}, stdout: stdio, stderr: stdio });
      child = started;
      await waitFor(
        async () => {
          if (started.exitCode !== null) throw new Error(`"${command(port)[0]}" ended with ${started.exitCode}`);
          return isUp({ port, origin });
        },
        `answer of "${command(port)[0]}"`,
      );
    },
    async end(signal) {
      child?.kill(signal);
      return (await child?.exited) ?? 0;
    },
  };
}

async function isReady({ origin }: Pick<Part, "origin">): Promise<boolean> {
  const answer = await fetch(`${origin}/-/ready`, { keepalive: false }).catch(() => undefined);
  return answer?.status === 200;
}

async function isListening({ port }: Pick<Part, "port">): Promise<boolean> {
  try {
    (await Bun.connect({ hostname: "127.0.0.1", port, socket: { data() {} } })).end();
    return true;
  } catch {
    return false;
  }
}
