import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findFreePort } from "./free-port.ts";
import { waitFor } from "./session.ts";

const REDIS = "/usr/bin/redis-server";

const MAX_ATTEMPTS = 5;

/** Whether this machine has the program. */
export const hasRedis = existsSync(REDIS);

/** A Redis of a test's own. */
export type TestRedis = AsyncDisposable & {
  port: number;
  pid: number;
  url: string;
  /** What it answers to a command, as its own protocol has it. */
  command: (...words: string[]) => Promise<string>;
  /** Ends it as a crash does. */
  kill: () => Promise<void>;
  /** Starts it again on the same port, with nothing in it. */
  restart: () => Promise<void>;
  /** Stops the process, which keeps its connections. */
  pause: () => void;
  resume: () => void;
};

/**
 * Starts a Redis on a free port, with nothing stored.
 *
 * @param args settings as its command line has them: `["--requirepass", "secret"]`
 * @param configFile a file of settings, which a sentinel needs
 */
export async function startRedis(args: readonly string[] = [], configFile?: string): Promise<TestRedis> {
  const folder = mkdtempSync(join(tmpdir(), "hubbub-redis-"));
  const { port, child: first } = await startOnFreePort(folder, args, configFile);
  let child = first;

  const kill = async () => {
    child.kill("SIGKILL");
    await child.exited;
  };
  return {
    port,
    get pid() {
      return child.pid;
    },
    url: `redis://127.0.0.1:${port}`,
    command: (...words) => ask(port, words),
    kill,
    async restart() {
      await kill();
      child = await start(port, folder, args, configFile);
    },
    pause: () => child.kill("SIGSTOP"),
    resume: () => child.kill("SIGCONT"),
    async [Symbol.asyncDispose]() {
      await kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function startOnFreePort(folder: string, args: readonly string[], configFile: string | undefined) {
  for (let attempt = 1; ; attempt += 1) {
    const port = findFreePort();
    try {
      return { port, child: await start(port, folder, args, configFile) };
    } catch (error) {
      // Somebody else has taken the port, or the second one that a cluster's node opens.
      if (attempt === MAX_ATTEMPTS) throw error;
    }
  }
}

async function start(port: number, folder: string, args: readonly string[], configFile: string | undefined) {
  const settings = ["--port", String(port), "--bind", "127.0.0.1", "--save", "", "--dir", folder, ...args];
  const files = configFile === undefined ? [] : [configFile];
  const child = Bun.spawn([REDIS, ...files, ...settings], { stdout: "ignore", stderr: "ignore" });
  // It ends with this process in any case.
  const end = () => child.kill("SIGKILL");
  process.once("exit", end);
  void child.exited.then(() => process.off("exit", end));
  await waitFor(() => {
    if (child.exitCode !== null) throw new Error(`Redis ended with ${child.exitCode}`);
    return canConnect(port);
  }, "Redis that listens");
  return child;
}

async function canConnect(port: number): Promise<boolean> {
  try {
    const socket = await Bun.connect({ hostname: "127.0.0.1", port, socket: { data() {} } });
    socket.end();
    return true;
  } catch {
    return false;
  }
}

/** The answer to a command, once all of it that comes in one piece has come; nothing if Redis ends the connection. */
async function ask(port: number, words: string[]): Promise<string> {
  const answered = Promise.withResolvers<string>();
  const socket = await Bun.connect({
    hostname: "127.0.0.1",
    port,
    socket: {
      open: (opened) => void opened.write(`*${words.length}\r\n${words.map(formatWord).join("")}`),
      data: (_, bytes) => answered.resolve(bytes.toString()),
      close: () => answered.resolve(""),
    },
  });
  return answered.promise.finally(() => socket.end());
}

function formatWord(word: string): string {
  return `$${Buffer.byteLength(word)}\r\n${word}\r\n`;
}
