import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createCertificate } from "./certificates.ts";
import { createFolder, type TestFolder } from "./folder.ts";
import { root } from "./server.ts";
import { openSession, type SessionOptions, type TestSession, waitFor } from "./session.ts";

/** A real proxy in front of real servers, running with the file of `deploy/` that the documentation shows. */
export type TestProxy = AsyncDisposable & {
  /** The origin that a browser sees, with https. */
  origin: string;
  /** The origin of the listener that sends everyone to https. */
  plainOrigin: string;
  /** The origin of HAProxy's statistics. */
  statsOrigin: string;
  ca: string;
  fetch: (path: string, init?: RequestInit) => Promise<Response>;
  open: (path: string, options?: SessionOptions) => Promise<TestSession>;
};

/** What a test changes in a proxy's file: what differs from machine to machine, and mistakes that people make. */
export type ProxyOptions = {
  /** The servers behind it, `http://127.0.0.1:4711`. */
  nodes: readonly string[];
  /** Instead of the file's 75 seconds. */
  idleSeconds?: number;
  /** What is wrong with its file: each text of it, and what stands there instead. */
  mistakes?: readonly (readonly [from: string, to: string])[];
  /** What it answers at first: 502 if none of the servers runs. */
  status?: number;
};

export type ProxyName = keyof typeof programs;

type Place = {
  folder: string;
  port: number;
  plainPort: number;
  statsPort: number;
  nodes: string[];
};

/** How each program is told what to do: its own file of `deploy/`, and around it what a distribution gives it. */
const programs = {
  nginx: {
    path: "/usr/sbin/nginx",
    file: "nginx.conf",
    change: ({ folder, port, plainPort, nodes }: Place, idleSeconds: number) => [
      ["listen 443 ssl", `listen 127.0.0.1:${port} ssl`],
      ["listen 80", `listen 127.0.0.1:${plainPort}`],
      ["/etc/ssl/hubbub/chat.example.com.pem", `${folder}/cert.pem`],
      ["/etc/ssl/hubbub/chat.example.com.key", `${folder}/key.pem`],
      ["proxy_read_timeout 75s", `proxy_read_timeout ${idleSeconds}s`],
      ["proxy_send_timeout 75s", `proxy_send_timeout ${idleSeconds}s`],
      ["server 127.0.0.1:3000 max_fails=0;", nodes.map((node) => `server ${node} max_fails=0;`).join("\n")],
    ],
    around: ({ folder }: Place) => ({
      "main.conf": `daemon off;
master_process off;
pid ${folder}/nginx.pid;
error_log stderr;
events {}
http {
  access_log off;
  ${["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((name) => `${name}_temp_path ${folder}/${name};`).join(" ")}
  include ${folder}/nginx.conf;
}
`,
    }),
    args: ({ folder }: Place) => ["-p", folder, "-c", join(folder, "main.conf"), "-e", "stderr"],
  },
  Caddy: {
    path: "/usr/bin/caddy",
    file: "Caddyfile",
    change: ({ folder, port, nodes }: Place) => [
      ["chat.example.com {", `https://127.0.0.1:${port} {\n\ttls ${folder}/cert.pem ${folder}/key.pem`],
      ["reverse_proxy 127.0.0.1:3000 {", `reverse_proxy ${nodes.join(" ")} {`],
    ],
    around: ({ folder, plainPort }: Place) => ({
      "main.caddy": `{
	admin off
	http_port ${plainPort}
	default_bind 127.0.0.1
	storage file_system ${folder}/storage
}
import ${folder}/Caddyfile
`,
    }),
    args: ({ folder }: Place) => ["run", "--adapter", "caddyfile", "--config", join(folder, "main.caddy")],
  },
  HAProxy: {
    path: "/usr/sbin/haproxy",
    file: "haproxy.cfg",
    change: ({ folder, port, plainPort, nodes }: Place, idleSeconds: number) => [
      ["bind :443 ssl crt /etc/haproxy/chat.example.com.pem", `bind 127.0.0.1:${port} ssl crt ${folder}/both.pem`],
      ["bind :80", `bind 127.0.0.1:${plainPort}`],
      ["timeout tunnel 75s", `timeout tunnel ${idleSeconds}s`],
      [
        "server node1 127.0.0.1:3000 check inter 1s fall 1 rise 1",
        nodes.map((node, index) => `server node${index + 1} ${node} check inter 1s fall 1 rise 1`).join("\n"),
      ],
    ],
    around: ({ statsPort }: Place) => ({
      "main.cfg": `global
  log stderr local0 warning
defaults
  mode http
  log global
frontend stats
  bind 127.0.0.1:${statsPort}
  timeout client 5s
  stats enable
  stats uri /
`,
    }),
    args: ({ folder }: Place) => ["-db", "-f", join(folder, "main.cfg"), "-f", join(folder, "haproxy.cfg")],
  },
} satisfies Record<string, Program>;

type Program = {
  path: string;
  /** Its file in `deploy/`. */
  file: string;
  /** What in that file is another text here. */
  change: (place: Place, idleSeconds: number) => string[][];
  /** Other files that it needs. */
  around: (place: Place) => Record<string, string>;
  args: (place: Place) => string[];
};

export const proxyNames = Object.keys(programs) as ProxyName[];

/** Whether the program is here. In CI it must be: nothing is skipped there. */
export function hasProxy(name: ProxyName): boolean {
  return Bun.which(programs[name].path) !== null || process.env["CI"] !== undefined;
}

/** Starts a proxy on free ports of 127.0.0.1, and waits until it lets requests through. */
export async function startProxy(
  name: ProxyName,
  { nodes, idleSeconds = 75, mistakes = [], status = 200 }: ProxyOptions,
): Promise<TestProxy> {
  const { path, file, change, around, args }: Program = programs[name];
  const folder = createFolder();
  const [port, plainPort, statsPort] = [findFreePort(), findFreePort(), findFreePort()];
  const { certificate: ca, key } = createCertificate("chat.example.com");
  const place = {
    folder: folder.path,
    port,
    plainPort,
    statsPort,
    nodes: nodes.map((node) => new URL(node).host),
  };
  const text = readFileSync(join(root, "deploy", file), "utf8");
  folder.write({
    "cert.pem": ca,
    "key.pem": key,
    "both.pem": ca + key,
    ...around(place),
    [file]: replaceAll(replaceAll(text, mistakes), change(place, idleSeconds)),
  });
  const child = Bun.spawn([path, ...args(place)], {
    cwd: folder.path,
    env: { HOME: folder.path, XDG_DATA_HOME: folder.path, XDG_CONFIG_HOME: folder.path },
    stdout: "ignore",
    stderr: Bun.file(join(folder.path, "errors.log")),
  });
  const origin = `https://127.0.0.1:${port}`;
  const proxy: TestProxy = {
    origin,
    plainOrigin: `http://127.0.0.1:${plainPort}`,
    statsOrigin: `http://127.0.0.1:${statsPort}`,
    ca,
    fetch: (path, init = {}) => fetch(origin + path, { redirect: "manual", tls: { ca }, ...init }),
    open: (path, options = {}) => openSession(origin + path, { ca, ...options }),
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await child.exited;
      folder[Symbol.dispose]();
    },
  };
  await waitUntilOpen(proxy, status, child, folder).catch(async (error: unknown) => {
    const errors = readFileSync(join(folder.path, "errors.log"), "utf8");
    await proxy[Symbol.asyncDispose]();
    throw new Error(`${name} did not start: ${errors}`, { cause: error });
  });
  return proxy;
}

async function waitUntilOpen(
  { fetch }: TestProxy,
  status: number,
  child: Bun.Subprocess,
  { path }: TestFolder,
): Promise<void> {
  await waitFor(async () => {
    if (child.exitCode !== null) throw new Error(`The proxy in ${path} ended with ${child.exitCode}`);
    const answer = await fetch("/-/health").catch(() => undefined);
    return answer?.status === status;
  }, "answer through the proxy");
}

/** `text` with each of the changes, every one of which must have its place. */
function replaceAll(text: string, changes: readonly (readonly string[])[]): string {
  let changed = text;
  for (const [from = "", to = ""] of changes) {
    if (changed.split(from).length !== 2) throw new Error(`The file has "${from}" not once`);
    changed = changed.replace(from, () => to);
  }
  return changed;
}

const givenPorts = new Set<number>();

/** A port that nobody listens on, below those that the system hands out by itself; each is given once. */
function findFreePort(): number {
  for (;;) {
    const port = 10_000 + Math.floor(Math.random() * 20_000);
    if (givenPorts.has(port)) continue;
    givenPorts.add(port);
    try {
      Bun.listen({ hostname: "127.0.0.1", port, socket: { data() {} } }).stop(true);
      return port;
    } catch {
      // Somebody does; another one, then.
    }
  }
}
