import { beforeAll, expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { readMemory } from "../../bench/process.ts";
import { buildOnce, serveFiles, type TestProcess } from "../support/binary.ts";
import { connectRaw, formatFrame, handshake, openRaw, parseStatuses, type RawConnection } from "../support/raw.ts";
import { waitFor } from "../support/session.ts";

/** `/echo` talks, `/refuse` refuses, `/groups` joins and leaves as many groups as a message says, `/state` tells. */
const controllers = {
  "_state.js": `
import { kept } from "hubbub";
export const state = kept("state", () => ({ open: 0, most: 0, opened: 0 }));
export const note = (type) => {
  if (type === "open") { state.opened += 1; state.open += 1; state.most = Math.max(state.most, state.open); }
  if (type === "close") state.open -= 1;
};`,
  "state.js": `
import { heapStats } from "bun:jsc";
import { getGroupSize } from "hubbub";
import { state } from "./_state.js";
export const get = () => {
  Bun.gc(true);
  return { body: { ...state, members: getGroupSize("all"), objects: heapStats().objectCount } };
};`,
  "echo.js": `
import { addToGroup, send } from "hubbub";
import { note } from "./_state.js";
export const get = () => ({ webSocket: {} });
export const webSocketEvent = ({ type, session, message }) => {
  note(type);
  if (type === "open") addToGroup("all", session.id);
  if (type === "message") send(session.id, message);
};`,
  "refuse.js": "export const get = () => ({ status: 403 });",
  "groups.js": `
import { addToGroup, getGroups, removeFromGroup, send, sendToGroup } from "hubbub";
let named = 0;
export const get = () => ({ webSocket: {} });
export const webSocketEvent = ({ type, session: { id }, message }) => {
  if (type !== "message") return;
  const [how, count] = message.split(" ");
  for (let left = Number(count); left > 0; left -= 1) {
    const name = "a group with a name of its own " + named++;
    addToGroup(name, id);
    if (how === "leave") removeFromGroup(name, id);
  }
  send(id, String(getGroups(id).length));
};`,
};

const MIB = 1024 ** 2;

beforeAll(buildOnce, 60_000);

type State = { open: number; most: number; opened: number; members: number; objects: number };

const readState = async (server: TestProcess) => (await (await server.fetch("/state")).json()) as State;

const countFiles = ({ pid }: TestProcess) => readdirSync(`/proc/${pid}/fd`).length;

/** What a server holds: bytes, and JavaScript's objects. */
type Held = { bytes: number; objects: number };

/** What the server holds once its garbage is collected. */
async function readHeld(server: TestProcess): Promise<Held> {
  let objects = 0;
  for (let round = 0; round < 3; round += 1) ({ objects } = await readState(server));
  return { bytes: readMemory(server.pid), objects };
}

/** The objects are exact but for what the runtime keeps; the bytes vary by some MiB from one moment to the next. */
async function expectNoGrowth(server: TestProcess, before: Held): Promise<void> {
  const after = await readHeld(server);
  expect(after.objects - before.objects).toBeLessThan(1000);
  expect(after.bytes - before.bytes).toBeLessThan(16 * MIB);
}

/** How many requests follow each other on one connection. */
const PER_CONNECTION = 20;

/** Sends a request `count` times, on 20 connections at a time; resolves to how often each status came. */
async function ask(server: TestProcess, request: string, count: number): Promise<Record<string, number>> {
  const statuses: Record<string, number> = {};
  let left = count / PER_CONNECTION;
  const askNext = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      using raw = await connectRaw(server.origin, request.repeat(PER_CONNECTION));
      await waitFor(() => parseStatuses(raw.received()).length >= PER_CONNECTION, "answers");
      for (const status of parseStatuses(raw.received())) statuses[status] = (statuses[status] ?? 0) + 1;
    }
  };
  await Promise.all(Array.from({ length: 20 }, askNext));
  return statuses;
}

test.each([
  ["a controller", handshake("/refuse"), 403],
  ["their origin", handshake("/echo", { Origin: "https://evil.example" }), 403],
  ["their handshake", handshake("/echo", { "Sec-WebSocket-Key": "short" }), 400],
  ["a limit", handshake("/echo"), 503],
] as const)(
  "ten thousand upgrades that are refused by %s leave nothing behind",
  async (_, request, status) => {
    const flags = ["--no-watch", "--max-upgrades", "0", ...(status === 503 ? ["--max-sessions", "1"] : [])];
    await using server = await serveFiles(controllers, flags);
    using _first = await server.open("/echo");
    expect(await ask(server, request, 3000)).toEqual({ [status]: 3000 });
    const held = await readHeld(server);
    const files = countFiles(server);
    expect(await ask(server, request, 10_000)).toEqual({ [status]: 10_000 });
    await expectNoGrowth(server, held);
    await waitFor(() => countFiles(server) <= files + 1, "end of the connections");
    expect(await readState(server)).toMatchObject({ opened: 1, open: 1 });
  },
  60_000,
);

test("a hundred thousand groups that were joined and left, or ended with their members, leave nothing behind", async () => {
  await using server = await serveFiles(controllers, ["--no-watch"]);
  const use = async (how: "join" | "leave") => {
    for (let round = 0; round < 25; round += 1) {
      using session = await server.open("/groups");
      // --max-groups is 1000.
      for (const left of how === "join" ? ["1000"] : Array<string>(2).fill("0")) {
        session.send(`${how} 1000`);
        expect(await session.next()).toBe(left);
      }
      session.close();
      await session.closed;
    }
  };
  await use("join");
  await use("leave");
  const held = await readHeld(server);
  await use("join");
  await use("leave");
  await expectNoGrowth(server, held);
}, 60_000);

test("sessions that come and go at --max-sessions are never more, and leave room for as many", async () => {
  const flags = ["--max-sessions", "100", "--max-upgrades", "0", "--no-watch"];
  await using server = await serveFiles(controllers, flags);
  const seen = { opened: 0, refused: 0 };
  let number = 0;
  await Promise.all(
    Array.from({ length: 250 }, async () => {
      for (let tries = 0; tries < 20; tries += 1) {
        using raw = await connectRaw(server.origin, handshake("/echo"));
        await waitFor(() => parseStatuses(raw.received()).length > 0, "answer");
        if (parseStatuses(raw.received())[0] !== 101) {
          seen.refused += 1;
          continue;
        }
        seen.opened += 1;
        number += 1;
        raw.socket.write(formatFrame(1, "x"));
        if (number % 3 === 0) raw.reset();
        else if (number % 3 === 1) raw.socket.end(formatFrame(8, ""));
      }
    }),
  );
  expect(seen.opened + seen.refused).toBe(5000);
  expect(seen.refused).toBeGreaterThan(0);
  await waitFor(async () => (await readState(server)).open === 0, "end of the sessions");
  expect(await readState(server)).toMatchObject({ opened: seen.opened, members: 0 });
  expect((await readState(server)).most).toBeLessThanOrEqual(100);
  const sessions = await Promise.all(Array.from({ length: 100 }, () => server.open("/echo")));
  expect(await ask(server, handshake("/echo"), 20)).toEqual({ 503: 20 });
  for (const session of sessions) session.close();
  await waitFor(async () => (await readState(server)).open === 0, "end of the sessions");
}, 30_000);

/** The most sessions of one address, and the addresses that the test's sessions say they come from. */
const PER_ADDRESS = 100;
const from = (n: number) => ({ "X-Forwarded-For": `198.51.100.${1 + (n % 50)}` });

test("5,000 sessions that are reset at once leave nothing behind, and the server answers meanwhile", async () => {
  const limits = ["--max-upgrades", "0", "--max-sessions-per-address", String(PER_ADDRESS)];
  const flags = ["--trust-proxy", "loopback", "--no-watch", ...limits];
  await using server = await serveFiles(controllers, flags);
  await readState(server);
  const files = countFiles(server);
  let held: Held | undefined;
  for (let round = 0; round < 3; round += 1) {
    const raws: RawConnection[] = [];
    while (raws.length < 5000) {
      const open = (_: unknown, n: number) =>
        openRaw(`${server.origin}/echo`, from(raws.length + n), formatFrame(1, "x".repeat(100)));
      raws.push(...(await Promise.all(Array.from({ length: 250 }, open))));
    }
    expect(await readState(server)).toMatchObject({ open: 5000, members: 5000 });
    // Each address has as many sessions as it may.
    expect(await ask(server, handshake("/echo", from(0)), 20)).toEqual({ 429: 20 });
    for (const raw of raws) raw.reset();
    const askedAt = performance.now();
    expect((await server.fetch("/-/health")).status).toBe(200);
    expect(performance.now() - askedAt).toBeLessThan(1000);
    await waitFor(async () => (await readState(server)).open === 0, "end of the sessions");
    expect(await readState(server)).toMatchObject({ opened: 5000 * (round + 1), members: 0 });
    await waitFor(() => countFiles(server) <= files + 1, "end of the connections");
    if (held !== undefined) await expectNoGrowth(server, held);
    held = await readHeld(server);
  }
}, 60_000);
