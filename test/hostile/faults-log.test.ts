import { beforeAll, expect, test } from "bun:test";
import { closeSync, openSync, readFileSync, readSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readMemory, readTimes } from "../../bench/process.ts";
import { formatCount } from "../../src/core/units.ts";
import { buildOnce, serveFiles, startBinary, type TestProcess } from "../support/binary.ts";
import { createFolder } from "../support/folder.ts";
import { openClosedPipe, openFullDevice, openPipe, openSocket, openTerminal } from "../support/outputs.ts";
import { type TestSession, waitFor } from "../support/session.ts";

/** `/talk` writes as many log lines as a message says, in turn by `log` and by `console`, and sends the message back. */
const controllers = {
  "talk.js": `
import { log, send } from "hubbub";
export const get = () => ({ webSocket: {} });
export const webSocketEvent = ({ type, session, message }) => {
  if (type !== "message") return;
  for (let line = 0; line < Number(message); line += 1) (line % 2 === 0 ? log : console).info("x".repeat(200));
  send(session.id, message);
};`,
};

const MIB = 1024 ** 2;

beforeAll(buildOnce, 60_000);

/** Has the server write so many log lines, a thousand at a time, and waits until it has. */
async function writeLines(session: TestSession, count: number): Promise<void> {
  for (let left = count; left > 0; left -= 1000) {
    const message = String(Math.min(left, 1000));
    session.send(message);
    expect(await session.next()).toBe(message);
  }
}

/** Resolves once a process takes less than a twentieth of a core, which one that tries without a pause never does. */
async function waitForCalm(pid: number): Promise<void> {
  await waitFor(async () => {
    const { cpuSeconds } = readTimes(pid);
    await Bun.sleep(200);
    return readTimes(pid).cpuSeconds - cpuSeconds < 0.01;
  }, "rest of the process");
}

/** Stops a server in order. */
async function stop(server: TestProcess): Promise<void> {
  server.signal("SIGTERM");
  expect(await server.exited).toBe(0);
}

test.each([
  ["a full device", openFullDevice],
  ["a closed pipe", openClosedPipe],
  ["a pipe that nobody reads", openPipe],
  ["a socket that nobody reads", openSocket],
  ["a terminal that nobody reads", openTerminal],
] as const)(
  "a log that goes to %s holds up nobody, and costs neither time nor memory",
  async (_, open) => {
    using output = open();
    const flags = ["--no-watch", "--log-format", "json"];
    await using server = await serveFiles(controllers, flags, { output: output.descriptor });
    using session = await server.open("/talk");
    await writeLines(session, 20_000);
    const memory = readMemory(server.pid);
    await writeLines(session, 20_000);
    expect(readMemory(server.pid) - memory).toBeLessThan(16 * MIB);
    await waitForCalm(server.pid);
    await writeLines(session, 1);
    using late = await server.open("/talk");
    await writeLines(late, 1);
    await stop(server);
  },
  20_000,
);

/** Reads on from a descriptor that does not wait. */
function createReader(descriptor: number): () => string {
  let text = "";
  const chunk = Buffer.alloc(65_536);
  return () => {
    try {
      for (let size = -1; size !== 0;) text += chunk.toString("latin1", 0, (size = readSync(descriptor, chunk)));
    } catch {
      // EAGAIN: that is all for now.
    }
    return text;
  };
}

const parseLog = (text: string) =>
  text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as { level: string; message: string; lost?: number });

const isTalk = ({ message }: { message: string }) => /^x+$/.test(message);

test("a log that is read late has every line, or says how many it lost", async () => {
  using output = openPipe();
  await using server = await serveFiles(controllers, ["--no-watch"], { output: output.descriptor });
  using session = await server.open("/talk");
  const read = createReader(output.reader ?? -1);

  // More than a pipe holds, and less than may wait.
  await writeLines(session, 2000);
  await waitFor(() => parseLines(read()) === 2000, "log lines");
  expect(read()).not.toContain('"lost"');

  await writeLines(session, 10_000);
  await waitFor(() => read().includes('"lost"'), "line about what was lost");
  await writeLines(session, 1);
  await waitFor(() => read().endsWith('xx","logger":"hubbub.controller"}\n'), "last log line");
  const lines = parseLog(read());
  const losses = lines.filter(({ lost }) => lost !== undefined);
  expect(losses).toMatchObject([
    {
      level: "ERROR",
      message: `Lost ${formatCount(losses[0]?.lost ?? 0, "log line")}: standard output took nothing for too long`,
    },
  ]);
  expect(lines.filter(isTalk).length + (losses[0]?.lost ?? 0)).toBe(2000 + 10_000 + 1);
  await stop(server);
  expect(parseLog(read()).at(-1)?.message).toBe("Stopping because of SIGTERM: closing 1 session");

  function parseLines(text: string): number {
    return text.endsWith("\n") ? parseLog(text).filter(isTalk).length : 0;
  }
});

/** A mount of a process's own can be made here. In CI it must be: nothing is skipped there. */
const hasNamespaces =
  process.env["CI"] !== undefined ||
  Bun.spawnSync(["unshare", "-rm", "mount", "-t", "tmpfs", "tmpfs", "/mnt"]).exitCode === 0;

test.skipIf(!hasNamespaces)(
  "a log on a full disk goes on when there is room again, from where it stopped",
  async () => {
    using folder = createFolder({ ...controllers, "disk/.keep": "" });
    const disk = join(folder.path, "disk");
    const script = 'mount -t tmpfs -o size=256k tmpfs "$0" && exec "$@" > "$0/log" 2>&1';
    const prefix = ["unshare", "-rm", "sh", "-c", script, disk];
    const nowhere = openSync("/dev/null", "w");
    await using server = await startBinary([folder.path, "--no-watch"], { cwd: folder.path, prefix, output: nowhere });
    closeSync(nowhere);
    // The disk as the server sees it.
    const seen = join(`/proc/${server.pid}/root`, disk);
    const log = () => readFileSync(join(seen, "log"), "latin1");
    writeFileSync(join(seen, "other"), Buffer.alloc(128 * 1024));
    using session = await server.open("/talk");
    await writeLines(session, 600);
    await waitFor(() => log().length === 128 * 1024, "end of the disk");
    rmSync(join(seen, "other"));
    await waitFor(() => log().split('xx","logger"').length === 601, "log lines");
    expect(parseLog(log()).filter(isTalk)).toHaveLength(600);
    await stop(server);
  },
);

test("a log file that is rotated by copy and truncate begins anew", async () => {
  using folder = createFolder(controllers);
  const path = join(folder.path, "log");
  const output = openSync(path, "a");
  await using server = await startBinary([folder.path, "--no-watch"], { cwd: folder.path, output });
  closeSync(output);
  using session = await server.open("/talk");
  await writeLines(session, 100);
  truncateSync(path);
  await writeLines(session, 3);
  expect(parseLog(readFileSync(path, "utf8"))).toHaveLength(3);
  await stop(server);
});
