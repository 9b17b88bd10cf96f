// `bun run bench`: measures the executable against the control, and prints a table of ratios.
import { writeFileSync } from "node:fs";
import { type Case, cases } from "./cases.ts";
import { findPerfObstacle } from "./instructions.ts";
import type { Outcome } from "./job.ts";
import { compare, fullTimes, quickTimes, type Result, summarise } from "./measure.ts";
import { type BenchOptions, readOptions } from "./options.ts";
import { formatResults } from "./report.ts";
import { buildContenders } from "./servers.ts";

const help = `Measures the executable against a control: the same on bare Bun.serve (bench/control.ts).

bun run bench [OPTIONS]

  --quick         the cases of the quick form, shorter runs, 3 pairs: under a minute
  --only CASES    these cases alone, with commas between; may be given several times
  --pairs N       how often both are measured in turn (5)
  --flags "..."   flags for Hubbub, such as "--coalesce 5ms"
  --json FILE     writes the results there too
  --list          lists the cases

Cost is user and system CPU time of the server. A ratio is the median of the pairs' ratios, Hubbub by control.
"Busy" is how much of a core the load process, Hubbub and the control used at most. "!" marks a load process above 90 %:
it may have held the servers up. A server at 100 % was full: what came in meanwhile it delivers together, which is cheap.`;

async function bench(options: BenchOptions): Promise<number> {
  const obstacle = findPerfObstacle();
  if (obstacle !== undefined) console.error(`Instructions are not counted: ${obstacle}.`);
  using contenders = await buildContenders();
  const results: Result[] = [];
  const failures: string[] = [];
  for (const measured of options.cases) {
    try {
      const comparison = await compare(measured, contenders.hubbub, contenders.control, {
        ...(options.isQuick ? quickTimes : fullTimes),
        pairs: options.pairs,
        flags: options.flags,
        countInstructions: obstacle === undefined,
        onPair: (pair, subject, control) => showPair(measured, pair, options.pairs, subject, control),
      });
      results.push(summarise(measured, comparison));
    } catch (error) {
      failures.push((error as Error).message);
      console.error((error as Error).message);
    }
  }
  if (results.length > 0) console.log(formatResults(results));
  for (const failure of failures) console.log(`Failed: ${failure}`);
  if (options.json !== undefined)
    writeFileSync(options.json, `${JSON.stringify({ results, failures }, undefined, 2)}\n`);
  return failures.length === 0 ? 0 : 1;
}

function showPair(measured: Case, pair: number, pairs: number, subject: Outcome, control: Outcome): void {
  const { ratio } = summarise(measured, { case: measured.name, subject: [subject], control: [control] });
  console.error(`${measured.name} ${pair}/${pairs}: ${ratio.median.toFixed(3)}`);
}

if (import.meta.main) {
  try {
    const options = readOptions(process.argv.slice(2));
    if (options.help) console.log(help);
    else if (options.list) for (const { name, title } of cases) console.log(`${name.padEnd(22)}${title}`);
    else process.exitCode = await bench(options);
  } catch (error) {
    console.error((error as Error).message);
    process.exitCode = 2;
  }
}
