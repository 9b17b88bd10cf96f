import { expect, test } from "bun:test";
import { join } from "node:path";
import { countAffordableSessions } from "../../src/core/open-files.ts";
import { root } from "../support/server.ts";

test.each([
  [undefined, 0],
  [1, 1],
  [64, 1],
  [65, 1],
  [66, 2],
  [256, 192],
  [640, 576],
  [641, 576],
  [1024, 921],
  [1_048_576, 943_718],
])("countAffordableSessions() with %p open files is %p: a tenth is for others, 64 at least", (limit, sessions) => {
  expect(countAffordableSessions(limit)).toBe(sessions);
});

test.each([256, 1000])("readOpenFileLimit() is what the process was started with: %p", (limit) => {
  const script = `import { readOpenFileLimit } from ${JSON.stringify(join(root, "src/core/open-files.ts"))}; console.log(readOpenFileLimit());`;
  const { stdout } = Bun.spawnSync(["prlimit", `--nofile=${limit}`, process.execPath, "-e", script]);
  expect(stdout.toString()).toBe(`${limit}\n`);
});
