import { expect, test } from "bun:test";
import { deflateRawSync } from "node:zlib";
import { FrameReader, FrameWriter } from "../../bench/frames.ts";
import { Inflater } from "../../bench/inflater.ts";
import { createShape } from "../../bench/shape.ts";
import { formatFrame, parseFrames } from "../support/raw.ts";

type Heard = [sender: number, number: number] | [closed: number];

/** Reads `pieces` one after another, and gives what was heard. */
function readAll(pieces: Iterable<Uint8Array>, { digitsAt = 0, inflater = undefined as Inflater | undefined } = {}) {
  const heard: Heard[] = [];
  const reader = new FrameReader({
    listener: { message: (sender, number) => heard.push([sender, number]), closed: (code) => heard.push([code]) },
    digitsAt,
    inflater,
  });
  for (const piece of pieces) reader.read(piece);
  return heard;
}

const fromServer = (opcode: number, payload: string | Uint8Array, options = {}) =>
  formatFrame(opcode, payload, { mask: false, ...options });

const message = (sender: number, number: number, { before, after } = createShape(64)) =>
  before + String(sender).padStart(4, "0") + String(number).padStart(8, "0") + after;

/** As servers compress it: without the tail that every message has (RFC 7692 section 7.2.1). */
const compress = (text: string) => deflateRawSync(text, { finishFlush: 2 }).subarray(0, -4);

test("createShape() fills a message up to its size", () => {
  const json = createShape(128, { before: '{"id":"', middle: '","text":"', end: '"}' });
  for (const shape of [createShape(64), createShape(1024, { filling: "words" })])
    expect([64, 1024]).toContain(message(1, 2, shape).length);
  expect(message(7, 12, json).length).toBe(128);
  expect(JSON.parse(message(7, 12, json))).toEqual({ id: "000700000012", text: expect.stringMatching(/^x+$/) });
});

test("createShape() makes words that compress like talk", () => {
  const { length } = compress(message(1, 2, createShape(1024, { filling: "words" })));
  expect(length).toBeGreaterThan(200);
  expect(length).toBeLessThan(700);
});

test("FrameWriter numbers its messages on", () => {
  const shape = createShape(64);
  const writer = new FrameWriter(shape, 42, 3);
  const unmask = (bytes: Uint8Array) => {
    const frames: string[] = [];
    // The mask is zero, so what is left of the frame's head are six bytes.
    for (let at = 0; at < bytes.length; at += 70)
      frames.push(Buffer.from(bytes.subarray(at + 6, at + 70)).toString("latin1"));
    return frames;
  };
  expect(unmask(writer.format(0, 2))).toEqual([message(42, 0, shape), message(42, 1, shape)]);
  expect(unmask(writer.format(99_999_998, 1))).toEqual([message(42, 99_999_998, shape)]);
  expect(writer.format(2, 3).length).toBe(210);
});

test("FrameReader counts the same wherever the stream is cut", () => {
  const stream = Buffer.concat([
    fromServer(0x1, message(1, 0)),
    fromServer(0x9, "ping"),
    fromServer(0x2, Buffer.from(message(2, 12_345_678, createShape(300)))),
    fromServer(0xa, ""),
    fromServer(0x1, message(9999, 7, createShape(70_000))),
    fromServer(0x8, Buffer.from([0x03, 0xf4])),
  ]);
  const expected: Heard[] = [[1, 0], [2, 12_345_678], [9999, 7], [1012]];
  expect(readAll([stream])).toEqual(expected);
  expect(readAll(Array.from(stream, (byte) => Uint8Array.of(byte)))).toEqual(expected);
  for (let cut = 1; cut < 500; cut += 1)
    expect(readAll([stream.subarray(0, cut), stream.subarray(cut)])).toEqual(expected);
});

test("FrameReader finds the digits behind other text", () => {
  const shape = createShape(128, { before: '{"id":"', middle: '","text":"', end: '"}' });
  const frame = fromServer(0x1, message(3, 4, shape));
  for (let cut = 1; cut < frame.length; cut += 1)
    expect(readAll([frame.subarray(0, cut), frame.subarray(cut)], { digitsAt: 7 })).toEqual([[3, 4]]);
});

test("FrameReader inflates what is compressed, and takes plain messages beside it", () => {
  const inflater = new Inflater();
  const shape = createShape(1024, { filling: "words" });
  const compressed = fromServer(0x1, compress(message(5, 6, shape)), { rsv: 4 });
  const stream = Buffer.concat([compressed, fromServer(0x1, message(5, 7)), compressed]);
  const expected: Heard[] = [
    [5, 6],
    [5, 7],
    [5, 6],
  ];
  expect(readAll([stream], { inflater })).toEqual(expected);
  expect(
    readAll(
      Array.from(stream, (byte) => Uint8Array.of(byte)),
      { inflater },
    ),
  ).toEqual(expected);
});

test("FrameReader hears a close without a code as 1005", () => {
  expect(readAll([fromServer(0x8, "")])).toEqual([[1005]]);
});

test("FrameReader passes over greetings, and says when they are over", () => {
  const heard: Heard[] = [];
  let greeted = 0;
  const reader = new FrameReader({
    listener: { message: (sender, number) => heard.push([sender, number]), closed: () => {} },
    digitsAt: 0,
    greetings: 2,
    greeted: () => (greeted += 1),
  });
  reader.read(fromServer(0x1, "hello"));
  expect(greeted).toBe(0);
  reader.read(Buffer.concat([fromServer(0x1, ""), fromServer(0x1, message(0, 1))]));
  expect(greeted).toBe(1);
  expect(heard).toEqual([[0, 1]]);
});

test.each([
  ["a mask", formatFrame(0x1, message(0, 0)), "masked"],
  ["a fragment", fromServer(0x1, message(0, 0), { fin: false }), "fragment"],
  ["compression that was not agreed on", fromServer(0x1, "x", { rsv: 4 }), "reserved bits"],
  ["an unknown kind", fromServer(0x3, message(0, 0)), "unknown kind 3"],
  ["a message that is too short", fromServer(0x1, "0000"), "4 bytes, without its digits"],
])("FrameReader refuses %s", (_, frame, text) => {
  expect(() => readAll([frame])).toThrow(text);
});

test("FrameReader and the tests' own parser agree", () => {
  const stream = Buffer.concat(Array.from({ length: 50 }, (_, number) => fromServer(0x1, message(8, number))));
  const parsed = parseFrames(stream).map(({ payload }) => payload.toString().slice(0, 12));
  expect(readAll([stream])).toEqual(parsed.map((digits) => [Number(digits.slice(0, 4)), Number(digits.slice(4))]));
});
