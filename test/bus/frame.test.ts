import { expect, test } from "bun:test";
import * as fc from "fast-check";
import { createIsFrameOf, formatFrame, parseFrame } from "../../src/bus/frame.ts";
import { anyFrame } from "../support/any-frame.ts";

const NODE = "00ff17a0b9c8";

test("parseFrame() reads what formatFrame() wrote", () => {
  fc.assert(
    fc.property(anyFrame, (written) => {
      expect(parseFrame(formatFrame(NODE, written))).toEqual({ node: NODE, frame: written });
    }),
    { numRuns: 1000 },
  );
});

test("parseFrame() takes neither a part of a frame nor more than one", () => {
  fc.assert(
    fc.property(anyFrame, fc.nat(), (written, cut) => {
      const bytes = formatFrame(NODE, written);
      expect(parseFrame(bytes.subarray(0, cut % bytes.length))).toBeUndefined();
      expect(parseFrame(Buffer.concat([bytes, new Uint8Array(1)]))).toBeUndefined();
    }),
  );
});

test("parseFrame() throws at nothing", () => {
  const start = formatFrame(NODE, { kind: "bye" }).subarray(0, 7);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), fc.boolean(), (bytes, isFramed) => {
      parseFrame(isFramed ? Buffer.concat([start, bytes]) : bytes);
    }),
    { numRuns: 5000 },
  );
});

test("parseFrame() throws at no frame with changed bytes", () => {
  fc.assert(
    fc.property(anyFrame, fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 5 }), (written, changes) => {
      const bytes = formatFrame(NODE, written);
      for (const [index, value] of changes) bytes[7 + (index % bytes.length)] = value;
      parseFrame(bytes);
    }),
    { numRuns: 2000 },
  );
});

test("parseFrame() takes no frame of another version", () => {
  const bytes = formatFrame(NODE, { kind: "bye" });
  bytes[0] = 0xb2;
  expect(parseFrame(bytes)).toBeUndefined();
});

test("parseFrame() believes no count that the bytes cannot hold", () => {
  const bytes = formatFrame(NODE, { kind: "sizes", number: 1, sizes: [], members: [] });
  const huge = Buffer.concat([bytes.subarray(0, -1), Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f)]);
  expect(parseFrame(huge)).toBeUndefined();
});

test("parseFrame() keeps no part of the bytes", () => {
  const bytes = formatFrame(NODE, { kind: "send", id: "7", message: Uint8Array.of(1, 2, 3) });
  const parsed = parseFrame(bytes);
  bytes.fill(0);
  expect(parsed?.frame).toEqual({ kind: "send", id: "7", message: Uint8Array.of(1, 2, 3) });
});

test("formatFrame() replaces half a character, as the runtime does for a session", () => {
  const parsed = parseFrame(formatFrame(NODE, { kind: "send", id: "7", message: "a\ud800b" }));
  expect(parsed?.frame).toEqual({ kind: "send", id: "7", message: "a\ufffdb" });
});

test("formatFrame() writes a large message after a small one, and a small one after it", () => {
  for (const size of [10, 3_000_000, 10]) {
    const message = "ä".repeat(size);
    const parsed = parseFrame(formatFrame(NODE, { kind: "send", id: "7", message }));
    expect(parsed?.frame).toEqual({ kind: "send", id: "7", message });
  }
});

test("createIsFrameOf() tells a node's own frames from all else", () => {
  const isOwn = createIsFrameOf(NODE);
  expect(isOwn(formatFrame(NODE, { kind: "bye" }))).toBe(true);
  expect(isOwn(formatFrame("00ff17a0b9c9", { kind: "bye" }))).toBe(false);
  expect(isOwn(new Uint8Array())).toBe(false);
});
