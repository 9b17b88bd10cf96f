import { expect, test } from "bun:test";
import { formatHex, parseHex, toBase64 } from "../../src/admin/bytes.ts";
import { formatAge, formatMs, formatShort, formatSize } from "../../src/admin/format.ts";

test.each([
  [formatShort, 0, "0"],
  [formatShort, 9999, "9,999"],
  [formatShort, 10_000, "10.0k"],
  [formatShort, 1_234_567, "1.23M"],
  [formatSize, 0, "0 B"],
  [formatSize, 999, "999 B"],
  [formatSize, 1000, "0.98 KiB"],
  [formatSize, 62 * 1024 ** 2, "62.0 MiB"],
  [formatMs, 0, "0 ms"],
  [formatMs, 0.4, "0.40 ms"],
  [formatMs, 2500, "2.50 s"],
  [formatAge, -5, "0 s"],
  [formatAge, 59_999, "59 s"],
  [formatAge, 60_000, "1 min"],
  [formatAge, 7_800_000, "2 h 10 min"],
  [formatAge, 100 * 3_600_000, "4 d 4 h"],
])("%p of %p is %p", (format, value, text) => {
  expect(format(value)).toBe(text);
});

test.each([
  ["", []],
  ["00 ff", [0, 255]],
  ["0x00, 0xFF", [0, 255]],
  ["00FF\n1a", [0, 255, 26]],
])("parseHex(%p) gives the bytes", (text, bytes) => {
  expect([...(parseHex(text) ?? [])]).toEqual(bytes);
});

test.each(["0", "0g", "hello", "00 f"])("parseHex(%p) gives nothing", (text) => {
  expect(parseHex(text)).toBeUndefined();
});

test("formatHex() has sixteen bytes a line, in hex and as text", () => {
  const bytes = Uint8Array.from({ length: 18 }, (_, index) => 60 + index);
  expect(formatHex(bytes)).toBe(
    `0000  3c 3d 3e 3f 40 41 42 43 44 45 46 47 48 49 4a 4b  <=>?@ABCDEFGHIJK\n0010  4c 4d ${" ".repeat(42)} LM`,
  );
  expect(formatHex(Uint8Array.of(0, 255))).toEndWith(" ··");
});

test("toBase64() takes any bytes", () => {
  const bytes = Uint8Array.from({ length: 256 }, (_, index) => index);
  expect([...Buffer.from(toBase64(bytes), "base64")]).toEqual([...bytes]);
});
