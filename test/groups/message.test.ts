import { expect, test } from "bun:test";
import { encodeMessage } from "../../src/groups/message.ts";

test.each(["", "hello", "größer ✓", '{"already":"json"}'])("encodeMessage() leaves the text %p as it is", (text) => {
  expect(encodeMessage(text)).toBe(text);
});

test("encodeMessage() leaves bytes as they are, without a copy", () => {
  const bytes = new Uint8Array([0, 255]);
  expect(encodeMessage(bytes)).toBe(bytes);
  const buffer = Buffer.from("x");
  expect(encodeMessage(buffer) as unknown).toBe(buffer);
});

test("encodeMessage() takes buffers and other views as their bytes", () => {
  const { buffer } = new Uint8Array([1, 2, 3, 4]);
  expect(encodeMessage(buffer)).toEqual(new Uint8Array([1, 2, 3, 4]));
  expect(encodeMessage(new DataView(buffer, 1, 2))).toEqual(new Uint8Array([2, 3]));
  expect(encodeMessage(new Uint16Array(buffer, 2, 1))).toEqual(new Uint8Array([3, 4]));
});

test.each([
  [{ text: "hello", list: [1, null] }, '{"text":"hello","list":[1,null]}'],
  [[], "[]"],
  [null, "null"],
  [7, "7"],
  [false, "false"],
  [7n, "7"],
  [new Date(0), '"1970-01-01T00:00:00.000Z"'],
  [{ toJSON: () => "own" }, '"own"'],
])("encodeMessage() sends %p as JSON", (message, json) => {
  expect(encodeMessage(message)).toBe(json);
});

test.each([
  [undefined, "undefined"],
  [() => {}, "a function"],
  [Symbol("s"), "a symbol"],
  [{ toJSON: () => undefined }, "an object"],
])("encodeMessage() refuses %p, which JSON does not know", (message, kind) => {
  const wanted = `Cannot send ${kind}: expected a text, bytes or something that JSON can hold`;
  expect(() => encodeMessage(message)).toThrow(
    expect.objectContaining({ name: "Fault", code: "MESSAGE", message: wanted }),
  );
});

function makeCycle(): { self?: unknown } {
  const cycle: { self?: unknown } = {};
  cycle.self = [cycle];
  return cycle;
}

test("encodeMessage() refuses an object with a cycle", () => {
  const message = expect.stringMatching(
    /^Cannot send an object: .+ cycl.+[^.], expected something that JSON can hold$/,
  );
  expect(() => encodeMessage(makeCycle())).toThrow(expect.objectContaining({ code: "MESSAGE", message }));
});

test("encodeMessage() says what a toJSON of the controller's threw", () => {
  const cause = new Error("not ready");
  const failing = {
    toJSON: () => {
      throw cause;
    },
  };
  const message = "Cannot send an object: not ready, expected something that JSON can hold";
  expect(() => encodeMessage([failing])).toThrow(
    expect.objectContaining({ code: "MESSAGE", message: message.replace("an object", "an array"), cause }),
  );
});
