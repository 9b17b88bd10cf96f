import { type Case, findCase, findLoadCore } from "./cases.ts";
import type { Result } from "./measure.ts";
import { median, type Spread } from "./statistics.ts";
import { formatNumber, formatTable } from "./table.ts";

/** Above this share of a core, the messages of a fixed rate have waited for it. */
const BUSY_LIMIT = 0.9;

const units: Record<Case["unit"], string> = {
  delivery: "µs CPU a delivery",
  upgrade: "µs CPU an upgrade",
  session: "bytes a session",
  start: "ms a start",
  process: "MiB a process",
};

/** The table of a run: what a case costs, as a ratio to the control in the same run. */
export function formatResults(results: readonly Result[], label: "name" | "title" = "name"): string {
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
    "Busy",
  ];
  const rows = results.map((result) => [
    label === "title" ? toTitle(result.case) : result.case,
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
    formatBusy(findCase(result.case), result),
  ]);
  return formatTable(head, rows);
}

/** A row for each server, a column for each case: its ratio to the control and its cost. */
export function formatPeers(results: readonly Result[]): string {
  const names = [...new Set(results.map((result) => result.case))];
  const formatCell = (ratio: number, cost: number) => `${formatNumber(ratio)} (${formatNumber(cost)} µs)`;
  const rows = [...new Set(results.map(({ contender }) => contender))].map((contender) => [
    contender,
    ...names.map((name) => {
      const found = results.find((result) => result.case === name && result.contender === contender);
      return found === undefined ? "-" : formatCell(found.ratio.median, found.subjectCost);
    }),
  ]);
  const control = names.map((name) => {
    const costs = results.filter((result) => result.case === name).map(({ controlCost }) => controlCost);
    return formatCell(1, median(costs));
  });
  return formatTable(["Server", ...names.map(toTitle)], [["control", ...control], ...rows]);
}

/** What a setting costs, as a ratio to Hubbub without it in the same run. */
export function formatSettings(results: readonly Result[]): string {
  const head = ["Setting", "Case", "Ratio", "Least–most", "µs", "Without", "p50 ms", "Without", "p99 ms", "Without"];
  const rows = results.map((result) => [
    `\`${result.contender}\``,
    toTitle(result.case),
    formatNumber(result.ratio.median),
    formatRange(result.ratio),
    ...[result.subjectCost, result.controlCost, result.subjectP50Ms, result.controlP50Ms].map(formatNumber),
    ...[result.subjectP99Ms, result.controlP99Ms].map(formatNumber),
  ]);
  return formatTable(head, rows);
}

function toTitle(name: string): string {
  return findCase(name)?.title ?? name;
}

function formatRange({ least, most }: Spread): string {
  return `${formatNumber(least)}–${formatNumber(most)}`;
}

/** What was wished for, and whether it is so; empty for a case without a target. */
function formatTarget(known: Case | undefined, { ratio, subjectCost, subjectP99Ms, controlP99Ms }: Result): string {
  const parts: string[] = [];
  const judge = (wanted: number, isMet: boolean, what = "") =>
    parts.push(`${what}${formatNumber(wanted)} ${isMet ? "met" : "missed"}`);
  if (known?.target !== undefined) judge(known.target, ratio.median <= known.target);
  if (known?.limit !== undefined) judge(known.limit, subjectCost <= known.limit);
  if (known?.lagMs !== undefined) judge(known.lagMs, subjectP99Ms - controlP99Ms <= known.lagMs, "p99 + ");
  return parts.join(", ");
}

/** The load process, Hubbub, the control, each as a share of its core. */
function formatBusy(known: Case | undefined, { busy: { load, subject, control } }: Result): string {
  if (!Number.isFinite(load)) return "";
  const server = Math.max(subject, control);
  const used = known !== undefined && findLoadCore(known) > 0 ? Math.max(load, server) : load + server;
  const isFull = known?.load.kind === "rate" && used > BUSY_LIMIT;
  return `${[load, subject, control].map((share) => Math.round(share * 100)).join(" ")} %${isFull ? " !" : ""}`;
}
