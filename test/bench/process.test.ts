import { expect, test } from "bun:test";
import { parseCount } from "../../bench/instructions.ts";
import { checkLimits, parseMemory, parseOpenFiles, parseStat, readMemory, readTimes } from "../../bench/process.ts";

test("parseStat() reads the times of a process whose name has spaces and brackets", () => {
  const text = "77 (a) b (c) S 1 77 77 0 -1 4194560 1234 0 5 0 311 422 0 0 20 0 9 0 100 7000 800";
  expect(parseStat(text)).toEqual({ user: 311, system: 422 });
});

test("parseMemory() gives bytes, and throws without the line", () => {
  const text = "Rss:               9000 kB\nPss:               4567 kB\nPss_Dirty:   12 kB\n";
  expect(parseMemory(text)).toBe(4567 * 1024);
  expect(parseMemory(text, "Rss")).toBe(9000 * 1024);
  expect(() => parseMemory("Rss: 1 kB")).toThrow('there is no line "Pss"');
});

test("parseOpenFiles() reads the soft limit", () => {
  const head = "Limit                     Soft Limit           Hard Limit           Units     \n";
  expect(
    parseOpenFiles(`${head}Max open files            1024                 4096                 files     \n`),
  ).toBe(1024);
  expect(
    parseOpenFiles(`${head}Max open files            unlimited            unlimited            files     \n`),
  ).toBe(Number.POSITIVE_INFINITY);
});

test("parseCount() reads what perf counted, and nothing of what it could not", () => {
  expect(parseCount("123456;;instructions:u;1000;100.00;;\n")).toBe(123_456);
  expect(parseCount("<not supported>;;instructions:u;0;100.00;;\n")).toBeUndefined();
});

test("readTimes() counts the CPU that a process uses, and no waiting", async () => {
  const before = readTimes(process.pid);
  const own = process.cpuUsage();
  while (process.cpuUsage(own).user < 50_000) Math.sqrt(2);
  const { user, system } = process.cpuUsage(own);
  const busy = readTimes(process.pid).cpuSeconds - before.cpuSeconds;
  expect(busy).toBeGreaterThan(0.05);
  expect(busy).toBeLessThan(((user + system) / 1e6) * 1.5);
  await using child = Bun.spawn(["sleep", "10"]);
  await Bun.sleep(20);
  expect(readTimes(child.pid).cpuSeconds).toBeLessThan(0.02);
});

test("readTimes() throws for a process that has ended", async () => {
  const child = Bun.spawn(["true"]);
  await child.exited;
  expect(() => readTimes(child.pid)).toThrow("it has ended");
});

test("readMemory() grows with what a process holds", () => {
  const before = readMemory(process.pid);
  const held = Buffer.alloc(32 * 2 ** 20, 1);
  expect(readMemory(process.pid) - before).toBeGreaterThan(24 * 2 ** 20);
  expect(held.length).toBeGreaterThan(0);
});

test("checkLimits() says what to raise", () => {
  expect(() => checkLimits(10)).not.toThrow();
  expect(() => checkLimits(10_000_000)).toThrow(/^Cannot open 10000000 sessions: .*(ulimit -n|sysctl -w)/);
});
