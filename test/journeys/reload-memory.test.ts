import { expect, test } from "bun:test";
import { join } from "node:path";
import { root } from "../support/server.ts";

test("two thousand reloads grow memory by less than 20 KB a reload", async () => {
  const child = Bun.spawn([process.execPath, join(root, "bench/reload.ts"), "1", "2000"], { stdout: "pipe" });
  const text = await child.stdout.text();
  const [, kilobytes] = /and (-?[\d.]+) KB a reload/.exec(text) ?? [];
  expect(text).toStartWith("1 controllers, 2000 reloads");
  expect(Number(kilobytes)).toBeLessThan(20);
}, 60_000);
