import { scalingCases } from "./cases.ts";
import type { Entry } from "./run.ts";
import type { Contender } from "./servers.ts";

const counts = [2, 4];

/** So long after a session has joined a group, in milliseconds, all workers are sure to know. */
const SETTLE_MS = 500;

/** Hubbub on several workers against Hubbub on one. */
export function listWorkersEntries(hubbub: Contender): Entry[] {
  return counts.flatMap((count) =>
    scalingCases.map((known) => ({ case: known, subject: onWorkers(hubbub, count), control: hubbub })),
  );
}

function onWorkers(hubbub: Contender, count: number): Contender {
  const name = `--workers ${count}`;
  return {
    name,
    command: (wish) => hubbub.command({ ...wish, flags: [...wish.flags, ...name.split(" ")] }),
    adapt: (job) => ({ ...job, settleMs: SETTLE_MS }),
  };
}
