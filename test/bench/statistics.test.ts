import { expect, test } from "bun:test";
import { Sample } from "../../bench/sample.ts";
import { median, percentile, spread } from "../../bench/statistics.ts";

test("median() is the value in the middle, or the mean of the two there", () => {
  expect(median([3, 1, 2])).toBe(2);
  expect(median([4, 1, 3, 2])).toBe(2.5);
  expect(median([7])).toBe(7);
  expect(median([])).toBeNaN();
});

test("percentile() sorts by value and interpolates between ranks", () => {
  const values = [100, 9, 20, 80, 30, 70, 40, 60, 50, 10, 0.5];
  expect(percentile(values, 0)).toBe(0.5);
  expect(percentile(values, 50)).toBe(40);
  expect(percentile(values, 99)).toBeCloseTo(98, 10);
  expect(percentile(values, 100)).toBe(100);
  expect(percentile(Float64Array.of(1, 2), 75)).toBe(1.75);
});

test("percentile() leaves the values as they are", () => {
  const values = Float64Array.of(3, 1, 2);
  percentile(values, 50);
  expect([...values]).toEqual([3, 1, 2]);
});

test("spread() gives the middle and both ends", () => {
  expect(spread([1.2, 0.9, 1.1])).toEqual({ median: 1.1, least: 0.9, most: 1.2 });
});

test("Sample keeps everything up to its capacity", () => {
  const sample = new Sample(3);
  for (const value of [5, 6, 7]) sample.add(value);
  expect([...sample.values]).toEqual([5, 6, 7]);
  sample.clear();
  expect([...sample.values]).toEqual([]);
});

test("Sample keeps late values with the same chance as early ones", () => {
  const sample = new Sample(1000);
  for (let value = 0; value < 100_000; value += 1) sample.add(value);
  expect(sample.values.length).toBe(1000);
  expect(new Set(sample.values).size).toBe(1000);
  // The mean of 1,000 of 0…99,999 is off by 913 in the standard deviation; this is ten of them.
  const mean = sample.values.reduce((sum, value) => sum + value, 0) / 1000;
  expect(Math.abs(mean - 50_000)).toBeLessThan(9130);
});
