import { expect, test } from "bun:test";
import { EventTimer, EventTimes } from "../../src/core/event-times.ts";
import { Histogram } from "../../src/core/histogram.ts";

/** Runs so many events; how many were timed. */
function run(timer: EventTimer, events: number): number {
  let timed = 0;
  for (let n = 0; n < events; n += 1) {
    const weight = timer.take();
    if (weight > 0) {
      timed += 1;
      timer.end(performance.now(), weight);
    }
  }
  return timed;
}

const countOf = ({ histogram }: EventTimer) => histogram.counts.reduce((sum, count) => sum + count, 0);

test("EventTimer times each event while they are few, and then one in 128 that counts for all of these", () => {
  const timer = new EventTimer();
  expect(run(timer, 200)).toBe(200);
  expect(countOf(timer)).toBe(200);
  expect(run(timer, 127)).toBe(0);
  expect(run(timer, 1)).toBe(1);
  expect(countOf(timer)).toBe(328);
  expect(run(timer, 128_000)).toBe(1000);
  expect(countOf(timer)).toBe(128_328);
});

test("EventTimes.step() has each event timed again, and none counted twice", () => {
  const times = new EventTimes();
  const { message } = times.of("/a");
  run(message, 1000);
  const before = countOf(message);
  times.step();
  // The one that was to come counts for those before it.
  const timed = run(message, 300);
  expect(timed).toBeGreaterThan(170);
  expect(countOf(message) - before).toBeWithin(170, 300 + 128);
  expect(times.of("/a").message).toBe(message);
});

test("Histogram.add() puts a value into the first bucket that holds it", () => {
  const histogram = new Histogram([1, 10]);
  for (const value of [0, 1, 1.5, 10, 11]) histogram.add(value, 1);
  histogram.add(5, 16);
  expect(histogram.counts).toEqual([2, 18, 1]);
  expect(histogram.sum).toBe(0 + 1 + 1.5 + 10 + 11 + 80);
});
