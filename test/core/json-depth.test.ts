import { expect, test } from "bun:test";
import { isDeeperThan } from "../../src/core/json-depth.ts";

test.each([
  ["", 1, false],
  ["[]", 1, false],
  ["[[]]", 1, true],
  ["[[],[],{}]", 2, false],
  ['{"a":{"b":[1]}}', 2, true],
  ['{"a":{"b":[1]}}', 3, false],
  ['["[[[[", "\\"[[[", "\\\\"]', 1, false],
  ['["\\\\", [[1]]]', 2, true],
])("isDeeperThan() finds how deep %p is: deeper than %d is %p", (json, max, isDeeper) => {
  expect(isDeeperThan(json, max)).toBe(isDeeper);
});
