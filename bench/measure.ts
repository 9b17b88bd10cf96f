import { join } from "node:path";
import { type Case, countSessions, findLoadCore, toJob } from "./cases.ts";
import type { Answer, Job, Outcome, Slice, Task } from "./job.ts";
import { checkLimits } from "./process.ts";
import { type Contender, letOthersEnd, pinToCore, type RunningServer, startServer } from "./servers.ts";
import { measureStarts } from "./start.ts";
import { median, type Spread, spread } from "./statistics.ts";

/** Beyond the time that a pair needs by itself: for opening the sessions, and what is still under way. */
const PATIENCE_MS = 60_000;

export type Times = {
  /** How many turns each has within a pair. */
  slices: number;
  warmUpMs: number;
  sliceMs: number;
};

export const fullTimes: Times = { slices: 12, warmUpMs: 500, sliceMs: 150 };

export const quickTimes: Times = { slices: 6, warmUpMs: 150, sliceMs: 50 };

export type MeasureOptions = Times & {
  /** How often both are measured, each time with servers of their own. */
  pairs: number;
  /** Flags for Hubbub, beside the case's own. */
  flags?: readonly string[];
  countInstructions?: boolean;
  /** Hears of each pair as it is measured. */
  onPair?: (pair: number, subject: Outcome, control: Outcome) => void;
};

/** The pairs of one case. */
export type Comparison = {
  case: string;
  /** The subject's name. */
  contender: string;
  subject: Outcome[];
  control: Outcome[];
};

/** One row of the table. */
export type Result = {
  case: string;
  /** The subject's name. */
  contender: string;
  unit: Case["unit"];
  /** Median µs of CPU a delivery or an upgrade, bytes a session, ms of a start, MiB of a process. */
  subjectCost: number;
  controlCost: number;
  /** Subject by control, pair by pair. */
  ratio: Spread;
  userRatio: Spread;
  /** Instructions outside of the kernel, where they are counted. */
  instructionRatio?: Spread;
  subjectP50Ms: number;
  controlP50Ms: number;
  subjectP99Ms: number;
  controlP99Ms: number;
  /** The share of the core that each used at most. */
  busy: { load: number; subject: number; control: number };
  deliveriesPerSecond: { subject: number; control: number };
};

/**
 * Measures the subject and the control in turn, slice by slice.
 *
 * @throws {Error} if a server does not start, or a message is lost, comes twice or out of order
 */
export async function compare(
  measured: Case,
  subject: Contender,
  control: Contender,
  options: MeasureOptions,
): Promise<Comparison> {
  checkLimits(countSessions(measured) / (isApart(measured) ? 2 : 1));
  const comparison: Comparison = { case: measured.name, contender: subject.name, subject: [], control: [] };
  for (let pair = 1; pair <= options.pairs; pair += 1) {
    // Whoever is started first is measured first: the next time it is the other.
    const isSubjectFirst = pair % 2 === 1;
    const outcomes = await runPair(measured, isSubjectFirst ? [subject, control] : [control, subject], options).catch(
      (error: Error) => {
        throw new Error(`${measured.name}: ${error.message}`, { cause: error });
      },
    );
    const [one, other] = isSubjectFirst ? outcomes : outcomes.toReversed();
    if (one === undefined || other === undefined)
      throw new Error(`${measured.name}: the load process measured nothing`);
    comparison.subject.push(one);
    comparison.control.push(other);
    options.onPair?.(pair, one, other);
  }
  return comparison;
}

/** Measures two servers; the outcomes are in their order. */
async function runPair(
  measured: Case,
  [first, second]: readonly [Contender, Contender],
  { slices, warmUpMs, sliceMs, flags = [], countInstructions = false }: MeasureOptions,
): Promise<Outcome[]> {
  const command = toCommand(measured, first, flags);
  const otherCommand = toCommand(measured, second, flags);
  const { load } = measured;
  if (load.kind === "start") return measureStarts(command, otherCommand, load);
  await using one = await startServer([...pinToCore(0), ...command]);
  await using other = await startServer([...pinToCore(0), ...otherCommand]);
  const jobs = [createJob(measured, first, one), createJob(measured, second, other)];
  const task = { slices, warmUpMs, sliceMs, countInstructions };
  // Awaited here: the servers end with this function.
  const core = findLoadCore(measured);
  if (!isApart(measured)) return await runLoad({ ...task, jobs }, core);
  const outcomes: Outcome[] = [];
  for (const job of jobs) outcomes.push(...(await runLoad({ ...task, jobs: [job] }, core)));
  return outcomes;
}

/** With so many sessions that the load process cannot hold those of both servers, it loads one after the other. */
function isApart(measured: Case): boolean {
  return countSessions(measured) > 19_000;
}

function createJob(measured: Case, { name, adapt }: Contender, { port, pid }: RunningServer): Job {
  const job = toJob(measured, { name, port, pid });
  return adapt === undefined ? job : adapt(job);
}

function toCommand({ kind, compress, flags: own }: Case, contender: Contender, flags: readonly string[]): string[] {
  const command = contender.command({ kind, compress, flags: [...own, ...flags] });
  if (command === undefined) throw new Error(`${contender.name} has no "${kind}"`);
  return command;
}

/**
 * Runs a task in a process of its own.
 *
 * @param core the one that it stays on
 * @throws {Error} with what went wrong there, or because it did not end in time
 */
export async function runLoad(task: Task, core = 0): Promise<Outcome[]> {
  const child = Bun.spawn(
    [...letOthersEnd(), ...pinToCore(core), process.execPath, join(import.meta.dir, "load.ts"), JSON.stringify(task)],
    {
      stdout: "pipe",
      stderr: "inherit",
    },
  );
  const limitMs = task.jobs.length * (task.warmUpMs + task.slices * task.sliceMs) + PATIENCE_MS;
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    child.kill("SIGKILL");
  }, limitMs);
  const line = (await child.stdout.text()).trim().split("\n").at(-1) ?? "";
  await child.exited;
  clearTimeout(timer);
  if (isLate) throw new Error(`The run did not end within ${limitMs / 1000} s`);
  if (line === "")
    throw new Error(`The load process ended with ${child.exitCode ?? child.signalCode}, without an answer`);
  const answer = JSON.parse(line) as Answer;
  if ("error" in answer) throw new Error(answer.error);
  return answer.outcomes;
}

/** The medians and ratios of a case's pairs. */
export function summarise(
  { unit }: Pick<Case, "unit">,
  { case: name, contender, subject, control }: Comparison,
): Result {
  const all = [...subject, ...control];
  const costsOf = (outcome: Outcome) => listCosts(unit, outcome);
  const pairs = subject.map((one, pair) => [one, control[pair] as Outcome] as const);
  const ratioOf = (measure: (outcome: Outcome) => number) =>
    spread(pairs.map(([one, other]) => measure(one) / measure(other)));
  const medianOf = (outcomes: Outcome[], measure: (outcome: Outcome) => number) => median(outcomes.map(measure));
  const total = ({ slices }: Outcome, key: keyof Slice) => slices.reduce((sum, slice) => sum + slice[key], 0);
  const busiest = (outcomes: Outcome[], key: keyof Slice) =>
    Math.max(...outcomes.map((outcome) => total(outcome, key) / total(outcome, "wallSeconds")));
  const hasInstructions = all.every(({ instructions }) => instructions !== undefined);
  return {
    case: name,
    contender,
    unit,
    subjectCost: medianOf(subject, (outcome) => median(costsOf(outcome))),
    controlCost: medianOf(control, (outcome) => median(costsOf(outcome))),
    ratio: spread(
      pairs.map(([one, other]) => {
        const others = costsOf(other);
        return median(costsOf(one).map((cost, slice) => cost / (others[slice] ?? Number.NaN)));
      }),
    ),
    userRatio: ratioOf((outcome) => total(outcome, "userSeconds") / total(outcome, "deliveries")),
    ...(hasInstructions
      ? { instructionRatio: ratioOf((outcome) => (outcome.instructions ?? 0) / total(outcome, "deliveries")) }
      : {}),
    subjectP50Ms: medianOf(subject, ({ p50Ms }) => p50Ms),
    controlP50Ms: medianOf(control, ({ p50Ms }) => p50Ms),
    subjectP99Ms: medianOf(subject, ({ p99Ms }) => p99Ms),
    controlP99Ms: medianOf(control, ({ p99Ms }) => p99Ms),
    busy: {
      load: busiest(all, "loadSeconds"),
      subject: busiest(subject, "cpuSeconds"),
      control: busiest(control, "cpuSeconds"),
    },
    deliveriesPerSecond: {
      subject: medianOf(subject, (outcome) => total(outcome, "deliveries") / total(outcome, "wallSeconds")),
      control: medianOf(control, (outcome) => total(outcome, "deliveries") / total(outcome, "wallSeconds")),
    },
  };
}

/**
 * What each two slices cost; where a case is no matter of slices, the one cost that there is.
 *
 * A server costs more in its first slice after the other's. Two slices of each lie in the order A B B A, so that both have
 * one of either kind.
 */
function listCosts(unit: Case["unit"], outcome: Outcome): number[] {
  switch (unit) {
    case "session":
      return [outcome.bytesPerSession ?? Number.NaN];
    case "start":
      return [outcome.startMs ?? Number.NaN];
    case "process":
      return [(outcome.idleBytes ?? Number.NaN) / 2 ** 20];
    default:
      return Array.from({ length: Math.ceil(outcome.slices.length / 2) }, (_, turn) => {
        const [one, other] = outcome.slices.slice(turn * 2, turn * 2 + 2);
        const cpuSeconds = (one?.cpuSeconds ?? 0) + (other?.cpuSeconds ?? 0);
        return (cpuSeconds / ((one?.deliveries ?? 0) + (other?.deliveries ?? 0))) * 1e6;
      });
  }
}
