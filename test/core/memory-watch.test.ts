import { expect, test } from "bun:test";
import { join } from "node:path";
import { createFolder } from "../support/folder.ts";
import { root } from "../support/server.ts";

/** What a process logs that uses so many MiB of 1,000, one after the other. */
async function look(...uses: number[]): Promise<string[]> {
  const from = (file: string) => JSON.stringify(join(root, "src/core", file));
  using folder = createFolder({
    "look.ts": `import { configureLog } from ${from("log.ts")};
import { MemoryWatch } from ${from("memory-watch.ts")};
configureLog({ logLevel: "info", logFormat: "json" });
let used = 0;
const watch = new MemoryWatch({ readBytes: () => used, limitBytes: 1000 * 1024 ** 2 });
for (used of ${JSON.stringify(uses.map((mib) => mib * 1024 ** 2))}) watch.look();`,
  });
  const child = Bun.spawn([process.execPath, join(folder.path, "look.ts")], { stderr: "inherit" });
  const lines = (await child.stdout.text()).split("\n").filter((line) => line !== "");
  return lines.map((line) => /(\S+) MiB of/.exec((JSON.parse(line) as { message: string }).message)?.[1] ?? line);
}

test("MemoryWatch warns from four fifths of the limit on, each time that a twentieth more is used", async () => {
  expect(await look(100, 799, 800, 849, 851, 900, 902, 1100)).toEqual(["800", "851", "902", "1,100"]);
});

test("MemoryWatch warns again of what had shrunk meanwhile, and not of what goes up and down a little", async () => {
  expect(await look(810, 760, 810, 700, 810)).toEqual(["810", "810"]);
});
