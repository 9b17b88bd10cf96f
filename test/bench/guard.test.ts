import { expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { boundsFile, chooseBound, readBounds, toLimit } from "../../bench/bounds.ts";
import { type Case, cases, findCase } from "../../bench/cases.ts";
import { guardCase } from "../../bench/guard.ts";
import type { Contender } from "../../bench/servers.ts";
import { createFolder } from "../support/folder.ts";
import { root } from "../support/server.ts";

// Servers are started and loaded for a second or two; beside other tests that takes longer.
setDefaultTimeout(60_000);

const runControl = (...flags: string[]): Contender => ({
  name: "control",
  command: ({ kind }) => [process.execPath, ...flags, join(root, "bench/control.ts"), kind],
});

const plain = runControl();
const slowed = runControl("--preload", join(root, "test/support/slow-preload.ts"));

const options = { times: { slices: 4, warmUpMs: 60, sliceMs: 40 }, pairs: 1, morePairs: 2 };

const find = (name: string): Case => {
  const found = findCase(name);
  if (found === undefined) throw new Error(`There is no case "${name}"`);
  return found;
};

test("guardCase() passes a server that costs what it did", async () => {
  const verdict = await guardCase(find("echo"), { ratio: 1, noise: 1 }, { hubbub: plain, control: plain }, options);
  expect(verdict).toMatchObject({ case: "echo", limit: 2, isWorse: false });
});

test("guardCase() fails a server that was slowed down, after it has measured on", async () => {
  const verdict = await guardCase(find("echo"), { ratio: 1, noise: 1 }, { hubbub: slowed, control: plain }, options);
  expect(verdict).toMatchObject({ pairs: 3, isWorse: true });
  expect(verdict.ratio).toBeGreaterThan(2);
});

test("chooseBound() takes the median, and what the worst run was above it", () => {
  expect(chooseBound([1.2, 1, 0.9])).toEqual({ ratio: 1, noise: 0.3 });
  expect(chooseBound([1, 1, 1])).toEqual({ ratio: 1, noise: 0.15 });
  expect(toLimit({ ratio: 1.5, noise: 0.1 })).toBeCloseTo(1.65, 10);
});

test("bench/bounds.json has a bound for each case of the quick form", () => {
  const { cases: bounds } = readBounds(boundsFile);
  expect(Object.keys(bounds)).toEqual(cases.filter(({ isQuick }) => isQuick).map(({ name }) => name));
});

test.each([
  [{ cases: { echoes: { ratio: 1, noise: 0 } } }, "there is no such case"],
  [{ cases: { echo: { ratio: 1 } } }, "cases.echo.noise"],
  [{}, "cases"],
])("readBounds() refuses %j", (given, text) => {
  using folder = createFolder({
    "bounds.json": JSON.stringify({ date: "2000-01-01", machine: "none", command: "none", ...given }),
  });
  expect(() => readBounds(join(folder.path, "bounds.json"))).toThrow(text);
});
