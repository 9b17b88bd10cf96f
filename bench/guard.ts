// `bun run bench:guard`: fails when a case of the quick form is worse than its recorded bound.
import { parseArgs } from "node:util";
import { type Bound, boundsFile, chooseBound, readBounds, toLimit } from "./bounds.ts";
import { type Case, cases, findCase } from "./cases.ts";
import { writeFormatted } from "./document.ts";
import { describeMachine } from "./machine.ts";
import { compare, quickTimes, summarise, type Times } from "./measure.ts";
import { buildContenders, type Contender } from "./servers.ts";
import { formatNumber, formatTable } from "./table.ts";

const help = `Compares the executable's ratios to the control with those in bench/bounds.json.

bun run bench:guard [OPTIONS]

  --measure RUNS  measures the quick cases so many times, and writes bench/bounds.json

A case is measured with 3 pairs. If it is above its bound by more than the recorded noise, it is measured with 6 more, and
the median of all 9 decides. A lost message fails at once.`;

export type GuardOptions = {
  times: Times;
  /** Pairs at first, and pairs that are added for a case that is above its limit. */
  pairs: number;
  morePairs: number;
};

const usual: GuardOptions = { times: quickTimes, pairs: 3, morePairs: 6 };

/** What the guard found of one case. */
export type Verdict = {
  case: string;
  /** The median of all pairs. */
  ratio: number;
  limit: number;
  pairs: number;
  isWorse: boolean;
};

/**
 * Compares a case with its bound; one that is above its limit is measured on before it counts as worse.
 *
 * @throws {Error} if a message is lost
 */
export async function guardCase(
  measured: Case,
  bound: Bound,
  { hubbub, control }: Record<"hubbub" | "control", Contender>,
  { times, pairs, morePairs }: GuardOptions = usual,
): Promise<Verdict> {
  const limit = toLimit(bound);
  const comparison = await compare(measured, hubbub, control, { ...times, pairs });
  const judge = (): Verdict => {
    const ratio = summarise(measured, comparison).ratio.median;
    return { case: measured.name, ratio, limit, pairs: comparison.subject.length, isWorse: ratio > limit };
  };
  const verdict = judge();
  if (!verdict.isWorse) return verdict;
  const more = await compare(measured, hubbub, control, { ...times, pairs: morePairs });
  comparison.subject.push(...more.subject);
  comparison.control.push(...more.control);
  return judge();
}

async function guard(): Promise<number> {
  const bounds = readBounds();
  using contenders = await buildContenders();
  const verdicts: Verdict[] = [];
  for (const [name, bound] of Object.entries(bounds.cases)) {
    const measured = findCase(name);
    if (measured !== undefined) verdicts.push(await guardCase(measured, bound, contenders));
  }
  const rows = verdicts.map(({ case: name, ratio, limit, pairs, isWorse }) => [
    name,
    formatNumber(ratio),
    formatNumber(limit),
    String(pairs),
    isWorse ? "worse" : "",
  ]);
  console.log(formatTable(["Case", "Ratio", "Limit", "Pairs", ""], rows));
  const worse = verdicts.filter(({ isWorse }) => isWorse);
  for (const { case: name, ratio, limit } of worse)
    console.log(`${name} costs ${ratio.toFixed(3)} of the control, expected at most ${limit.toFixed(3)}`);
  return worse.length === 0 ? 0 : 1;
}

async function measureBounds(runs: number): Promise<void> {
  using contenders = await buildContenders();
  const ratios = new Map<string, number[]>();
  for (let run = 1; run <= runs; run += 1) {
    for (const measured of cases.filter(({ isQuick }) => isQuick)) {
      const options = { ...usual.times, pairs: usual.pairs };
      const { ratio } = summarise(measured, await compare(measured, contenders.hubbub, contenders.control, options));
      const known = ratios.get(measured.name) ?? [];
      ratios.set(measured.name, [...known, ratio.median]);
      console.error(`${measured.name} ${run}/${runs}: ${ratio.median.toFixed(3)}`);
    }
  }
  const chosen = Object.fromEntries([...ratios].map(([name, values]) => [name, chooseBound(values)]));
  const about = {
    date: new Date().toISOString().slice(0, 10),
    machine: describeMachine(),
    command: `bun run bench:guard --measure ${runs}`,
  };
  writeFormatted(boundsFile, `${JSON.stringify({ ...about, cases: chosen }, undefined, 2)}\n`);
}

if (import.meta.main) {
  try {
    const { values } = parseArgs({ options: { measure: { type: "string" }, help: { type: "boolean", short: "h" } } });
    if (values.help) console.log(help);
    else if (values.measure === undefined) process.exitCode = await guard();
    else if (/^[1-9]\d?$/.test(values.measure)) await measureBounds(Number(values.measure));
    else throw new Error(`Cannot use --measure "${values.measure}": expected a whole number from 1 to 99`);
  } catch (error) {
    console.error((error as Error).message);
    process.exitCode = 2;
  }
}
