import type { Case } from "./cases.ts";
import { compare, type MeasureOptions, type Result, summarise } from "./measure.ts";
import type { Contender } from "./servers.ts";

/** One row of a table to be: `subject` is measured against `control`. */
export type Entry = { case: Case; subject: Contender; control: Contender };

/** What was measured, and what could not be. */
export type Run = { results: Result[]; failures: string[] };

/** Measures one entry after another; one that fails does not hold up the others. */
export async function runEntries(entries: readonly Entry[], options: MeasureOptions): Promise<Run> {
  const run: Run = { results: [], failures: [] };
  for (const { case: measured, subject, control } of entries) {
    const name = `${measured.name} ${subject.name}`;
    try {
      const comparison = await compare(measured, subject, control, {
        ...options,
        onPair(pair, one, other) {
          const { ratio } = summarise(measured, {
            case: measured.name,
            contender: subject.name,
            subject: [one],
            control: [other],
          });
          console.error(`${name} ${pair}/${options.pairs}: ${ratio.median.toFixed(3)}`);
        },
      });
      run.results.push(summarise(measured, comparison));
    } catch (error) {
      run.failures.push((error as Error).message);
      console.error((error as Error).message);
    }
  }
  return run;
}
