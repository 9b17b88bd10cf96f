import { expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { cases, countSessions, findCase, toJob } from "../../bench/cases.ts";
import { readOptions } from "../../bench/options.ts";
import { root } from "../support/server.ts";

const names = (argv: string[]) => readOptions(argv).cases.map(({ name }) => name);

test("readOptions() chooses all cases, the quick ones, or those that are named", () => {
  expect(names([])).toEqual(cases.map(({ name }) => name));
  expect(names(["--quick"])).toEqual(cases.filter(({ isQuick }) => isQuick).map(({ name }) => name));
  expect(names(["--only", "echo,groups", "--only", "idle"])).toEqual(["echo", "groups", "idle"]);
});

test("readOptions() measures five pairs, and three in the quick form", () => {
  expect(readOptions([]).pairs).toBe(5);
  expect(readOptions(["--quick"]).pairs).toBe(3);
  expect(readOptions(["--quick", "--pairs", "11"]).pairs).toBe(11);
});

test("readOptions() splits the flags for Hubbub", () => {
  expect(readOptions(["--flags", " --coalesce 5ms  --no-watch "]).flags).toEqual(["--coalesce", "5ms", "--no-watch"]);
  expect(readOptions([]).flags).toEqual([]);
});

test("readOptions() measures cases, other servers or settings", () => {
  expect(readOptions([]).section).toBe("cases");
  expect(readOptions(["--peers", "--write"])).toMatchObject({ section: "peers", write: true });
  expect(readOptions(["--settings"])).toMatchObject({ section: "settings", write: false });
  expect(readOptions(["--workers"])).toMatchObject({ section: "workers" });
});

test.each([
  [["--only", "echoes"], 'Cannot measure "echoes": there is no such case, expected fan-out-100-64b'],
  [["--pairs", "0"], 'Cannot use --pairs "0": expected a whole number from 1 to 999'],
  [["--pairs", "3.5"], 'Cannot use --pairs "3.5"'],
  [["--pairs"], 'Cannot use "--pairs": it has no value'],
  [["--quick=yes"], 'Cannot use "--quick=yes": it takes no value'],
  [["--fast"], 'Cannot use "--fast": it is no option, expected --quick'],
  [["--peers", "--settings"], "Cannot use --peers with --settings"],
  [["--workers", "--peers"], "Cannot use --peers with --workers"],
  [["--peers", "--only", "echo"], "Cannot use --only with --peers"],
  [["--settings", "--noise"], "Cannot use --noise with --settings"],
  [["--write", "--quick"], "Cannot use --write with --quick, --noise, --only or --flags"],
  [["echo"], 'Cannot use "echo": bench takes options only'],
])("readOptions() refuses %j", (argv, text) => {
  expect(() => readOptions(argv)).toThrow(text);
});

test("cases have names of their own, a controller each, and a load that the job repeats", () => {
  expect(new Set(cases.map(({ name }) => name)).size).toBe(cases.length);
  for (const known of cases) {
    expect(findCase(known.name)).toBe(known);
    const file = known.kind === "room" ? "room/[id].ts" : `${known.kind}.ts`;
    expect(existsSync(join(root, "bench/controllers", file)), known.name).toBe(true);
    const job = toJob(known, { name: "server", port: 1, pid: 2 });
    expect(job).toMatchObject({ name: "server", port: 1, pid: 2, load: known.load, members: known.members });
    expect(known.senders, known.name).toBeLessThanOrEqual(known.members);
  }
});

test("cases stay within a machine's usual limits", () => {
  for (const known of cases) expect(countSessions(known), known.name).toBeLessThan(19_000);
});
