import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as v from "valibot";
import { findCase } from "./cases.ts";
import { median } from "./statistics.ts";

/** The ratio that a case had when its bound was recorded, and how far runs lay above it, as a share of it. */
export type Bound = { ratio: number; noise: number };

/** What bench/bounds.json holds. */
export type Bounds = {
  /** When, where and by what the bounds were measured. */
  date: string;
  machine: string;
  command: string;
  cases: Record<string, Bound>;
};

export const boundsFile = join(import.meta.dir, "bounds.json");

const Positive = v.pipe(v.number(), v.minValue(0));

const BoundsSchema = v.strictObject({
  date: v.string(),
  machine: v.string(),
  command: v.string(),
  cases: v.record(
    v.pipe(
      v.string(),
      v.check((name) => findCase(name) !== undefined, "there is no such case"),
    ),
    v.strictObject({ ratio: Positive, noise: Positive }),
  ),
});

/**
 * Reads the recorded bounds.
 *
 * @throws {Error} with what is wrong in the file
 */
export function readBounds(file: string = boundsFile): Bounds {
  const result = v.safeParse(BoundsSchema, JSON.parse(readFileSync(file, "utf8")));
  if (!result.success) throw new Error(`Cannot use "${file}": ${v.summarize(result.issues)}`);
  return result.output;
}

/** Ratios that lie closer together than this are not told apart, however alike the runs were: hours later they are less so. */
const LEAST_NOISE = 0.15;

/**
 * The bound that follows from the ratios of several runs: their median, and as noise one and a half times the way from
 * there to the worst of them.
 */
export function chooseBound(ratios: readonly number[]): Bound {
  const ratio = median(ratios);
  const noise = Math.max(LEAST_NOISE, 1.5 * (Math.max(...ratios) / ratio - 1));
  return { ratio: round(ratio), noise: round(noise) };
}

/** The worst ratio that is still taken for noise. */
export function toLimit({ ratio, noise }: Bound): number {
  return ratio * (1 + noise);
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}
