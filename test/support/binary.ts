import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildExecutable } from "../../build.ts";
import { openSession, type SessionOptions, type TestSession, waitFor, withPatience } from "./session.ts";

let built: Promise<string> | undefined;

/** Builds the executable once for all tests of a run; resolves to its path. */
export function buildOnce(): Promise<string> {
  built ??= (async () => {
    const path = join(mkdtempSync(join(tmpdir(), "hubbub-binary-")), "hubbub");
    await buildExecutable(path);
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
  exited: Promise<number>;
};

export type LogLine = { level: string; message: string; [property: string]: unknown };

export type RunOptions = { cwd: string; environment?: Record<string, string> };

/** Runs the executable to its end. */
export async function runBinary(
  args: string[],
  { cwd, environment = {} }: RunOptions,
): Promise<{ exitCode: number; stdout: string; stderr: string }> {
  const child = Bun.spawn([await buildOnce(), ...args], { cwd, env: environment, stdout: "pipe", stderr: "pipe" });
  const [stdout, stderr, exitCode] = await withPatience(
    Promise.all([child.stdout.text(), child.stderr.text(), child.exited]),
    "end of the process",
  ).finally(() => child.kill("SIGKILL"));
  return { exitCode, stdout, stderr };
}

/** Starts `hubbub serve ARGS` on a free port and waits until it listens. */
export async function startBinary(args: string[], { cwd, environment = {} }: RunOptions): Promise<TestProcess> {
  const command = [await buildOnce(), "serve", ...args, "--port", "0"];
  const child = Bun.spawn(command, { cwd, env: environment, stdout: "pipe", stderr: "pipe" });
  const output = { text: "", errors: "" };
  const isRead = [
    readText(child.stdout, (text) => (output.text += text)),
    readText(child.stderr, (text) => (output.errors += text)),
  ];
  const lines: LogLine[] = [];
  let parsed = 0;
  const log = () => {
    const end = output.text.lastIndexOf("\n") + 1;
    if (end > parsed) lines.push(...output.text.slice(parsed, end).trimEnd().split("\n").map(parseLine));
    parsed = end;
    return lines;
  };
  const logged = async (text: string) => {
    const find = () => log().find(({ message }) => message.includes(text));
    await waitFor(() => find() !== undefined, `log line with "${text}"`);
    return find() as LogLine;
  };
  // Both forms of the log have the address in it.
  const findAddress = () => /Listening: open (https?:\/\/[^\s"]+)/.exec(output.text)?.[1];
  const isListening = waitFor(() => findAddress() !== undefined, "server that listens");
  if ((await Promise.race([isListening, child.exited])) !== undefined) {
    await Promise.all(isRead);
    throw new Error(`The server ended at once: ${output.errors}`);
  }
  const { origin } = new URL(findAddress() ?? "");
  return {
    origin,
    pid: child.pid,
    fetch: (path, init = {}) => fetch(origin + path, { redirect: "manual", ...init }),
    open: (path, options) => openSession(origin + path, options),
    log,
    logged,
    printed: () => output.text + output.errors,
    signal: (signal) => child.kill(signal),
    exited: child.exited,
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await child.exited;
    },
  };
}

function parseLine(line: string): LogLine {
  return JSON.parse(line) as LogLine;
}

async function readText(stream: ReadableStream<Uint8Array>, take: (text: string) => void): Promise<void> {
  const decoder = new TextDecoder();
  for await (const chunk of stream) take(decoder.decode(chunk, { stream: true }));
}
