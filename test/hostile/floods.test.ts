import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { serveFiles, type TestProcess } from "../support/binary.ts";
import { readMemory } from "../../bench/process.ts";
import { formatClose, formatFrame, openRaw, parseFrames, type RawConnection } from "../support/raw.ts";
import { waitFor } from "../support/session.ts";
import { type Heard, readHeard, readOutcome, witness } from "../support/witness.ts";

const COUNT = 100_000;
const MIB = 1024 ** 2;
/** What a flood may add: the runtime's buffers and the code that it compiles, far less than what is sent. */
const MAX_GROWTH = 64 * MIB;

let server: TestProcess;

beforeAll(async () => {
  server = await serveFiles(witness, ["--no-watch", "--max-message-rate", "0", "--max-byte-rate", "0"]);
}, 60_000);

beforeEach(() => server.fetch("/heard", { method: "DELETE" }));

afterAll(() => server[Symbol.asyncDispose]());

const heard = async () => (await readHeard(server)).heard;

/** Writes `frame` `count` times, as fast as the server takes it, until it is over or the connection is. */
async function flood(raw: RawConnection, frame: Uint8Array, count: number): Promise<void> {
  const block = Buffer.alloc(frame.length * 1000, frame);
  for (let sent = 0; sent < count && !raw.ended(); sent += 1000) {
    if (!raw.socket.write(block)) await waitFor(() => raw.ended() || raw.socket.writableLength === 0, "room to write");
  }
}

/** The session that `raw` opened was closed once, and the server answers a new one. */
async function expectClosed(raw: RawConnection): Promise<Heard> {
  await waitFor(() => raw.ended(), "end of the connection");
  await waitFor(async () => (await heard()).every(({ closes }) => closes.length === 1), "close event");
  const [only, ...others] = await heard();
  expect(others).toEqual([]);
  expect(only).toMatchObject({ opens: 1, misplaced: [] });
  using session = await server.open("/echo?name=alive");
  session.send("still here");
  expect(await session.next()).toBe("still here");
  return only as Heard;
}

test.each([
  ["pings", formatFrame(9, "x"), { pongs: COUNT, echoes: 0, messages: 0 }],
  ["pings of 125 bytes", formatFrame(9, "x".repeat(125)), { pongs: COUNT, echoes: 0, messages: 0 }],
  ["pongs that nobody asked for", formatFrame(10, "x"), { pongs: 0, echoes: 0, messages: 0 }],
  ["texts of one byte", formatFrame(1, "x"), { pongs: 0, echoes: COUNT, messages: COUNT }],
  ["empty texts", formatFrame(1, ""), { pongs: 0, echoes: COUNT, messages: COUNT }],
  ["binary messages of one byte", formatFrame(2, "x"), { pongs: 0, echoes: COUNT, messages: COUNT }],
])(`a flood of ${COUNT} %s loses none, and takes no memory`, async (_, frame, expected) => {
  const before = readMemory(server.pid);
  using raw = await openRaw(`${server.origin}/echo`);
  await flood(raw, frame, COUNT);
  raw.socket.write(formatClose(1000));
  const { messages, closes } = await expectClosed(raw);
  const { pongs, echoes, close } = readOutcome(raw.received());
  expect({ pongs, echoes: echoes.length, messages }).toEqual(expected);
  expect(close).toEqual({ code: 1000, reason: "" });
  expect(closes).toEqual([[1000, ""]]);
  expect(readMemory(server.pid) - before).toBeLessThan(MAX_GROWTH);
});

test.each([
  ["pings", formatFrame(9, "x".repeat(125)), 1_000_000],
  ["messages", formatFrame(2, Buffer.alloc(1024)), COUNT],
])(
  "a flood of %s whose answers are not read is cut with 4008 and logged, and takes no memory",
  async (_, frame, count) => {
    const before = readMemory(server.pid);
    const warnings = () =>
      server.log().filter(({ message }) => message.startsWith("Closed a session that reads too slowly"));
    using raw = await openRaw(`${server.origin}/echo`);
    raw.socket.pause();
    await flood(raw, frame, count);
    await waitFor(async () => (await heard()).every(({ closes }) => closes.length === 1), "close event");
    expect(readMemory(server.pid) - before).toBeLessThan(MAX_GROWTH);
    raw.socket.resume();
    expect((await expectClosed(raw)).closes).toEqual([[4008, "too slow"]]);
    // One line may stand for all of the same ten seconds.
    expect(warnings().length).toBeGreaterThan(0);
    // What was received before the cut is whole and in order.
    const frames = parseFrames(raw.received());
    expect(frames.every(({ opcode }) => opcode === (frame[0] === 0x89 ? 10 : 2))).toBe(true);
  },
);

test("a flood on one session does not keep another from its answers", async () => {
  using calm = await server.open("/echo?name=calm");
  using raw = await openRaw(`${server.origin}/echo?name=flood`);
  const flooding = flood(raw, formatFrame(1, "x"), COUNT);
  for (let round = 0; round < 20; round += 1) {
    calm.send(`round ${round}`);
    expect(await calm.next()).toBe(`round ${round}`);
  }
  await flooding;
  raw.socket.write(formatClose(1000));
  await waitFor(() => raw.ended(), "end of the connection");
  expect(readOutcome(raw.received()).echoes).toHaveLength(COUNT);
});

test("300 connections that are opened and left at once leave nothing behind", async () => {
  const raws = await Promise.all(
    Array.from({ length: 300 }, (_, n) => openRaw(`${server.origin}/echo?name=${n}`, {}, formatFrame(1, "hello"))),
  );
  for (const [n, raw] of raws.entries()) {
    if (n % 2 === 0) raw.socket.destroy();
    else raw.reset();
  }
  await waitFor(async () => (await heard()).every(({ closes }) => closes.length === 1), "close events");
  const all = await heard();
  expect(all).toHaveLength(300);
  for (const one of all) expect(one).toMatchObject({ opens: 1, errors: [], closes: [[1006, ""]], misplaced: [] });
  expect(await (await server.fetch("/heard")).json()).toMatchObject({ members: 0 });
});
