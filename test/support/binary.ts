import { mkdtempSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildHubbub } from "../../build.ts";
import { createFolder, type TestFolder } from "./folder.ts";
import { openSession, type SessionOptions, type TestSession, waitFor, withPatience } from "./session.ts";

/** The state of a listening socket in `/proc/net/tcp`. */
const LISTENING = "0A";

let built: Promise<string> | undefined;

/** Builds the executable once for all tests of a run; resolves to its path. A test's own process is given that path. */
export function buildOnce(): Promise<string> {
  built ??= (async () => {
    const given = process.env["HUBBUB_TEST_BINARY"];
    if (given !== undefined) return given;
    const path = join(mkdtempSync(join(tmpdir(), "hubbub-binary-")), "hubbub");
    await buildHubbub(path);
    return path;
  })();
  return built;
}

/** The executable, running as a process of its own with an empty environment. */
export type TestProcess = AsyncDisposable & {
  /** The origin it listens on. */
  origin: string;
  pid: number;
  fetch: (path: string, init?: RequestInit) => Promise<Response>;
  open: (path: string, options?: SessionOptions) => Promise<TestSession>;
  /** The log so far, a record a line. */
  log: () => LogLine[];
  /** Resolves with the first log line whose message contains `text`. */
  logged: (text: string) => Promise<LogLine>;
  /** All that was written to standard output and standard error so far, as it was. */
  printed: () => string;
  signal: (signal: NodeJS.Signals) => void;
  /** Resolves with the exit code once all that it printed was read. */
  exited: Promise<number>;
};

export type LogLine = { level: string; message: string; [property: string]: unknown };

export type RunOptions = {
  cwd: string;
  environment?: Record<string, string>;
  /** Another one than the one that is built for all tests. */
  executable?: string | undefined;
  /** What stands before the command and runs it: `["prlimit", "--nofile=64"]`. */
  prefix?: string[];
};

export type StartOptions = RunOptions & {
  /** The descriptor that takes what it prints; then a test sees nothing of that. */
  output?: number | undefined;
  /** The port, to come back where another one was; a free one if absent. */
  port?: number;
};

/** Runs the executable to its end. */
export async function runBinary(
  args: string[],
  { cwd, environment = {}, executable, prefix = [] }: RunOptions,
): Promise<{ exitCode: number; stdout: string; stderr: string }> {
  const command = [...prefix, executable ?? (await buildOnce()), ...args];
  const child = Bun.spawn(command, { cwd, env: environment, stdout: "pipe", stderr: "pipe" });
  const [stdout, stderr, exitCode] = await withPatience(
    Promise.all([child.stdout.text(), child.stderr.text(), child.exited]),
    "end of the process",
  ).finally(() => child.kill("SIGKILL"));
  return { exitCode, stdout, stderr };
}

/** Starts `hubbub serve ARGS` on a free port and waits until it listens. */
export async function startBinary(
  args: string[],
  { cwd, environment = {}, executable, prefix = [], output, port = 0 }: StartOptions,
): Promise<TestProcess> {
  const command = [...prefix, executable ?? (await buildOnce()), "serve", ...args, "--port", String(port)];
  const child = Bun.spawn(command, { cwd, env: environment, stdout: output ?? "pipe", stderr: output ?? "pipe" });
  const printed = { text: "", errors: "" };
  const isRead = [
    readText(child.stdout, (text) => (printed.text += text)),
    readText(child.stderr, (text) => (printed.errors += text)),
  ];
  const lines: LogLine[] = [];
  let parsed = 0;
  const log = () => {
    const end = printed.text.lastIndexOf("\n") + 1;
    if (end > parsed) lines.push(...printed.text.slice(parsed, end).trimEnd().split("\n").map(parseLine));
    parsed = end;
    return lines;
  };
  const logged = async (text: string) => {
    const find = () => log().find(({ message }) => message.includes(text));
    await waitFor(() => find() !== undefined, `log line with "${text}"`);
    return find() as LogLine;
  };
  // Both forms of the log have the address in it.
  const findAddress = () =>
    output === undefined
      ? /Listening: open (https?:\/\/[^\s"]+)/.exec(printed.text)?.[1]
      : findListeningAddress(child.pid);
  const isListening = waitFor(() => findAddress() !== undefined, "server that listens");
  if ((await Promise.race([isListening, child.exited])) !== undefined) {
    await Promise.all(isRead);
    throw new Error(`The server ended at once: ${printed.errors}`);
  }
  const { origin } = new URL(findAddress() ?? "");
  return {
    origin,
    pid: child.pid,
    fetch: (path, init = {}) => fetch(origin + path, { redirect: "manual", ...init }),
    open: (path, options) => openSession(origin + path, options),
    log,
    logged,
    printed: () => printed.text + printed.errors,
    signal: (signal) => child.kill(signal),
    exited: Promise.all([child.exited, ...isRead]).then(([code]) => code),
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await child.exited;
    },
  };
}

/** The executable in a folder of its own, which goes with it. */
export type TestServerProcess = TestProcess & { folder: TestFolder };

/** Starts the executable with `files` as its controllers. */
export async function serveFiles(
  files: Record<string, string | Uint8Array>,
  flags: string[] = [],
  options: Omit<StartOptions, "cwd"> = {},
): Promise<TestServerProcess> {
  const folder = createFolder(files);
  try {
    const server = await startBinary([".", ...flags], { ...options, cwd: folder.path });
    return {
      ...server,
      folder,
      async [Symbol.asyncDispose]() {
        await server[Symbol.asyncDispose]();
        folder[Symbol.dispose]();
      },
    };
  } catch (error) {
    folder[Symbol.dispose]();
    throw error;
  }
}

/** A controller may print lines of its own, which are no records. */
function parseLine(line: string): LogLine {
  return line.startsWith('{"@timestamp"') ? (JSON.parse(line) as LogLine) : { level: "", message: line };
}

/** The address that a process listens on, as the system tells it; undefined if it does not yet. */
function findListeningAddress(pid: number): string | undefined {
  const files = readdirSync(`/proc/${pid}/fd`).map((file) => {
    try {
      return readlinkSync(`/proc/${pid}/fd/${file}`);
    } catch {
      // It was closed at this moment.
      return "";
    }
  });
  for (const line of readFileSync(`/proc/${pid}/net/tcp`, "latin1").split("\n").slice(1)) {
    const [, local = "", , state, , , , , , inode] = line.trim().split(/\s+/);
    const port = Number.parseInt(local.split(":")[1] ?? "", 16);
    if (state === LISTENING && files.includes(`socket:[${inode}]`)) return `http://127.0.0.1:${port}/`;
  }
  return undefined;
}

async function readText(
  stream: ReadableStream<Uint8Array> | number | undefined,
  take: (text: string) => void,
): Promise<void> {
  if (!(stream instanceof ReadableStream)) return;
  const decoder = new TextDecoder();
  for await (const chunk of stream) take(decoder.decode(chunk, { stream: true }));
}
