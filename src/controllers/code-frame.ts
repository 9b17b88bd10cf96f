import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Location } from "../core/errors.ts";

/** So much of a line is kept. */
const MAX_LINE_LENGTH = 200;

/** A line of a file. */
export type SourceLine = { number: number; text: string };

/** The lines of a file of `folder` around a place; undefined if it cannot be read, as one in the executable. */
export function readLinesAround(folder: string, { file, line }: Location, around: number): SourceLine[] | undefined {
  let text: string;
  try {
    text = readFileSync(join(folder, file), "utf8");
  } catch {
    return undefined;
  }
  const first = Math.max(1, line - around);
  const lines = text.split(/\r?\n/).slice(first - 1, line + around);
  return lines.map((each, index) => ({ number: first + index, text: each.slice(0, MAX_LINE_LENGTH) }));
}

/** The lines with their numbers; the one of the place is marked, and beneath it the column. Blank ones at the end are left out. */
export function formatCodeFrame(around: readonly SourceLine[], { line, column }: Location): string {
  const lines = around.slice(0, around.findLastIndex(({ number, text }) => number === line || text.trim() !== "") + 1);
  const width = String(lines.at(-1)?.number ?? 0).length;
  return lines
    .map(({ number, text }) => {
      const row = `${number === line ? ">" : " "} ${String(number).padStart(width)} | ${text}`.trimEnd();
      if (number !== line || column < 1 || column > text.length + 1) return row;
      // Tabs stay tabs, so that the mark stands where the character does.
      return `${row}\n  ${" ".repeat(width)} | ${text.slice(0, column - 1).replaceAll(/[^\t]/g, " ")}^`;
    })
    .join("\n");
}
