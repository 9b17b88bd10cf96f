import type { Outcome } from "./job.ts";
import { readMemory } from "./process.ts";
import { startServer } from "./servers.ts";
import { median } from "./statistics.ts";

export type StartOptions = {
  times: number;
  /** How long a server that has answered once is left alone before its memory is read. */
  settleMs: number;
};

/** Starts two servers in turn, `times` each: how soon each answers, and how much memory it then has. */
export async function measureStarts(
  one: readonly string[],
  other: readonly string[],
  { times, settleMs }: StartOptions,
): Promise<[Outcome, Outcome]> {
  const starts: [Start[], Start[]] = [[], []];
  for (let time = 0; time < times; time += 1) {
    starts[0].push(await measureStart(one, settleMs));
    starts[1].push(await measureStart(other, settleMs));
  }
  return [toOutcome(starts[0]), toOutcome(starts[1])];
}

type Start = { ms: number; bytes: number };

async function measureStart(command: readonly string[], settleMs: number): Promise<Start> {
  const startedAt = performance.now();
  await using server = await startServer(command);
  // Any answer will do: 400 says as well as 200 that the server is there.
  await (await fetch(`http://127.0.0.1:${server.port}/upgrade`)).text();
  const ms = performance.now() - startedAt;
  await Bun.sleep(settleMs);
  return { ms, bytes: readMemory(server.pid) };
}

function toOutcome(starts: readonly Start[]): Outcome {
  return {
    slices: [],
    p50Ms: Number.NaN,
    p99Ms: Number.NaN,
    startMs: median(starts.map(({ ms }) => ms)),
    idleBytes: median(starts.map(({ bytes }) => bytes)),
  };
}
