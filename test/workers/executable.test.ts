import { beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { buildOnce, runBinary, startBinary, type TestProcess } from "../support/binary.ts";
import { where } from "../support/crew.ts";
import { createFolder } from "../support/folder.ts";
import { hasSocat, openNotificationSocket } from "../support/notifications.ts";
import { seed } from "../support/seed.ts";
import { type TestSession, waitFor } from "../support/session.ts";

/** Threads start slowly on a machine that others use too. */
setDefaultTimeout(30_000);

beforeAll(buildOnce, 60_000);

/** So many sessions that a worker without one is one chance in 32,768. */
const SESSIONS = 16;

async function openMany(server: TestProcess, path: string): Promise<TestSession[]> {
  return Promise.all(Array.from({ length: SESSIONS }, () => server.open(path)));
}

const linesWith = (server: TestProcess, text: string) => server.log().filter(({ message }) => message.includes(text));

test("the seed's chat runs unchanged on two workers: each session gets each message once, in the sender's order", async () => {
  using folder = createFolder(seed);
  await using server = await startBinary([".", "--workers", "2"], { cwd: folder.path });
  const sessions = await openMany(server, "/chat");
  for (const session of sessions) expect(await session.next()).toBe("You have joined the chat.");
  const [ada, ...others] = sessions;
  // Who is in the group is known to the other worker a moment later.
  await waitFor(() => {
    ada?.send("ping");
    return others.every(({ waiting }) => waiting.includes("ping"));
  }, "ping at all");
  for (const session of sessions)
    for (let number = 0; number < 10; number += 1) session.send(`${sessions.indexOf(session)} ${number}`);
  const isSaid = (message: unknown) => message !== "ping";
  await waitFor(() => sessions.every(({ waiting }) => waiting.filter(isSaid).length >= 10 * SESSIONS), "all messages");
  for (const { waiting } of sessions) {
    const bySender = Map.groupBy(waiting.filter(isSaid) as string[], (message) => message.split(" ")[0]);
    expect(bySender.size).toBe(SESSIONS);
    for (const [sender, messages] of bySender)
      expect(messages).toEqual(Array.from({ length: 10 }, (_, number) => `${sender} ${number}`));
  }
  for (const session of sessions) session[Symbol.dispose]();
});

test("what happens once is logged once, and what happens in a worker says in which", async () => {
  using folder = createFolder({
    ...where,
    "fail.ts": `export const get = () => { throw new Error("as asked"); };`,
  });
  await using server = await startBinary([".", "--workers", "2", "--no-watch"], { cwd: folder.path });
  const sessions = await openMany(server, "/where");
  await Promise.all(Array.from({ length: SESSIONS }, () => server.fetch("/fail", { keepalive: false })));
  await waitFor(() => new Set(linesWith(server, "as asked").map(({ worker }) => worker)).size === 2, "faults of both");
  folder.write({ "more.ts": "export const get = () => ({ body: 'more' });" });
  server.signal("SIGHUP");
  await server.logged("Loaded generation 2");
  expect(await (await server.fetch("/more")).text()).toBe("more");
  folder.write({ "more.ts": "export const get = 7;" });
  server.signal("SIGHUP");
  await server.logged("generation 2 keeps serving");
  server.signal("SIGTERM");
  for (const { closed } of sessions) expect(await closed).toEqual({ code: 1012, reason: "server stopping" });
  expect(await server.exited).toBe(0);
  // A machine that others use too may hold an event loop.
  const own = server.log().filter(({ worker, level }) => worker === undefined && level !== "WARNING");
  const messages = own.filter(({ message }) => !message.startsWith("The event loop"));
  expect(messages.map(({ message }) => message.replace(/ in [\d.]+ ms|\d+\.\d+\.\d+\.\d+:\d+/g, ""))).toEqual([
    "Loaded generation 1: 2 controllers",
    "Listening: open http:///",
    "The inspector and the API are off: there is no HUBBUB_ADMIN_TOKEN or --admin-token",
    "Loaded generation 2: +more.ts; 0 values kept",
    'Cannot load controller "more.ts": "get" is a number, expected a function; generation 2 keeps serving',
    `Stopping because of SIGTERM: closing ${SESSIONS} sessions`,
  ]);
});

test("a fault at the start is told once, with its exit code", async () => {
  using folder = createFolder({ "a.ts": "export const get = 7;" });
  const flags = ["--workers", "3", "--port", "0"];
  expect(await runBinary(["serve", ".", ...flags], { cwd: folder.path })).toMatchObject({
    exitCode: 78,
    stderr: 'hubbub: Cannot load controller "a.ts": "get" is a number, expected a function\n',
  });
  expect(await runBinary(["serve", ".", "--workers", "0"], { cwd: folder.path })).toMatchObject({
    exitCode: 2,
    stderr: 'hubbub: Cannot use --workers "0": expected a whole number from 1 to 256, or auto\n',
  });
});

test("pages of all workers are of one version, and are told of a change by each", async () => {
  using folder = createFolder({ ...where, "public/index.html": "<head></head>", "public/more.css": "" });
  await using server = await startBinary([".", "--workers", "2", "--live-pages"], { cwd: folder.path });
  const readVersions = async () => {
    const pages = Array.from({ length: SESSIONS }, async () => (await server.fetch("/", { keepalive: false })).text());
    return new Set((await Promise.all(pages)).map((page) => /version=([^"]+)/.exec(page)?.[1]));
  };
  const [before] = await readVersions();
  expect(before).toBeString();
  folder.write({ "public/more.css": "a {}" });
  await waitFor(async () => !(await readVersions()).has(before), "another version");
  expect((await readVersions()).size).toBe(1);
});

test.skipIf(!hasSocat)("systemd is told of all workers as one service", async () => {
  await using socket = await openNotificationSocket("path");
  using folder = createFolder(where);
  const environment = { NOTIFY_SOCKET: socket.name };
  await using server = await startBinary([".", "--workers", "2"], { cwd: folder.path, environment });
  await openMany(server, "/where");
  server.signal("SIGHUP");
  await socket.received(new RegExp(`^STATUS=${SESSIONS} sessions, generation 2$`));
  server.signal("SIGTERM");
  expect(await server.exited).toBe(0);
  const states = socket.fields().filter((field) => /^(READY|RELOADING|STOPPING)/.test(field));
  expect(states).toEqual(["READY=1", "RELOADING=1", "READY=1", "STOPPING=1"]);
});

test("what is taken out of the environment is in no worker's either", async () => {
  using folder = createFolder({
    "names.ts": `export const get = () => ({ body: Object.keys(process.env).filter((name) => name.startsWith("HUBBUB_")) });`,
  });
  const environment = { HUBBUB_ADMIN_TOKEN: "0123456789abcdef", HUBBUB_LOG_LEVEL: "info" };
  await using server = await startBinary([".", "--workers", "2"], { cwd: folder.path, environment });
  expect(await (await server.fetch("/names")).json()).toEqual(["HUBBUB_LOG_LEVEL"]);
});
