import { readFileSync } from "node:fs";

/** So many lines are shown above the one that is meant. */
const LINES_ABOVE = 2;

/** So many characters of a line are shown. */
const MAX_WIDTH = 120;

/** What a terminal would obey instead of showing it. */
const UNPRINTABLE = /[\p{Cc}\p{Bidi_Control}\u2028\u2029]/gu;

/** The line of a file, those above it, and a mark beneath the column; undefined if there is no such line. */
export function formatFrame(file: string, line: number, column: number | undefined): string | undefined {
  const lines = readLines(file);
  if (lines[line - 1] === undefined) return undefined;
  const shift = Math.max(0, (column ?? 0) - MAX_WIDTH + 20);
  const width = String(line).length;
  const shown = lines.slice(Math.max(0, line - 1 - LINES_ABOVE), line).map((text, index, { length }) => {
    const number = String(line - length + 1 + index).padStart(width);
    const cut = text.slice(shift, shift + MAX_WIDTH).replaceAll(UNPRINTABLE, " ");
    return `${number} | ${cut}`.trimEnd();
  });
  const mark = column === undefined ? [] : [`${" ".repeat(width)} | ${" ".repeat(Math.max(0, column - 1 - shift))}^`];
  return [...shown, ...mark].join("\n");
}

function readLines(file: string): string[] {
  try {
    return readFileSync(file, "utf8").split(/\r?\n/);
  } catch {
    // It was there a moment ago, or is part of the checker.
    return [];
  }
}
