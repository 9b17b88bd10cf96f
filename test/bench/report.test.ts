import { expect, test } from "bun:test";
import type { Outcome, Slice } from "../../bench/job.ts";
import { summarise } from "../../bench/measure.ts";
import { formatPeers, formatResults, formatSettings } from "../../bench/report.ts";
import { formatNumber, formatTable } from "../../bench/table.ts";

const slice = (cpuSeconds: number, deliveries: number): Slice => ({
  deliveries,
  wallSeconds: 1,
  cpuSeconds,
  userSeconds: cpuSeconds / 4,
  loadSeconds: 0.5,
});

const outcome = (given: Partial<Outcome>): Outcome => ({ slices: [], p50Ms: 1, p99Ms: 4, ...given });

const delivery = { unit: "delivery" } as const;

test("summarise() compares slice by slice and pair by pair, so that noise that meets both is no difference", () => {
  const quiet = { slices: [slice(0.1, 1000), slice(0.1, 1000)] };
  const noisy = { slices: [slice(0.1, 1000), slice(0.3, 1000)] };
  const result = summarise(delivery, {
    case: "echo",
    contender: "hubbub",
    subject: [outcome({ slices: [slice(0.2, 1000), slice(0.6, 1000)] }), outcome(quiet), outcome(quiet)],
    control: [outcome(noisy), outcome(quiet), outcome({ slices: [slice(0.2, 1000), slice(0.2, 1000)] })],
  });
  expect(result.ratio).toEqual({ median: 1, least: 0.5, most: 2 });
  expect(result.subjectCost).toBeCloseTo(100, 6);
});

test("summarise() gives cost in µs, latencies, and the busiest share of a core", () => {
  const subject = [outcome({ slices: [slice(0.004, 1000)], p50Ms: 2, p99Ms: 9 })];
  const control = [outcome({ slices: [slice(0.002, 500)] })];
  const result = summarise(delivery, { case: "echo", contender: "hubbub", subject, control });
  expect(result.subjectCost).toBeCloseTo(4, 6);
  expect(result.controlCost).toBeCloseTo(4, 6);
  expect(result).toMatchObject({ subjectP50Ms: 2, subjectP99Ms: 9, controlP50Ms: 1, controlP99Ms: 4 });
  expect(result.busy).toEqual({ load: 0.5, subject: 0.004, control: 0.002 });
  expect(result.deliveriesPerSecond).toEqual({ subject: 1000, control: 500 });
  expect(result.instructionRatio).toBeUndefined();
});

test("summarise() compares instructions where all were counted", () => {
  const counted = (instructions: number) => [outcome({ slices: [slice(0.1, 1000)], instructions })];
  const given = { case: "echo", contender: "hubbub", subject: counted(3000), control: counted(2000) };
  expect(summarise(delivery, given).instructionRatio?.median).toBe(1.5);
  expect(summarise(delivery, { ...given, control: [outcome({})] }).instructionRatio).toBeUndefined();
});

test("summarise() compares bytes of a session, milliseconds of a start, MiB of a process", () => {
  const compare = (unit: "session" | "start" | "process", subject: Partial<Outcome>, control: Partial<Outcome>) => {
    const result = summarise(
      { unit },
      { case: "idle", contender: "hubbub", subject: [outcome(subject)], control: [outcome(control)] },
    );
    return [result.subjectCost, result.controlCost, result.ratio.median];
  };
  expect(compare("session", { bytesPerSession: 3000 }, { bytesPerSession: 2000 })).toEqual([3000, 2000, 1.5]);
  expect(compare("start", { startMs: 40 }, { startMs: 10 })).toEqual([40, 10, 4]);
  expect(compare("process", { idleBytes: 2 ** 26 }, { idleBytes: 2 ** 25 })).toEqual([64, 32, 2]);
});

test("formatResults() says which targets are met", () => {
  const row = (name: string, ratio: number, p99Ms: number) => {
    const subject = [outcome({ slices: [slice(ratio, 1000)], startMs: 61, p99Ms })];
    const control = [outcome({ slices: [slice(1, 1000)], startMs: 8 })];
    const unit = name === "start" ? "start" : "delivery";
    return formatResults([summarise({ unit }, { case: name, contender: "hubbub", subject, control })]).split("\n")[2];
  };
  expect(row("groups", 1.04, 4)).toContain("| 1.05 met |");
  expect(row("groups", 1.06, 4)).toContain("| 1.05 missed |");
  expect(row("rate-1000-to-100", 0.5, 6)).toContain("| 0.60 met, p99 + 2.00 met |");
  expect(row("rate-1000-to-100", 0.7, 7)).toContain("| 0.60 missed, p99 + 2.00 missed |");
  expect(row("start", 1, 4)).toContain("| 60.0 missed |");
  expect(row("json", 9, 9)).toContain("9.00–9.00 |");
});

test("formatResults() marks a fixed rate for which the core did not suffice", () => {
  const busy = (name: string, loadSeconds: number) => {
    const one = [outcome({ slices: [{ ...slice(0.4, 1000), loadSeconds }] })];
    return formatResults([summarise(delivery, { case: name, contender: "hubbub", subject: one, control: one })]);
  };
  expect(busy("rate-50-to-1000", 0.5)).toContain("50 40 40 % |");
  expect(busy("rate-50-to-1000", 0.91)).toContain("91 40 40 % ! |");
  expect(busy("echo", 0.6)).toContain("60 40 40 % |");
});

test("formatPeers() has a row for each server and a column for each case", () => {
  const control = [outcome({ slices: [slice(0.002, 1000)] })];
  const measure = (name: string, contender: string, cpuSeconds: number) =>
    summarise(delivery, { case: name, contender, subject: [outcome({ slices: [slice(cpuSeconds, 1000)] })], control });
  const lines = formatPeers([
    measure("echo", "hubbub", 0.003),
    measure("groups", "hubbub", 0.002),
    measure("echo", "ws", 0.02),
  ]);
  const cells = lines.split("\n").map((line) => line.split("|").map((cell) => cell.trim()));
  expect(cells[0]?.slice(1, 4)).toEqual([
    "Server",
    "Echo on 64 sessions, 16 messages at once on each",
    "500 groups of 10",
  ]);
  expect(cells[2]?.slice(1, 4)).toEqual(["control", "1.00 (2.00 µs)", "1.00 (2.00 µs)"]);
  expect(cells[3]?.slice(1, 4)).toEqual(["hubbub", "1.50 (3.00 µs)", "1.00 (2.00 µs)"]);
  expect(cells[4]?.slice(1, 4)).toEqual(["ws", "10.0 (20.0 µs)", "-"]);
});

test("formatSettings() names the setting and the case", () => {
  const one = [outcome({ slices: [slice(0.001, 1000)] })];
  const table = formatSettings([
    summarise(delivery, { case: "echo", contender: "--ping 1s", subject: one, control: one }),
  ]);
  expect(table.split("\n")[2]).toMatch(/^\| `--ping 1s` \| Echo on 64 .* \|  1.00 \| /);
});

test("formatTable() aligns its columns, text to the left and numbers to the right", () => {
  expect(formatTable(["Case", "Cost"], [["echo", "1.5"], ["a longer name"]])).toBe(
    [
      "| Case          | Cost |",
      "| ------------- | ---: |",
      "| echo          |  1.5 |",
      "| a longer name |      |",
    ].join("\n"),
  );
});

test("formatNumber() has three digits that count", () => {
  expect([0.1234, 9.876, 45.67, 1234.5, Number.NaN].map(formatNumber)).toEqual(["0.12", "9.88", "45.7", "1,235", "-"]);
});
