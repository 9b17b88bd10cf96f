import { type Case, findCase } from "./cases.ts";
import type { Result } from "./measure.ts";
import type { Spread } from "./statistics.ts";
import { formatNumber, formatTable } from "./table.ts";

/** Above this share of a core the load process may have held the server up. */
export const BUSY_LIMIT = 0.9;

const units: Record<Case["unit"], string> = {
  delivery: "µs CPU a delivery",
  upgrade: "µs CPU an upgrade",
  session: "bytes a session",
};

/** The table of a run: what a case costs, as a ratio to the control in the same run. */
export function formatResults(results: readonly Result[]): string {
  const hasInstructions = results.some(({ instructionRatio }) => instructionRatio !== undefined);
  const head = [
    "Case",
    "Cost",
    "Control",
    "Ratio",
    "Least–most",
    "Target",
    ...(hasInstructions ? ["Instructions"] : []),
    "p50 ms",
    "Control",
    "p99 ms",
    "Control",
    "Load busy",
  ];
  const rows = results.map((result) => [
    result.case,
    `${formatNumber(result.subjectCost)} ${units[result.unit]}`,
    formatNumber(result.controlCost),
    formatNumber(result.ratio.median),
    formatRange(result.ratio),
    formatTarget(findCase(result.case), result),
    ...(hasInstructions ? [formatNumber(result.instructionRatio?.median ?? Number.NaN)] : []),
    formatNumber(result.subjectP50Ms),
    formatNumber(result.controlP50Ms),
    formatNumber(result.subjectP99Ms),
    formatNumber(result.controlP99Ms),
    `${Math.round(result.busy * 100)} %${result.busy > BUSY_LIMIT ? " !" : ""}`,
  ]);
  return formatTable(head, rows);
}

function formatRange({ least, most }: Spread): string {
  return `${formatNumber(least)}–${formatNumber(most)}`;
}

function formatTarget(known: Case | undefined, { ratio }: Result): string {
  if (known?.target === undefined) return "";
  return `${formatNumber(known.target)} ${ratio.median <= known.target ? "met" : "missed"}`;
}
