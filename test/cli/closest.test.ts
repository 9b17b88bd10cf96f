import { expect, test } from "bun:test";
import { findClosest } from "../../src/cli/closest.ts";

test.each([
  ["port", "port"],
  ["prot", "port"],
  ["por", "port"],
  ["ports", "port"],
  ["pixg", "ping"],
  ["p", undefined],
  ["", undefined],
  ["tropical", undefined],
])("findClosest() takes %p for %p", (name, closest) => {
  expect(findClosest(name, ["port", "ping", "host"])).toBe(closest);
});

test("findClosest() prefers the name with the fewest changes", () => {
  expect(findClosest("post", ["pos", "post", "port"])).toBe("post");
  expect(findClosest("abcd", ["abxx", "abcx"])).toBe("abcx");
});
