import { styleText } from "node:util";
import { getJsonLinesFormatter, type LogLevel, type LogRecord, type TextFormatter } from "@logtape/logtape";
import { isJournal } from "./journal.ts";

/** Where a line's text begins on a terminal. */
export const TEXT_COLUMN = 21;

const LEVEL_WIDTH = "warning".length;

/** As syslog numbers them. */
const priorities: Partial<Record<LogLevel, number>> = { debug: 7, info: 6, warning: 4, error: 3 };

type Style = Parameters<typeof styleText>[0];

const styles: Partial<Record<LogLevel, Style>> = {
  debug: "blue",
  info: "green",
  warning: "yellow",
  error: ["red", "bold"],
};

/** The form of the log that standard output is for: a person's on a terminal, JSON elsewhere, with priorities in the journal. */
export function createFormatter(logFormat: "auto" | "json" | "pretty"): TextFormatter {
  const isTerminal = process.stdout.isTTY === true;
  const isPretty = logFormat === "pretty" || (logFormat === "auto" && isTerminal);
  const format = isPretty ? createPrettyFormatter(isTerminal && !process.env["NO_COLOR"]) : createJsonFormatter();
  return isJournal(1) ? prioritise(format) : format;
}

/** What a terminal obeys or shows in another place than it stands: controls, bidi marks, line separators. */
const unprintable = /[\p{Cc}\p{Bidi_Control}\p{Cs}\u2028\u2029]/gu;

function escapeUnprintable(text: string): string {
  return text.replace(unprintable, (character) =>
    character === "\n" || character === "\t"
      ? character
      : `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** One JSON object a line, in which what is unprintable is escaped: reading it gives what was logged. */
function createJsonFormatter(): TextFormatter {
  const format = getJsonLinesFormatter({ properties: "flatten" });
  return (record) => escapeUnprintable(record.level === "warning" ? nameWarning(format(record)) : format(record));
}

/** The library abbreviates this level, which is `warning` everywhere else. */
function nameWarning(line: string): string {
  return line.replace('"level":"WARN"', '"level":"WARNING"');
}

/** One line a record: time, level, text; what follows a line break stands beneath, and so do the code and the details. */
function createPrettyFormatter(hasColours: boolean): TextFormatter {
  const paint = (style: Style, text: string) => (hasColours ? styleText(style, text, { validateStream: false }) : text);
  return (record) => {
    const { level, timestamp, category, properties } = record;
    const { detail, frame, worker } = properties;
    const head = [paint("dim", formatTime(timestamp)), paint(styles[level] ?? "reset", level.padEnd(LEVEL_WIDTH))];
    if (typeof worker === "number") head.push(paint("dim", `#${worker}`));
    if (category.length > 1) head.push(paint("cyan", "controller"));
    const text = escapeUnprintable(record.message.map(String).join("")).replaceAll(
      "\n",
      `\n${" ".repeat(TEXT_COLUMN)}`,
    );
    const code = typeof frame === "function" ? (frame as () => string | undefined)() : undefined;
    const shown = code === undefined ? "" : indent(escapeUnprintable(code), (line) => paintCode(line, paint));
    const details =
      typeof detail === "string" ? indent(escapeUnprintable(detail), (line) => paintDetail(line, paint)) : "";
    return `${head.join(" ")} ${level === "debug" ? paint("dim", text) : text}\n${shown}${details}`;
  };
}

type Paint = (style: Style, text: string) => string;

/** The line that failed, and the mark beneath it, stand out. */
function paintCode(line: string, paint: Paint): string {
  if (line.startsWith(">")) return line;
  return paint(line.trimEnd().endsWith("^") ? "red" : "dim", line);
}

/** A stack's lines are for whoever looks for them. */
function paintDetail(line: string, paint: Paint): string {
  return /^\s+at /.test(line) ? paint("dim", line) : line;
}

function indent(text: string, paint: (line: string) => string): string {
  return text
    .trimEnd()
    .split("\n")
    .map((line) => `  ${paint(line)}\n`)
    .join("");
}

/** `11:41:08.562`, by the clock of the person who reads it. */
function formatTime(timestamp: number): string {
  const date = new Date(timestamp);
  const [hours, minutes, seconds] = [date.getHours(), date.getMinutes(), date.getSeconds()].map(pad);
  return `${hours}:${minutes}:${seconds}.${String(date.getMilliseconds()).padStart(3, "0")}`;
}

function pad(number: number): string {
  return String(number).padStart(2, "0");
}

/** Begins each line with the priority that the journal gives it, and takes off again. */
function prioritise(format: TextFormatter): TextFormatter {
  return (record: LogRecord) => format(record).replace(/^(?=.)/gm, `<${priorities[record.level] ?? 6}>`);
}
