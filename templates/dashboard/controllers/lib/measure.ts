import * as v from "valibot";

export const Sample = v.object({
  /** Milliseconds since 1970. */
  at: v.number(),
  memoryMiB: v.number(),
  cpuPercent: v.number(),
  watching: v.number(),
});

export type Sample = v.InferOutput<typeof Sample>;

let last = { at: performance.now(), cpu: process.cpuUsage() };

/** Measures this process since the last time. */
export function measure(watching: number): Sample {
  const elapsedMs = performance.now() - last.at;
  const { user, system } = process.cpuUsage(last.cpu);
  last = { at: performance.now(), cpu: process.cpuUsage() };
  return {
    at: Date.now(),
    memoryMiB: Math.round(process.memoryUsage.rss() / 1024 ** 2),
    cpuPercent: elapsedMs === 0 ? 0 : Math.round((user + system) / 10 / elapsedMs),
    watching,
  };
}
