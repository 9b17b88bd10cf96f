// `bun run bench:plots`: measures how cost grows, and draws it into docs/performance.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { writeFormatted, writeSection } from "./document.ts";
import { findFullCore, type Growth, measureGrowth, parseGrowth, type Point } from "./growth.ts";
import { drawPlot, type Line, type Plot } from "./plot.ts";
import { buildContenders } from "./servers.ts";
import { formatTable } from "./table.ts";

const help = `Measures how cost grows, and draws it into docs/performance.

bun run bench:plots [OPTIONS]

  --pairs N  how often both are measured in turn at each point (3)
  --draw     measures nothing, and draws again what was measured last`;

const folder = join(import.meta.dir, "../docs/performance");
const growthFile = join(folder, "growth.json");

/** Messages a second for which the point where one core is full is given. */
const RATES = [1, 10, 100, 1000];

/** The plots by the names of their files. */
export function toPlots({ members, sessions, controllers }: Growth): Record<string, Plot> {
  const toLines = (points: readonly Point[]): Line[] => [
    { name: "Hubbub", kind: "subject", points: points.map(({ x, subject }) => [x, subject]) },
    { name: "control", kind: "control", points: points.map(({ x, control }) => [x, control]) },
  ];
  const sizes = members.map(({ x }) => x);
  const [least, most] = [Math.min(...sizes), Math.max(...sizes)];
  const costs = members.flatMap(({ subject, control }) => [subject, control]);
  const bottom = 10 ** Math.floor(Math.log10(Math.min(...costs)));
  const top = 10 ** Math.ceil(Math.log10(Math.max(...costs)));
  return {
    members: {
      title: "CPU a delivery, over the members of a group; dashed: so many messages a second fill one core",
      x: { title: "members", isLogarithmic: true },
      y: { title: "µs", isLogarithmic: true, least: bottom, most: top },
      lines: [...toLines(members), ...RATES.flatMap((rate) => toGuide(rate, { least, most, bottom, top }))],
    },
    sessions: {
      title: "Memory, over idle sessions",
      x: { title: "sessions", isLogarithmic: false },
      y: { title: "MiB", isLogarithmic: false, least: 0 },
      lines: toLines(sessions),
    },
    reload: {
      title: "Time of one reload, over controllers",
      x: { title: "controllers", isLogarithmic: true },
      y: { title: "ms", isLogarithmic: true },
      lines: toLines(controllers).map((line) =>
        line.kind === "control" ? { ...line, name: "bare module graph" } : line,
      ),
    },
  };
}

type Frame = { least: number; most: number; bottom: number; top: number };

/** The line on which so many messages a second fill one core, as far as it is inside of the frame. */
function toGuide(rate: number, { least, most, bottom, top }: Frame): Line[] {
  const from = Math.max(least, 1e6 / rate / top);
  const to = Math.min(most, 1e6 / rate / bottom);
  if (from >= to) return [];
  const points = [from, to].map((x) => [x, 1e6 / rate / x] as const);
  return [{ name: `${rate.toLocaleString("en")}/s`, kind: "guide", points }];
}

/** How many members one core suffices for, by messages a second. */
function formatFullCore({ members }: Growth): string {
  const most = members.at(-1)?.x ?? 0;
  const rows = RATES.map((rate) => {
    const full = findFullCore(members, rate);
    const count = Number.isNaN(full) ? `more than ${most.toLocaleString("en")}` : formatRounded(full);
    return [rate.toLocaleString("en"), count];
  });
  return formatTable(["Messages a second", "Members for which one core suffices"], rows);
}

/** With two digits that count: no more is known. */
function formatRounded(value: number): string {
  return Number(value.toPrecision(2)).toLocaleString("en");
}

function draw(growth: Growth): void {
  for (const [name, plot] of Object.entries(toPlots(growth)))
    writeFileSync(join(folder, `${name}.svg`), drawPlot(plot));
}

async function measure(pairs: number): Promise<Growth> {
  using builds = await buildContenders();
  // Awaited here: the executables go with this function.
  return await measureGrowth(builds, { pairs, report: (text) => console.error(text) });
}

if (import.meta.main) {
  try {
    const { values } = parseArgs({
      options: { pairs: { type: "string" }, draw: { type: "boolean" }, help: { type: "boolean", short: "h" } },
    });
    const pairs = values.pairs ?? "3";
    if (values.help) console.log(help);
    else if (values.draw) draw(parseGrowth(readFileSync(growthFile, "utf8")));
    else if (/^[1-9]\d?$/.test(pairs)) {
      const growth = await measure(Number(pairs));
      mkdirSync(folder, { recursive: true });
      writeFormatted(growthFile, `${JSON.stringify(growth, undefined, 2)}\n`);
      draw(growth);
      const images = [
        "![CPU a delivery over the members of a group](performance/members.svg)",
        formatFullCore(growth),
        "![Memory over idle sessions](performance/sessions.svg)",
        "![Time of one reload over controllers](performance/reload.svg)",
      ];
      writeSection("plots", images.join("\n\n"), "bun run bench:plots");
    } else throw new Error(`Cannot use --pairs "${pairs}": expected a whole number from 1 to 99`);
  } catch (error) {
    console.error((error as Error).message);
    process.exitCode = 2;
  }
  process.exit();
}
