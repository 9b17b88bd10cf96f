import * as v from "valibot";
import { type Case, findCase } from "./cases.ts";
import { compare, quickTimes, summarise } from "./measure.ts";
import { measureReloads } from "./reload.ts";
import type { Builds } from "./servers.ts";
import { median } from "./statistics.ts";

const Point = v.object({ x: v.number(), subject: v.number(), control: v.number() });

/** What Hubbub and the control cost at one size. */
export type Point = v.InferOutput<typeof Point>;

const GrowthSchema = v.object({
  /** µs of CPU a delivery without coalescing, over the members of the group. */
  members: v.array(Point),
  /** MiB of memory, over idle sessions. */
  sessions: v.array(Point),
  /** Milliseconds of a reload and of a bare module graph, over controllers. */
  controllers: v.array(Point),
});

/** How cost grows, as docs/performance/growth.json has it. */
export type Growth = v.InferOutput<typeof GrowthSchema>;

/**
 * Reads what was measured.
 *
 * @throws {Error} with what is wrong in the text
 */
export function parseGrowth(text: string): Growth {
  const result = v.safeParse(GrowthSchema, JSON.parse(text));
  if (!result.success) throw new Error(`Cannot draw docs/performance/growth.json: ${v.summarize(result.issues)}`);
  return result.output;
}

const MEMBERS = [1, 3, 10, 30, 100, 300, 1000, 3000, 10_000];
const SESSIONS = [1000, 2500, 5000, 10_000, 15_000];
const CONTROLLERS = [1, 3, 10, 30, 100, 300];

export type GrowthOptions = {
  pairs: number;
  /** Hears of each point as it is measured. */
  report: (text: string) => void;
};

export async function measureGrowth(builds: Builds, { pairs, report }: GrowthOptions): Promise<Growth> {
  const growth: Growth = { members: [], sessions: [], controllers: [] };
  const add = (to: Point[], what: string, point: Point) => {
    to.push(point);
    report(`${point.x} ${what}: ${point.subject.toFixed(2)}, control ${point.control.toFixed(2)}`);
  };
  const measure = (measured: Case) => compare(measured, builds.hubbub, builds.control, { ...quickTimes, pairs });
  for (const members of MEMBERS) {
    const measured = { ...need("fan-out-1000-64b"), members };
    const { subjectCost, controlCost } = summarise(measured, await measure(measured));
    add(growth.members, "members", { x: members, subject: subjectCost, control: controlCost });
  }
  for (const sessions of SESSIONS) {
    const { subject, control } = await measure({ ...need("idle"), load: { kind: "idle", sessions } });
    const toMebibytes = (outcomes: typeof subject) => median(outcomes.map(({ bytes = Number.NaN }) => bytes)) / 2 ** 20;
    add(growth.sessions, "sessions", { x: sessions, subject: toMebibytes(subject), control: toMebibytes(control) });
  }
  for (const controllers of CONTROLLERS) {
    const { ms, controlMs } = await measureReloads(controllers, Math.max(30, Math.ceil(600 / controllers)));
    add(growth.controllers, "controllers", { x: controllers, subject: ms, control: controlMs });
  }
  return growth;
}

function need(name: string): Case {
  const found = findCase(name);
  if (found === undefined) throw new Error(`Cannot measure "${name}": there is no such case`);
  return found;
}

/**
 * How many members a group may have before `perSecond` messages a second fill one core; NaN if the points do not reach
 * that far.
 *
 * @param points µs a delivery over members; between two of them the cost is taken to follow a power of the members
 */
export function findFullCore(points: readonly Pick<Point, "x" | "subject">[], perSecond: number): number {
  /** The share of a core, as a logarithm: 0 is all of it. */
  const toLoad = ({ x, subject }: Pick<Point, "x" | "subject">) => Math.log((x * subject * perSecond) / 1e6);
  for (const [index, point] of points.entries()) {
    const before = points[index - 1];
    if (before === undefined || toLoad(point) < 0) continue;
    const share = toLoad(before) / (toLoad(before) - toLoad(point));
    if (share < 0) return Number.NaN;
    return Math.exp(Math.log(before.x) + share * (Math.log(point.x) - Math.log(before.x)));
  }
  return Number.NaN;
}
