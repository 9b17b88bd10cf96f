import { expect, test } from "bun:test";
import { Facts } from "../../src/core/facts.ts";

test("Facts.collect() asks the only worker, or whoever asks all of them", async () => {
  const alone = new Facts();
  alone.provide("sum", (more) => 1 + Number(more));
  expect([alone.isShared, await alone.collect("sum", 2), await alone.collect("nothing")]).toEqual([
    false,
    [3],
    [undefined],
  ]);
  const shared = new Facts(async (name, argument) => [await alone.read(name, argument), 10]);
  expect([shared.isShared, await shared.collect("sum", 4)]).toEqual([true, [5, 10]]);
});
