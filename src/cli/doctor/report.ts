import { formatCount } from "../../core/units.ts";
import { paint } from "../paint.ts";
import type { Finding } from "./finding.ts";

const colours = { ok: "green", warning: "yellow", wrong: "red", unknown: "dim" } as const;

/** What `hubbub doctor --json` prints: the names and their meaning stay. */
export type DoctorReport = {
  /** Nothing is wrong; there may be warnings. */
  ok: boolean;
  findings: Finding[];
};

export function createReport(findings: Finding[]): DoctorReport {
  return { ok: findings.every(({ state }) => state !== "wrong"), findings };
}

/** A report as one reads it: a line for each finding, and beneath it what to do. */
export function formatReport({ findings }: DoctorReport): string {
  const width = Math.max(...findings.map(({ name }) => name.length));
  const lines = findings.map(({ name, state, found, advice }) => {
    const head = `${paint(colours[state], state.padEnd("warning".length))}  ${name.padEnd(width)}  ${found}\n`;
    return advice === undefined
      ? head
      : `${head}${" ".repeat("warning".length + width + 4)}${paint("bold", "→")} ${advice}\n`;
  });
  const count = (state: Finding["state"]) => findings.filter((finding) => finding.state === state).length;
  const [wrong, warnings] = [count("wrong"), count("warning")];
  const parts = [wrong > 0 ? `${wrong} wrong` : "", warnings > 0 ? formatCount(warnings, "warning") : ""];
  const sum = parts.filter((part) => part !== "").join(", ");
  return `${lines.join("")}\n${sum === "" ? "Nothing is wrong" : sum}\n`;
}
