import { expect, test } from "bun:test";
import { formatCount, formatDuration, formatSize, parseDuration, parseSize } from "../../src/core/units.ts";

const notAmounts = ["", " ", "soon", "-1", "+1", "1,5", "1e3", ".5", "5.", "0x10", "1s1", "s", "Infinity", "NaN"];

test.each([
  ["0", 0],
  ["300", 300],
  ["2ms", 0.002],
  ["30s", 30],
  ["5m", 300],
  ["1h", 3600],
  ["1d", 86_400],
  ["1.5m", 90],
  ["5 M", 300],
  [" 7s ", 7],
])("parseDuration() reads %p as %d seconds", (text, seconds) => {
  expect(parseDuration(text)).toBe(seconds);
});

test.each([...notAmounts, "5MiB", "5w", "5us", "5constructor"])("parseDuration() does not read %p", (text) => {
  expect(parseDuration(text)).toBeUndefined();
});

test.each([
  ["0", 0],
  ["65536", 65_536],
  ["10b", 10],
  ["1KB", 1000],
  ["1MB", 1_000_000],
  ["1GB", 1_000_000_000],
  ["64KiB", 65_536],
  ["64kib", 65_536],
  ["1 MiB", 1_048_576],
  ["1GiB", 1_073_741_824],
  ["0.5KiB", 512],
])("parseSize() reads %p as %d bytes", (text, bytes) => {
  expect(parseSize(text)).toBe(bytes);
});

test.each([...notAmounts, "5m", "5s", "1TiB", "0.3KiB", "5constructor"])("parseSize() does not read %p", (text) => {
  expect(parseSize(text)).toBeUndefined();
});

test.each([
  [0, "0"],
  [1, "1"],
  [1000, "1000"],
  [1023, "1023"],
  [1024, "1KiB"],
  [1536, "1536"],
  [65_536, "64KiB"],
  [1_048_576, "1MiB"],
  [1_049_600, "1025KiB"],
  [1_073_741_824, "1GiB"],
])("formatSize() writes %d as %p", (bytes, text) => {
  expect(formatSize(bytes)).toBe(text);
});

test("formatSize() writes what parseSize() reads back", () => {
  for (let bytes = 1; bytes <= 2 ** 30; bytes *= 2) {
    for (const near of [bytes - 1, bytes, bytes * 3, bytes + 1024]) expect(parseSize(formatSize(near))).toBe(near);
  }
});

test.each([
  [0, "0"],
  [0.002, "2ms"],
  [0.25, "250ms"],
  [1, "1s"],
  [1.5, "1.5"],
  [30, "30s"],
  [90, "90s"],
  [300, "5m"],
  [7200, "2h"],
  [86_400, "1d"],
])("formatDuration() writes %d as %p", (seconds, text) => {
  expect(formatDuration(seconds)).toBe(text);
  expect(parseDuration(text)).toBe(seconds);
});

test.each([
  [0, "0 sessions"],
  [1, "1 session"],
  [2, "2 sessions"],
  [999, "999 sessions"],
  [1204, "1,204 sessions"],
  [1_048_576, "1,048,576 sessions"],
])("formatCount() of %d is %s", (count, text) => {
  expect(formatCount(count, "session")).toBe(text);
});
