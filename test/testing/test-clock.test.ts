import { expect, test } from "bun:test";
import { TestClock } from "../../src/testing/test-clock.ts";

const HOUR_MS = 3_600_000;

test("TestClock.advance() runs what is due in its order, each at its time", async () => {
  const clock = new TestClock();
  const start = clock.now();
  const ran: [name: string, atMs: number][] = [];
  const note = (name: string) => ran.push([name, Math.floor((clock.now() - start) / 1000) * 1000]);
  clock.setTimeout(() => note("late"), 2 * HOUR_MS);
  clock.setTimeout(() => note("third"), 3000);
  clock.setTimeout(() => note("first"), 1000);
  const every = clock.setInterval(() => note("every"), 2000);
  await clock.advance(4500);
  clock.clear(every);
  await clock.advance(HOUR_MS);
  expect(ran).toEqual([
    ["first", 1000],
    ["every", 2000],
    ["third", 3000],
    ["every", 4000],
  ]);
});

test("TestClock.advance() runs what is set while the time moves", async () => {
  const clock = new TestClock();
  const start = clock.date();
  const { promise, resolve } = Promise.withResolvers<number>();
  clock.setTimeout(() => clock.setTimeout(() => resolve(clock.date() - start), 1000), 1000);
  await clock.advance(2000);
  expect(await promise).toBeWithin(2000, 3000);
});

test("TestClock.advance() lets the event loop turn between two moments", async () => {
  const clock = new TestClock();
  let turns = 0;
  const seen: number[] = [];
  const count = () => {
    turns += 1;
    if (seen.length < 3) setImmediate(count);
  };
  setImmediate(count);
  clock.setInterval(() => seen.push(turns), 1000);
  await clock.advance(3000);
  const [one = 0, two = 0, three = 0] = seen;
  expect(two).toBeGreaterThan(one);
  expect(three).toBeGreaterThan(two);
});

test("TestClock goes on by itself", async () => {
  const clock = new TestClock();
  await clock.advance(HOUR_MS);
  const due = Promise.withResolvers<void>();
  const start = clock.now();
  const later = clock.setTimeout(() => due.reject(new Error("It was cleared")), 10);
  clock.setTimeout(() => due.resolve(), 20);
  clock.clear(later);
  await due.promise;
  expect(clock.now() - start).toBeGreaterThanOrEqual(20);
});

test("TestClock sets what a repeated timer missed off once", async () => {
  const clock = new TestClock();
  let count = 0;
  const timer = clock.setInterval(() => {
    count += 1;
    Bun.sleepSync(25);
  }, 10);
  await clock.advance(10);
  clock.clear(timer);
  expect(count).toBeLessThan(6);
});
