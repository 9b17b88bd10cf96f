import { expect, test } from "bun:test";
import { createServer } from "node:net";
import {
  connectRaw,
  formatClose,
  formatFrame,
  handshake,
  openRaw,
  parseFrames,
  type RawConnection,
} from "../support/raw.ts";
import { waitFor } from "../support/session.ts";
import { expectAlive, startWitness, type Witness } from "../support/witness.ts";

/** `/held` waits in `get`, `/busy` in each event, until somebody posts to `/gate`. */
const controllers = {
  "gate.js": `
import { kept } from "hubbub";
const waiting = kept("waiting", () => []);
export const get = () => ({ body: waiting.length });
export const post = () => {
  const all = waiting.splice(0);
  for (const go of all) go();
  return { body: all.length };
};`,
  "held.js": `
import { kept } from "hubbub";
import { note } from "./_heard.js";
const waiting = kept("waiting", () => []);
export const get = async () => {
  await new Promise((resolve) => waiting.push(resolve));
  return { webSocket: { data: { name: "held" } } };
};
export const webSocketEvent = note;`,
  "busy.js": `
import { kept, send } from "hubbub";
import { note } from "./_heard.js";
const waiting = kept("waiting", () => []);
export const get = ({ params }) => ({ webSocket: { data: { name: "busy", holds: params.holds } } });
export const webSocketEvent = async (event) => {
  note(event);
  if (event.type === event.data.holds) await new Promise((resolve) => waiting.push(resolve));
  if (event.type === "message") send(event.session.id, event.message);
};`,
  "refuse.js": `
import { close, send } from "hubbub";
import { note } from "./_heard.js";
export const get = () => ({ webSocket: { data: { name: "refuse" } } });
export const webSocketEvent = (event) => {
  note(event);
  if (event.type === "message") close(event.session.id, 4400, "go away");
};`,
};

/** `/talk` says numbers to all of its sessions. */
const talk = {
  "talk.js": `
import { addToGroup, sendToGroup } from "hubbub";
import { note } from "./_heard.js";
export const get = ({ params }) => ({ webSocket: { data: { name: params.name } } });
export const webSocketEvent = (event) => {
  note(event);
  if (event.type === "open") addToGroup("talk", event.session.id);
};
let number = 0;
setInterval(() => sendToGroup("talk", String(number++)), 1);`,
};

const start = () => startWitness({ "max-backlog": "8MiB" }, controllers);
const waitingAt = async (server: Witness) => Number(await (await server.fetch("/gate")).text());
const openGate = async (server: Witness) => Number(await (await server.fetch("/gate", { method: "POST" })).text());

test("reset() of a raw connection is a TCP reset, not an end", async () => {
  const codes: (string | undefined)[] = [];
  const server = createServer((socket) => {
    socket.on("error", ({ code }: NodeJS.ErrnoException) => codes.push(code));
    socket.on("end", () => codes.push("end"));
    socket.resume();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const url = `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
  for (const end of ["reset", "end"] as const) {
    using raw = await connectRaw(url, "x");
    if (end === "reset") raw.reset();
    else raw.socket.end();
    await waitFor(() => codes.length > 0, "end of the connection");
    expect(codes.splice(0)).toEqual([end === "reset" ? "ECONNRESET" : "end"]);
  }
  server.close();
});

test.each([
  ["nothing", 0],
  ["one byte", 1],
  ["half the request line", 8],
  ["the request line", 20],
  ["half the headers", 80],
  ["all but the last byte", handshake("/echo").length - 1],
])("a connection that is reset after %s of its request opens no session", async (_, length) => {
  await using server = await start();
  using raw = await connectRaw(server.url("/"), handshake("/echo").slice(0, length));
  raw.reset();
  await expectAlive(server);
  expect(await server.settled()).toMatchObject([{ name: "alive" }]);
});

test("a connection that is reset in the middle of a body calls no controller", async () => {
  await using server = await start();
  const head = "POST /gate HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nContent-Length: 100\r\n\r\nhalf";
  using raw = await connectRaw(server.url("/"), head);
  await waitFor(() => server.app.pendingRequests === 1, "request");
  raw.reset();
  await waitFor(() => server.app.pendingRequests === 0, "end of the request");
  await expectAlive(server);
});

test.each(["reset", "destroy"] as const)(
  "an upgrade whose connection ends (%s) while its async get runs opens no session",
  async (how) => {
    await using server = await start();
    using raw = await connectRaw(server.url("/"), handshake("/held"));
    await waitFor(async () => (await waitingAt(server)) === 1, "call of get");
    if (how === "reset") raw.reset();
    else raw.socket.destroy();
    // The runtime has seen the end once it counts no request but the one that asks.
    await waitFor(() => server.app.pendingRequests === 0, "end of the request");
    expect(await openGate(server)).toBe(1);
    await expectAlive(server);
    expect(await server.settled()).toMatchObject([{ name: "alive" }]);
  },
);

test("an upgrade whose connection is reset at the moment its get returns opens one session or none", async () => {
  await using server = await start();
  const raws = await Promise.all(Array.from({ length: 100 }, () => connectRaw(server.url("/"), handshake("/held"))));
  await waitFor(async () => (await waitingAt(server)) === raws.length, "calls of get");
  const opening = openGate(server);
  for (const raw of raws) raw.reset();
  expect(await opening).toBe(raws.length);
  await waitFor(() => server.app.pendingRequests === 0, "end of the requests");
  await server.settled();
  await expectAlive(server);
});

/** What a session does before it is reset, and what its controller has heard by then. */
const moments: [when: string, act: (raw: RawConnection) => Promise<void> | void, messages: number][] = [
  ["right after 101", () => {}, 0],
  ["after one byte of a frame", (raw) => void raw.socket.write(Buffer.of(0x81)), 0],
  ["after the head of a frame", (raw) => void raw.socket.write(formatFrame(1, "x".repeat(1000)).subarray(0, 8)), 0],
  ["in the middle of a frame", (raw) => void raw.socket.write(formatFrame(1, "x".repeat(1000)).subarray(0, 500)), 0],
  ["between fragments", (raw) => void raw.socket.write(formatFrame(1, "x", { fin: false })), 0],
  ["in the middle of a close frame", (raw) => void raw.socket.write(formatClose(1000, "bye").subarray(0, 7)), 0],
  [
    "after its echo",
    async (raw) => {
      raw.socket.write(formatFrame(1, "x"));
      await waitFor(() => parseFrames(raw.received()).length === 1, "echo");
    },
    1,
  ],
];

test.each(moments)("a session that is reset %s is closed once, with 1006", async (_, act, messages) => {
  await using server = await start();
  using raw = await openRaw(server.url("/echo?name=reset"));
  await act(raw);
  // What was written must have left before the reset, which would drop it.
  await waitFor(() => raw.socket.writableLength === 0, "bytes to leave");
  raw.reset();
  const all = await server.settled();
  expect(all).toMatchObject([{ name: "reset", messages, errors: [], closes: [[1006, ""]] }]);
  await expectAlive(server);
});

test.each(["open", "message", "close"])(
  "a session that is reset while its %s event runs is closed once, after that event",
  async (holds) => {
    await using server = await start();
    using raw = await openRaw(server.url(`/busy?holds=${holds}`));
    for (const text of ["one", "two", "three"]) raw.socket.write(formatFrame(1, text));
    if (holds === "close") await waitFor(() => parseFrames(raw.received()).length === 3, "echoes");
    else await waitFor(async () => (await waitingAt(server)) === 1, "event");
    raw.reset();
    await waitFor(() => server.app.sessionCount === 0, "end of the session");
    if (holds === "close") await waitFor(async () => (await waitingAt(server)) === 1, "close event");
    else expect((await server.heard()).flatMap(({ closes }) => closes)).toEqual([]);
    // Each message that came is heard before the close, though nobody can be answered any more.
    await waitFor(async () => (await openGate(server)) === 0, "events to end");
    await waitFor(async () => {
      await openGate(server);
      return (await server.heard()).every(({ closes }) => closes.length === 1);
    }, "close event");
    expect(await server.settled()).toMatchObject([{ name: "busy", errors: [], closes: [[1006, ""]] }]);
    await expectAlive(server);
  },
);

test("a session that is reset after the server's close frame keeps the server's code", async () => {
  await using server = await start();
  using raw = await openRaw(server.url("/refuse"));
  raw.socket.write(formatFrame(1, "x"));
  await waitFor(() => parseFrames(raw.received()).some(({ opcode }) => opcode === 8), "close frame");
  raw.reset();
  expect(await server.settled()).toMatchObject([{ messages: 1, errors: [], closes: [[4400, "go away"]] }]);
});

test("a session that is reset right after its own close frame is closed once", async () => {
  await using server = await start();
  using raw = await openRaw(server.url("/echo"));
  raw.socket.write(formatClose(4001, "bye"));
  await waitFor(() => raw.socket.writableLength === 0, "bytes to leave");
  raw.reset();
  const [{ closes } = { closes: [] }] = await server.settled();
  // The reset may overtake the frame: then the code is lost with it.
  expect([
    [4001, "bye"],
    [1006, ""],
  ]).toContainEqual(closes[0] ?? []);
});

test("a session that is reset while a backlog waits for it is closed once", async () => {
  await using server = await start();
  using raw = await openRaw(server.url("/echo?name=slow"));
  raw.socket.pause();
  const message = formatFrame(2, Buffer.alloc(60_000));
  for (let sent = 0; sent < 100; sent += 1) raw.socket.write(message);
  await waitFor(async () => (await server.heard())[0]?.messages === 100, "messages");
  expect(server.app.sessionCount).toBe(1);
  raw.reset();
  expect(await server.settled()).toMatchObject([{ name: "slow", messages: 100, errors: [], closes: [[1006, ""]] }]);
  await expectAlive(server);
});

test("a session that is reset while its inbox is full is closed once, after what it sent before", async () => {
  await using server = await startWitness({ "max-inbox": "4" }, controllers);
  using raw = await openRaw(server.url("/busy?holds=open"));
  for (let sent = 0; sent < 2000; sent += 1) raw.socket.write(formatFrame(1, "x".repeat(1000)));
  await waitFor(() => server.app.metrics.inboxesFull > 0, "full inbox");
  raw.reset();
  await waitFor(async () => (await openGate(server)) === 0 && server.app.sessionCount === 0, "end of the session");
  const [of] = await server.settled();
  expect(of).toMatchObject({ name: "busy", errors: [], closes: [[1006, ""]] });
  // A reset drops what the server's system had taken and the server had not.
  expect(of?.messages).toBeGreaterThanOrEqual(4);
  await expectAlive(server);
});

test("members of a group that are reset while it is spoken to cost the others nothing", async () => {
  await using server = await startWitness({}, talk);
  using witnessing = await server.open("/talk?name=stays");
  const raws = await Promise.all(Array.from({ length: 300 }, () => openRaw(server.url("/talk?name=reset"))));
  const next = async () => Number(await witnessing.next());
  let number = await next();
  for (const raw of raws) {
    raw.reset();
    expect(await next()).toBe(++number);
  }
  await waitFor(() => server.app.sessionCount === 1, "end of the others");
  witnessing.close();
  const all = await server.settled();
  expect(all.filter(({ name }) => name === "reset").map(({ closes }) => closes)).toEqual(
    Array<[number, string][]>(300).fill([[1006, ""]]),
  );
});

test("sessions that are reset while the server drains are closed once, and hold up nothing", async () => {
  await using server = await startWitness({ drain: "1" }, controllers);
  const raws = await Promise.all(Array.from({ length: 200 }, () => openRaw(server.url("/echo"))));
  const startedAt = performance.now();
  const stopping = server.app.stop();
  await waitFor(() => server.app.sessionCount < 150, "end of some");
  for (const raw of raws) raw.reset();
  await stopping;
  expect(performance.now() - startedAt).toBeLessThan(4000);
  expect(server.app.sessionCount).toBe(0);
  expect(server.app.metrics.sessionsOpened).toBe(200);
  const closed = [...server.app.metrics.sessionsClosed].reduce((sum, [, count]) => sum + count, 0);
  expect(closed).toBe(200);
});

test("5,000 sessions that are reset at once are each closed once", async () => {
  await using server = await startWitness();
  const raws: RawConnection[] = [];
  while (raws.length < 5000) {
    const batch = Array.from({ length: 250 }, () => openRaw(server.url("/echo"), {}, formatFrame(1, "x")));
    raws.push(...(await Promise.all(batch)));
  }
  expect(server.app.sessionCount).toBe(5000);
  for (const raw of raws) raw.reset();
  const all = await server.settled();
  expect(all).toHaveLength(5000);
  expect(new Set(all.map(({ messages, closes }) => `${messages} ${closes.join()}`))).toEqual(new Set(["1 1006,"]));
  await expectAlive(server);
}, 60_000);
