import { beforeAll, expect, test } from "bun:test";
import { connect } from "node:net";
import { buildOnce, startBinary, type TestProcess } from "../support/binary.ts";
import { exchange } from "../support/exchange.ts";
import { createFolder } from "../support/folder.ts";
import { formatFrame, handshake, openRaw, parseClose } from "../support/raw.ts";
import { waitFor } from "../support/session.ts";

beforeAll(buildOnce, 60_000);

/** Writes a log line for each session whose `close` event has run to its end, which takes its time. */
const files = {
  "a.js": `import { log, send } from "hubbub";
export const get = ({ webSocket }) => (webSocket ? { webSocket: {} } : { body: "page" });
export const webSocketEvent = async ({ type, session: { id }, message, closeReason, reason }) => {
  if (type === "message") send(id, message);
  if (type !== "close") return;
  await new Promise((done) => setTimeout(done, 20));
  log.info("closed", closeReason, reason);
};`,
};

const countClosed = (server: TestProcess) =>
  server.log().filter(({ message }) => message === "closed 1012 server stopping").length;

/** What one of many clients saw: when it got its close frame, in milliseconds, and the code. */
type Ending = { at: number; code: number };

/** Opens a session and resolves once it is open; `ended` resolves at its end. */
async function openClient(origin: string): Promise<{ ended: Promise<Ending | undefined> }> {
  const { hostname, port } = new URL(origin);
  const opened = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<Ending | undefined>();
  let ending: Ending | undefined;
  let isOpen = false;
  await Bun.connect({
    hostname,
    port: Number(port),
    socket: {
      open: (socket) => void socket.write(handshake("/a")),
      data(_, bytes) {
        if (!isOpen) {
          isOpen = true;
          opened.resolve();
          return;
        }
        ending ??= { at: performance.now(), code: parseClose(Buffer.from(bytes))?.code ?? 0 };
      },
      close: () => ended.resolve(ending),
    },
  });
  await opened.promise;
  return { ended: ended.promise };
}

test("5,000 sessions are closed with 1012, spread over --drain, and each one's close event runs", async () => {
  const count = 5000;
  const drainMs = 2000;
  using folder = createFolder(files);
  await using server = await startBinary([folder.path, "--no-watch", "--drain", "2", "--max-upgrades", "0"], {
    cwd: folder.path,
  });
  const clients: Awaited<ReturnType<typeof openClient>>[] = [];
  while (clients.length < count) {
    clients.push(...(await Promise.all(Array.from({ length: 250 }, () => openClient(server.origin)))));
  }
  const startedAt = performance.now();
  server.signal("SIGTERM");
  const endings = await Promise.all(clients.map(({ ended }) => ended));
  expect(await server.exited).toBe(0);
  expect(endings.filter((ending) => ending?.code !== 1012)).toEqual([]);
  await waitFor(() => countClosed(server) === count, "close events");
  // Four equal parts of the time: each has its share, more or less, also where the clients' machine is busy.
  const parts = Array.from({ length: 4 }, () => 0);
  for (const ending of endings) {
    const part = Math.min(3, Math.floor((((ending?.at ?? 0) - startedAt) / drainMs) * 4));
    parts[part] = (parts[part] ?? 0) + 1;
  }
  for (const share of parts) {
    expect(share).toBeGreaterThan(count / 10);
    expect(share).toBeLessThan(count / 2);
  }
}, 60_000);

test("a server that drains says so, refuses sessions, answers pages, and goes on with the sessions it has", async () => {
  const count = 200;
  using folder = createFolder(files);
  await using server = await startBinary([folder.path, "--no-watch", "--drain", "1h"], { cwd: folder.path });
  expect(await (await server.fetch("/-/ready")).json()).toEqual({ status: "ready" });
  const clients = await Promise.all(Array.from({ length: count }, () => openClient(server.origin)));
  // Ten milliseconds a session, so two seconds.
  server.signal("SIGTERM");
  await server.logged(`Stopping because of SIGTERM: closing ${count} sessions`);
  const [ready, alive, page, refused] = await Promise.all([
    server.fetch("/-/ready"),
    server.fetch("/-/health"),
    server.fetch("/a"),
    exchange(server.origin, handshake("/a", { Accept: "application/json" })),
  ]);
  expect([ready.status, await ready.json()]).toEqual([503, { status: "not ready", reason: "draining" }]);
  expect([alive.status, await alive.json()]).toEqual([200, { status: "alive" }]);
  expect([page.status, await page.text()]).toEqual([200, "page"]);
  expect(refused.statuses).toEqual([503]);
  expect(refused.text).toMatch(/^retry-after: 1\r$/im);
  expect(refused.text).toContain('{"status":503,"message":"The server is stopping"}');
  // New code may still come, and closes nobody earlier.
  folder.write({ "a.js": files["a.js"].replace("closed", "closed by new code") });
  server.signal("SIGHUP");
  await server.logged("Loaded generation 2");
  const closedByThen = countClosed(server);
  const endings = await Promise.all(clients.map(({ ended }) => ended));
  expect(endings.every((ending) => ending?.code === 1012)).toBe(true);
  expect(await server.exited).toBe(0);
  expect(closedByThen).toBeLessThan(count / 2);
  const byNewCode = server.log().filter(({ message }) => message.startsWith("closed by new code 1012"));
  expect(countClosed(server) + byNewCode.length).toBe(count);
  const span = Math.max(...endings.map((ending) => ending?.at ?? 0)) - Math.min(...endings.map((one) => one?.at ?? 0));
  expect(span).toBeGreaterThan(1000);
}, 20_000);

test.concurrent(
  "with --drain 0 all sessions are closed at once, and one that never answers does not hold up the end",
  async () => {
    using folder = createFolder(files);
    await using server = await startBinary([folder.path, "--no-watch", "--drain", "0"], { cwd: folder.path });
    const { hostname, port } = new URL(server.origin);
    let received = Buffer.alloc(0);
    // It answers neither the close frame nor the end of the connection.
    const silent = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
    silent.on("data", (bytes: Buffer) => (received = Buffer.concat([received, bytes])));
    silent.on("error", () => {});
    silent.write(handshake("/a"));
    await waitFor(() => received.includes("\r\n\r\n"), "101 answer");
    using raw = await openRaw(`${server.origin}/a`);
    const startedAt = performance.now();
    server.signal("SIGTERM");
    await waitFor(() => raw.ended(), "end of the connection");
    expect(parseClose(raw.received())).toEqual({ code: 1012, reason: "server stopping" });
    expect(await server.exited).toBe(0);
    expect(performance.now() - startedAt).toBeLessThan(9000);
    expect(parseClose(received.subarray(received.indexOf("\r\n\r\n") + 4))?.code).toBe(1012);
    expect(countClosed(server)).toBe(2);
    silent.destroy();
  },
  20_000,
);

test.concurrent("SIGTERM ends a server whose controllers never finish loading", async () => {
  using folder = createFolder({
    "a.js": 'console.log("loading"); await new Promise(() => setInterval(() => {}, 1000));',
  });
  const child = Bun.spawn([await buildOnce(), "serve", folder.path, "--port", "0"], {
    cwd: folder.path,
    env: {},
    stdout: "pipe",
  });
  let printed = "";
  const reading = (async () => {
    for await (const chunk of child.stdout) printed += new TextDecoder().decode(chunk);
  })();
  await waitFor(() => printed.includes("loading"), "controller that loads");
  // Not taken for the end, but for a load once the first is done.
  child.kill("SIGHUP");
  child.kill("SIGTERM");
  expect(await child.exited).toBe(0);
  await reading;
  expect(printed).toContain("Stopped before the server listened");
});

test.concurrent(
  "SIGTERM ends a server whose reload never finishes, with the close events in the old code",
  async () => {
    using folder = createFolder(files);
    await using server = await startBinary([folder.path, "--no-watch"], { cwd: folder.path });
    using session = await server.open("/a");
    folder.write({ "a.js": 'console.log("loading"); await new Promise(() => setInterval(() => {}, 1000));' });
    server.signal("SIGHUP");
    await server.logged("loading");
    server.signal("SIGTERM");
    expect((await session.closed).code).toBe(1012);
    expect(await server.exited).toBe(0);
    expect(countClosed(server)).toBe(1);
  },
);

test.concurrent("messages that wait for a busy controller when the server stops are logged as dropped", async () => {
  const busy = `import { isOpen, log } from "hubbub";
export const get = () => ({ webSocket: {} });
export const webSocketEvent = async ({ type, message, session: { id } }) => {
  if (type === "close") log.info("closed");
  if (type !== "message") return;
  log.info("heard " + message);
  while (isOpen(id)) await new Promise((done) => setTimeout(done, 5));
};`;
  using folder = createFolder({ "a.js": busy });
  await using server = await startBinary([folder.path, "--no-watch", "--drain", "0"], { cwd: folder.path });
  using raw = await openRaw(`${server.origin}/a`);
  raw.socket.write(Buffer.concat(["1", "2", "3"].map((text) => formatFrame(1, text))));
  await server.logged("heard 1");
  server.signal("SIGTERM");
  const line = await server.logged("Dropped");
  expect(line.message).toBe("Dropped 2 messages that waited for the controller of a session: it was closed with 1012");
  expect(await server.exited).toBe(0);
  await server.logged("closed");
});
