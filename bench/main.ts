// `bun run bench`: measures the executable against the control, and prints a table of ratios.
import { writeFileSync } from "node:fs";
import { cases, findCase } from "./cases.ts";
import { writeSection } from "./document.ts";
import { findPerfObstacle } from "./instructions.ts";
import { fullTimes, quickTimes } from "./measure.ts";
import { type BenchOptions, readOptions } from "./options.ts";
import { installPeers, peerCases } from "./peers.ts";
import { formatPeers, formatResults, formatSettings } from "./report.ts";
import { type Entry, type Run, runEntries } from "./run.ts";
import { type Builds, buildContenders } from "./servers.ts";
import { listWorkersEntries } from "./workers.ts";
import { measuredSettings, withSetting } from "./settings.ts";

const help = `Measures the executable against a control: the same on bare Bun.serve (bench/control.ts).

bun run bench [OPTIONS]

  --quick         the cases of the quick form, shorter runs, 3 pairs: about a minute
  --only CASES    these cases alone, with commas between; may be given several times
  --peers         instead: what else one could use, installed from bench/peers, against the control
  --settings      instead: Hubbub with some settings against Hubbub without
  --workers       instead: Hubbub on several workers against Hubbub on one
  --noise         instead: the control against itself, so that every ratio should be 1
  --pairs N       how often both are measured in turn (5)
  --flags "..."   flags for Hubbub, such as "--coalesce 5ms"
  --json FILE     writes the results there too
  --write         writes the table into docs/performance.md, or docs/scaling.md
  --list          lists the cases

Cost is user and system CPU time of the server. A ratio is the median of the pairs' ratios, Hubbub by control.
The servers and the load process share one core, but for a fixed rate, where the load process has another. "Busy" is how
much of its core the load process, Hubbub and the control used at most. "!" marks a fixed rate for which that did not
suffice: what comes in meanwhile is delivered together, which is cheap, so the case says little. In all other cases the
next message waits for the last one, however long that takes.`;

async function bench(options: BenchOptions, argv: readonly string[]): Promise<number> {
  const obstacle = findPerfObstacle();
  if (obstacle !== undefined) console.error(`Instructions are not counted: ${obstacle}.`);
  using builds = await buildContenders();
  const run = await runEntries(listEntries(options, builds), {
    ...(options.isQuick ? quickTimes : fullTimes),
    pairs: options.pairs,
    flags: options.flags,
    countInstructions: obstacle === undefined,
  });
  console.log(formatters[options.section](run, "name"));
  for (const failure of run.failures) console.log(`Failed: ${failure}`);
  if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(run, undefined, 2)}\n`);
  if (options.write && run.failures.length === 0)
    writeSection(options.section, formatters[options.section](run, "title"), ["bun run bench", ...argv].join(" "));
  return run.failures.length === 0 ? 0 : 1;
}

function listEntries(options: BenchOptions, { hubbub, control }: Builds): Entry[] {
  if (options.section === "settings")
    return measuredSettings.map((setting) => ({
      case: setting.case,
      subject: withSetting(hubbub, setting),
      control: hubbub,
    }));
  if (options.section === "workers") return listWorkersEntries(hubbub);
  if (options.section === "cases")
    return options.cases.map((known) => ({ case: known, subject: options.isNoise ? control : hubbub, control }));
  const subjects = [hubbub, ...installPeers((text) => console.error(text))];
  return peerCases
    .flatMap((name) => findCase(name) ?? [])
    .flatMap((known) => subjects.map((subject) => ({ case: known, subject, control })));
}

const formatters = {
  cases: ({ results }: Run, label: "name" | "title") => formatResults(results, label),
  peers: ({ results }: Run) => formatPeers(results),
  settings: ({ results }: Run) => formatSettings(results),
  workers: ({ results }: Run) => formatSettings(results),
};

if (import.meta.main) {
  const argv = process.argv.slice(2);
  try {
    const options = readOptions(argv);
    if (options.help) console.log(help);
    else if (options.list) for (const { name, title } of cases) console.log(`${name.padEnd(22)}${title}`);
    else process.exitCode = await bench(options, argv);
  } catch (error) {
    console.error((error as Error).message);
    process.exitCode = 2;
  }
}
