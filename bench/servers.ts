import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildHubbub } from "../build.ts";
import type { Job } from "./job.ts";

/** What the server does with a message: a controller of bench/controllers, a handler of bench/control.ts. */
export type Kind = "room" | "echo" | "echo-async" | "echo-ready" | "burst" | "json" | "upgrade";

/** One of those that are compared. */
export type Contender = {
  name: string;
  /** The command that serves what is wished and prints its address; undefined if there is none. */
  command: (wish: Wish) => string[] | undefined;
  /** How it is spoken to, where that differs from the others. */
  adapt?: (job: Job) => Job;
};

/** What a server is wished to do. */
export type Wish = {
  kind: Kind;
  compress: boolean;
  /** Flags for Hubbub alone. */
  flags: readonly string[];
};

/** A server that was started for one measurement. */
export type RunningServer = AsyncDisposable & { port: number; pid: number };

/** The executables that are compared, built in a folder that goes with them. */
export type Builds = Disposable & { hubbub: Contender; control: Contender };

const PATIENCE_MS = 10_000;

/** What protects a server from one client's flood: the load is one client's flood. */
const UNLIMITED = ["max-message-rate", "max-byte-rate", "max-upgrades", "max-sessions", "max-sessions-per-address"];

/** Builds Hubbub and the control in the same way: compiled, minified. */
export async function buildContenders(): Promise<Builds> {
  const folder = mkdtempSync(join(tmpdir(), "hubbub-bench-"));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  process.once("exit", remove);
  const hubbub = join(folder, "hubbub");
  const control = join(folder, "control");
  await buildHubbub(hubbub);
  await Bun.build({
    entrypoints: [join(import.meta.dir, "control.ts")],
    compile: { outfile: control, autoloadDotenv: false, autoloadBunfig: false },
    minify: true,
  });
  const controllers = join(import.meta.dir, "controllers");
  return {
    hubbub: {
      name: "hubbub",
      command: ({ compress, flags }) => [
        hubbub,
        "serve",
        controllers,
        "--port",
        "0",
        "--log-format",
        "json",
        ...UNLIMITED.flatMap((limit) => [`--${limit}`, "0"]),
        ...(compress ? ["--compress"] : []),
        ...flags,
      ],
    },
    control: { name: "control", command: ({ kind, compress }) => [control, kind, ...(compress ? ["--compress"] : [])] },
    [Symbol.dispose]: remove,
  };
}

/** The servers that run, which end with this process in any case. */
const running = new Set<Bun.Subprocess>();

function killAll(): void {
  for (const child of running) child.kill("SIGKILL");
}

process.once("exit", killAll);
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));

/**
 * Starts a server and waits for the address that it prints.
 *
 * @throws {Error} with what it wrote to standard error, if it ends first
 */
export async function startServer(command: readonly string[]): Promise<RunningServer> {
  const child = Bun.spawn([...command], { cwd: import.meta.dir, env: {}, stdout: "pipe", stderr: "pipe" });
  const ended = endWithThis(child);
  const errors = child.stderr.text();
  const address = Promise.withResolvers<number>();
  void readAddress(child.stdout, address.resolve);
  const timer = setTimeout(() => child.kill("SIGKILL"), PATIENCE_MS);
  const port = await Promise.race([address.promise, child.exited.then(() => undefined)]);
  clearTimeout(timer);
  if (port === undefined) throw new Error(findError(await errors) ?? `"${command.join(" ")}" did not start`);
  return { port, pid: child.pid, ...ended };
}

/** Ends `child` when it is disposed of, and with this process in any case. */
export function endWithThis(child: Bun.Subprocess): AsyncDisposable {
  running.add(child);
  void child.exited.then(() => running.delete(child));
  return {
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await child.exited;
    },
  };
}

/** What to put before a command so that it stays on one core: the first (0), or the one of that number. */
export function pinToCore(core: number): string[] {
  return existsSync("/usr/bin/taskset") ? ["/usr/bin/taskset", "-c", String(core)] : [];
}

/**
 * What to put before a command so that it does not interrupt what runs on its core when it is woken (`SCHED_BATCH`, sched(7)).
 *
 * Otherwise the system decides at each message to a load process that sleeps whether it runs at once, and does so more often for a
 * server that is a little slower: each time costs that server two changes of the process.
 */
export function letOthersEnd(): string[] {
  return existsSync("/usr/bin/chrt") ? ["/usr/bin/chrt", "--batch", "0"] : [];
}

/** The line that says what is wrong, which a stack may come before; the first line if none says so; undefined without any. */
function findError(text: string): string | undefined {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  return lines.find((line) => /^\w*error:/i.test(line)) ?? lines[0];
}

/** Gives the port of the first address in `output`, and reads on, so that the server is never held up by its log. */
async function readAddress(output: ReadableStream<Uint8Array>, found: (port: number) => void): Promise<void> {
  const decoder = new TextDecoder();
  let text = "";
  let isFound = false;
  for await (const chunk of output) {
    if (isFound) continue;
    text += decoder.decode(chunk, { stream: true });
    const port = /https?:\/\/[\d.a-z]+:(\d+)/.exec(text)?.[1];
    if (port === undefined) continue;
    isFound = true;
    found(Number(port));
  }
}
