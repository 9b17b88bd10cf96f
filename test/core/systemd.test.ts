import { beforeAll, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { buildOnce, serveFiles, type TestServerProcess } from "../support/binary.ts";
import { createFolder } from "../support/folder.ts";
import { hasSocat, openNotificationSocket } from "../support/notifications.ts";
import { waitFor } from "../support/session.ts";

if (!hasSocat) console.warn("socat is not installed: tests of what systemd is told are skipped (apt-get install it)");

beforeAll(buildOnce, 60_000);

const echo = {
  "echo.js": `import { send } from "hubbub";
export const get = () => ({ webSocket: {} });
export const webSocketEvent = ({ type, session, message }) => type === "message" && send(session.id, message);`,
};

const start = (environment: Record<string, string>, files: Record<string, string> = echo): Promise<TestServerProcess> =>
  serveFiles(files, ["--drain", "3"], { environment });

/** Microseconds of CLOCK_MONOTONIC, which this machine's uptime is as long as it does not sleep. */
const readUptimeUsec = () => Number(readFileSync("/proc/uptime", "utf8").split(" ")[0]) * 1_000_000;

test.skipIf(!hasSocat).each(["path", "abstract"] as const)(
  "Systemd tells over a socket with %s name that the server is ready, loads again, and stops",
  async (kind) => {
    await using socket = await openNotificationSocket(kind);
    await using server = await start({ NOTIFY_SOCKET: socket.name });
    await socket.received(/^STATUS=/);
    expect(socket.fields()).toEqual(["READY=1", "STATUS=0 sessions, generation 1"]);
    const before = readUptimeUsec();
    server.signal("SIGHUP");
    await socket.received(/^STATUS=0 sessions, generation 2$/);
    const [reloading, time = "", ready] = socket.fields().slice(2);
    expect([reloading, ready]).toEqual(["RELOADING=1", "READY=1"]);
    const usec = Number(/^MONOTONIC_USEC=(\d+)$/.exec(time)?.[1]);
    expect(usec).toBeGreaterThan(before - 20_000);
    expect(usec).toBeLessThan(readUptimeUsec() + 20_000);
    server.signal("SIGTERM");
    expect(await server.exited).toBe(0);
    await socket.received(/^STATUS=Stopping/);
    // The three seconds of --drain, the ten of close events, and some more.
    const last = ["STOPPING=1", "EXTEND_TIMEOUT_USEC=18000000", "STATUS=Stopping: 0 sessions, generation 2"];
    expect(socket.fields().slice(6)).toEqual(last);
  },
);

test.skipIf(!hasSocat)("Systemd sends a status with the sessions, and why the last load was refused", async () => {
  await using socket = await openNotificationSocket("path");
  await using server = await start({ NOTIFY_SOCKET: socket.name, WATCHDOG_USEC: "20000", WATCHDOG_PID: "1" });
  using session = await server.open("/echo");
  await socket.received(/^STATUS=1 session, generation 1$/);
  server.folder.write({ "echo.js": "export const get = 5;" });
  await server.logged("Cannot load");
  await socket.received(/^STATUS=1 session, generation 1; Cannot load controller "echo\.js": "get" is a number/);
  expect(session.socket.readyState).toBe(WebSocket.OPEN);
  // A live edit is no reload of the service: nobody waits for its end.
  expect(socket.fields()).not.toContain("RELOADING=1");
  // The watchdog is another process's.
  expect(socket.fields()).not.toContain("WATCHDOG=1");
});

test.skipIf(!hasSocat)("Systemd feeds the watchdog as long as the event loop turns", async () => {
  await using socket = await openNotificationSocket("path");
  await using server = await start(
    { NOTIFY_SOCKET: socket.name, WATCHDOG_USEC: "200000" },
    {
      "hold.js": `import { send } from "hubbub";
export const get = () => ({ webSocket: {} });
export const webSocketEvent = ({ type, message, session }) => {
  if (type !== "message") return;
  const end = performance.now() + Number(message);
  while (performance.now() < end);
  send(session.id, "held");
};`,
    },
  );
  const countFed = () => socket.fields().filter((field) => field === "WATCHDOG=1").length;
  const startedAt = performance.now();
  await waitFor(() => countFed() >= 5, "fifth feeding");
  expect(performance.now() - startedAt).toBeGreaterThan(200);
  using session = await server.open("/hold");
  session.send("1500");
  await server.logged("The event loop has been held");
  const fedBefore = countFed();
  expect(await session.next()).toBe("held");
  // It was held for half a second more, in which five had been due.
  expect(countFed() - fedBefore).toBeLessThanOrEqual(2);
  await server.logged("The event loop turns again");
  await waitFor(() => countFed() >= fedBefore + 3, "feeding after that");
});

test.skipIf(!hasSocat)("Systemd waits for a socket that is full, and loses no state for it", async () => {
  await using socket = await openNotificationSocket("path");
  await using server = await start({ NOTIFY_SOCKET: socket.name, WATCHDOG_USEC: "2000" });
  await socket.received(/^READY=1$/);
  socket.pause();
  const countFed = () => socket.fields().filter((field) => field === "WATCHDOG=1").length;
  const fedBefore = countFed();
  const pausedAt = performance.now();
  await waitFor(() => performance.now() - pausedAt > 300, "time in which 300 feedings are due");
  server.signal("SIGHUP");
  await server.logged("Loaded generation 2");
  expect((await server.fetch("/-/health")).status).toBe(200);
  expect(socket.fields()).not.toContain("RELOADING=1");
  socket.resume();
  await socket.received(/^STATUS=0 sessions, generation 2$/);
  // As many as the kernel keeps, 10 or 512: what else was due is left out.
  const kept = Number(readFileSync("/proc/sys/net/unix/max_dgram_qlen", "utf8"));
  const fields = socket.fields();
  expect(fields.indexOf("RELOADING=1") - fields.indexOf("READY=1") - fedBefore).toBeLessThanOrEqual(kept + 5);
  expect(fields.slice(fields.indexOf("RELOADING=1") + 2)).toContain("READY=1");
});

test.each([
  ["/nowhere/notify", "there is no such socket, expected systemd to listen there"],
  ["notify", "it is no path, expected one that begins with / or @"],
  [`/${"x".repeat(200)}`, "it has 202 bytes, expected at most 108"],
])("Systemd warns once of a socket that cannot be used, and the server goes on: %s", async (name, problem) => {
  await using server = await start({ NOTIFY_SOCKET: name, WATCHDOG_USEC: "20000" });
  const { level } = await server.logged(`Cannot notify "${name}": ${problem}`);
  expect(level).toBe("WARNING");
  server.signal("SIGHUP");
  await server.logged("Loaded generation 2");
  server.signal("SIGTERM");
  expect(await server.exited).toBe(0);
  expect(server.log().filter(({ message }) => message.startsWith("Cannot notify"))).toHaveLength(1);
});

test("Systemd warns of a file that is no socket", async () => {
  using folder = createFolder({ "file.txt": "" });
  const name = join(folder.path, "file.txt");
  await using server = await start({ NOTIFY_SOCKET: name });
  await server.logged(`Cannot notify "${name}": nobody listens on it, expected systemd to listen there`);
  expect((await server.fetch("/-/ready")).status).toBe(200);
});

test.skipIf(!hasSocat)("NOTIFY_SOCKET is not what a controller's processes are told", async () => {
  await using socket = await openNotificationSocket("path");
  await using server = await start(
    { NOTIFY_SOCKET: socket.name, PATH: "/usr/bin:/bin" },
    {
      "env.js": `const { execFileSync } = require("node:child_process");
exports.get = () => ({ body: execFileSync("env").toString() });`,
    },
  );
  const text = await (await server.fetch("/env")).text();
  expect(text).toContain("PATH=");
  expect(text).not.toContain("NOTIFY_SOCKET");
});
