import { expect, test } from "bun:test";
import { formatFrame, openRaw, parseClose } from "../support/raw.ts";
import { startServer } from "../support/server.ts";
import { waitFor } from "../support/session.ts";
import { readEvents, recorder, waitForClose } from "./controllers.ts";

const CLOSE = 0x8;
const TEXT = 0x1;
const PING = 0x9;
const PONG = 0xa;

const closeFrame = (code: number, reason = "") =>
  formatFrame(CLOSE, Buffer.concat([Buffer.from([code >> 8, code & 0xff]), Buffer.from(reason)]));

test("every event has the session's id, path and params", async () => {
  await using server = await startServer({ "room/[name].js": recorder() });
  using session = await server.open("/room/a%20b?token=x&tag=1&tag=2");
  session.send("hello");
  session.close(1000);
  const events = await waitForClose(server, "/room/x");
  const id = events[0]?.session.id ?? "";
  expect(id).toMatch(/^\S{16,}$/);
  const params = { token: "x", tag: ["1", "2"], name: "a b" };
  for (const event of events) expect(event.session).toEqual({ id, path: "/room/a b", params });
});

test("events have lower-case types, and only the keys that they need", async () => {
  await using server = await startServer({
    "recorder.js": recorder({ onEvent: "if (event.message === 'throw') throw new Error('no');" }),
  });
  using session = await server.open("/recorder");
  session.send("throw");
  await session.closed;
  const events = await waitForClose(server, "/recorder");
  expect(events.map(({ type, keys }) => [type, ...keys])).toEqual([
    ["open", "data", "session", "type"],
    ["message", "data", "message", "session", "type"],
    ["error", "cause", "data", "error", "session", "type"],
    ["close", "closeReason", "data", "reason", "session", "type"],
  ]);
});

test("event.data is {} if none was given", async () => {
  await using server = await startServer({ "recorder.js": recorder() });
  using session = await server.open("/recorder");
  session.close();
  for (const { data } of await waitForClose(server, "/recorder")) expect(data).toEqual({});
});

test("event.message is the text of a text frame", async () => {
  await using server = await startServer({ "recorder.js": recorder() });
  using session = await server.open("/recorder");
  for (const text of ["plain", "", "grün 🙂"]) session.send(text);
  session.close();
  const events = await waitForClose(server, "/recorder");
  expect(events.flatMap(({ type, message }) => (type === "message" ? [message] : []))).toEqual([
    "plain",
    "",
    "grün 🙂",
  ]);
});

test("event.message is a Uint8Array for a binary frame", async () => {
  await using server = await startServer({
    "recorder.js": recorder({
      onEvent: "if (event.type === 'message') heard.isBytes = event.message.constructor === Uint8Array;",
    }),
  });
  using session = await server.open("/recorder");
  session.send(new Uint8Array([0, 255, 10]));
  session.send(new Uint8Array());
  session.close();
  const messages = (await waitForClose(server, "/recorder")).filter(({ type }) => type === "message");
  expect(messages).toMatchObject([
    { message: [0, 255, 10], isBytes: true },
    { message: [], isBytes: true },
  ]);
});

test.each([
  ["1000", closeFrame(1000, "done"), 1000, { closeReason: 1000, reason: "done" }],
  ["no code", formatFrame(CLOSE, ""), 1005, { closeReason: 1005, reason: "" }],
  ["1001", closeFrame(1001), 1001, { closeReason: 1001, reason: "" }],
  ["a code of its own", closeFrame(4321, "mine"), 4321, { closeReason: 4321, reason: "mine" }],
])("a session that closes with %s gets it back, and the controller one close", async (_what, frame, echo, seen) => {
  await using server = await startServer({ "recorder.js": recorder() });
  using raw = await openRaw(server.url("/recorder"));
  raw.socket.write(frame);
  await waitFor(raw.ended, "end of the connection");
  expect(raw.received().at(0)).toBe(0x88);
  expect(parseClose(raw.received())?.code).toBe(echo);
  const events = await waitForClose(server, "/recorder");
  expect(events.map(({ type }) => type)).toEqual(["open", "close"]);
  expect(events.at(-1)).toMatchObject(seen);
});

test.each(["a FIN", "a reset"])("%s without a close frame is close 1006 alone", async (how) => {
  await using server = await startServer({ "recorder.js": recorder() });
  using raw = await openRaw(server.url("/recorder"));
  if (how === "a reset") raw.socket.resetAndDestroy();
  else raw.socket.end();
  const events = await waitForClose(server, "/recorder");
  expect(events.map(({ type }) => type)).toEqual(["open", "close"]);
  expect(events.at(-1)).toMatchObject({ closeReason: 1006, reason: "" });
});

test("a connection that ends inside of a frame is close 1006 alone", async () => {
  await using server = await startServer({ "recorder.js": recorder() });
  using raw = await openRaw(server.url("/recorder"));
  raw.socket.end(formatFrame(TEXT, "cut off").subarray(0, 9));
  const events = await waitForClose(server, "/recorder");
  expect(events.map(({ type }) => type)).toEqual(["open", "close"]);
  expect(events.at(-1)).toHaveProperty("closeReason", 1006);
});

test("the idle timeout closes with 1001, and the controller gets close alone", async () => {
  await using server = await startServer({ "recorder.js": recorder() }, { timeout: "1", ping: "0" });
  const start = performance.now();
  using session = await server.open("/recorder");
  expect(await session.closed).toEqual({ code: 1001, reason: "idle timeout" });
  const ms = performance.now() - start;
  expect(ms).toBeGreaterThanOrEqual(1000);
  expect(ms).toBeLessThan(3000);
  const events = await waitForClose(server, "/recorder");
  expect(events.map(({ type }) => type)).toEqual(["open", "close"]);
  expect(events.at(-1)).toMatchObject({ closeReason: 1001, reason: "idle timeout" });
});

test("the server's pings keep a silent session that answers them, and not one that does not", async () => {
  await using server = await startServer({ "recorder.js": recorder() }, { timeout: "2", ping: "1" });
  using live = await openRaw(server.url("/recorder"));
  using dead = await openRaw(server.url("/recorder"));
  let pings = 0;
  live.socket.on("data", (chunk: Buffer) => {
    if (chunk[0] !== (0x80 | PING)) return;
    pings += 1;
    live.socket.write(formatFrame(PONG, ""));
  });
  await waitFor(() => pings === 3, "third ping");
  await waitFor(dead.ended, "end of the dead session");
  expect(parseClose(dead.received())).toEqual({ code: 1001, reason: "idle timeout" });
  expect(live.ended()).toBe(false);
  live.socket.write(formatFrame(TEXT, "still here"));
  await waitFor(
    async () => (await readEvents(server, "/recorder")).some(({ message }) => message === "still here"),
    "message",
  );
});

test("a message that is too big closes with 1009 on both sides, error first", async () => {
  await using server = await startServer({ "recorder.js": recorder() }, { "max-message": "1KiB" });
  using session = await server.open("/recorder");
  session.send("x".repeat(1024));
  session.send("x".repeat(1025));
  expect(await session.closed).toHaveProperty("code", 1009);
  const events = await waitForClose(server, "/recorder");
  expect(events.map(({ type }) => type)).toEqual(["open", "message", "error", "close"]);
  expect(events[2]?.error).toBeString();
  expect(events[3]).toHaveProperty("closeReason", 1009);
});

test("a text that is not UTF-8 closes with 1007 on both sides, error first", async () => {
  await using server = await startServer({ "recorder.js": recorder() });
  using raw = await openRaw(server.url("/recorder"));
  raw.socket.write(formatFrame(TEXT, new Uint8Array([0x61, 0xff])));
  await waitFor(raw.ended, "end of the connection");
  expect(parseClose(raw.received())).toHaveProperty("code", 1007);
  const events = await waitForClose(server, "/recorder");
  expect(events.map(({ type }) => type)).toEqual(["open", "error", "close"]);
  expect(events[2]).toHaveProperty("closeReason", 1007);
});

test.each([
  ["an unmasked frame", formatFrame(TEXT, "x", { mask: false })],
  ["a reserved opcode", formatFrame(0x3, "x")],
  ["a reserved bit", formatFrame(TEXT, "x", { rsv: 1 })],
  ["a ping in fragments", formatFrame(PING, "x", { fin: false })],
  ["a ping that is too long", formatFrame(PING, "x".repeat(126))],
  ["a continuation of nothing", formatFrame(0x0, "x")],
  ["a text within a text", Buffer.concat([formatFrame(TEXT, "x", { fin: false }), formatFrame(TEXT, "y")])],
  ["a close with half a code", formatFrame(CLOSE, "x")],
  ["a close with the code 1005", closeFrame(1005)],
  ["a close with the code 999", closeFrame(999)],
  ["a close reason that is not UTF-8", Buffer.concat([formatFrame(CLOSE, new Uint8Array([0x03, 0xe8, 0xff]))])],
])("%s: the controller sees the close code that the session saw", async (_what, frames) => {
  await using server = await startServer({ "recorder.js": recorder() });
  using raw = await openRaw(server.url("/recorder"));
  raw.socket.write(frames);
  await waitFor(raw.ended, "end of the connection");
  const events = await waitForClose(server, "/recorder");
  expect(events.filter(({ type }) => type === "close")).toHaveLength(1);
  expect(events.at(-1)?.closeReason).toBe(parseClose(raw.received())?.code ?? 1006);
  expect(events.map(({ type }) => type)).not.toContain("message");
});

test.each([
  ["open", ["open", "error", "close"]],
  ["message", ["open", "message", "error", "close"]],
])("a throw in %s is one error, then 1011", async (type, seen) => {
  await using server = await startServer({
    "recorder.js": recorder({ onEvent: `if (event.type === '${type}') throw new TypeError('broken ' + event.type);` }),
  });
  using session = await server.open("/recorder");
  session.send("hello");
  expect(await session.closed).toHaveProperty("code", 1011);
  const events = await waitForClose(server, "/recorder");
  expect(events.map((event) => event.type)).toEqual(seen);
  expect(events.at(-2)).toMatchObject({ error: `broken ${type}`, cause: `TypeError: broken ${type}` });
  expect(events.at(-1)).toHaveProperty("closeReason", 1011);
});

test("a close code that a fault gave does not tell the fault's text to the session", async () => {
  await using server = await startServer({
    "recorder.js": recorder({ onEvent: "if (event.type === 'open') throw new Error('secret text');" }),
  });
  using session = await server.open("/recorder");
  expect((await session.closed).reason).not.toContain("secret");
});

test("a throw in error is contained: the close follows", async () => {
  await using server = await startServer({
    "recorder.js": recorder({ onEvent: "if (event.type !== 'close' && event.type !== 'open') throw new Error('no');" }),
  });
  using session = await server.open("/recorder");
  session.send("hello");
  expect(await session.closed).toHaveProperty("code", 1011);
  const events = await waitForClose(server, "/recorder");
  expect(events.map(({ type }) => type)).toEqual(["open", "message", "error", "close"]);
});

test("a throw in close is contained: the session sees its own code, others go on", async () => {
  await using server = await startServer({
    "recorder.js": recorder({ onEvent: "if (event.type === 'close') throw new Error('no');" }),
  });
  using other = await server.open("/recorder");
  using session = await server.open("/recorder");
  session.close(1000, "bye");
  expect(await session.closed).toMatchObject({ code: 1000 });
  await waitForClose(server, "/recorder");
  other.send("still here");
  other.close(1000);
  const events = await waitForClose(server, "/recorder", 2);
  expect(events.map(({ type }) => type)).toEqual(["open", "open", "close", "message", "close"]);
});
