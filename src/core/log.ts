import { configureSync, getLogger, type LogRecord } from "@logtape/logtape";
import type { Config } from "./config.ts";
import type { LogProperties } from "./log-fields.ts";
import { createFormatter, TEXT_COLUMN } from "./log-format.ts";
import { LogOutput } from "./log-output.ts";
import { formatCount } from "./units.ts";

export type Log = Record<"debug" | "info" | "warning" | "error", (text: string, properties?: LogProperties) => void>;

const severities: readonly (keyof Log)[] = ["debug", "info", "warning", "error"];

/** The least severe lines that are written, by their place in `severities`. */
let lowestSeverity = 0;

/** The server's own log. */
export const log: Log = createLog(["hubbub"]);

/** What controllers log. */
export const controllerLog: Log = createLog(["hubbub", "controller"]);

function createLog(category: string[]): Log {
  const logger = getLogger(category);
  // The library reads {name} in a text as a placeholder; ours are plain.
  const write =
    (level: keyof Log) =>
    (text: string, properties: LogProperties = {}) => {
      // The library takes microseconds to find that nobody wants a line.
      if (severities.indexOf(level) < lowestSeverity) return;
      logger[level](text.includes("{") ? text.replaceAll("{", "{{").replaceAll("}", "}}") : text, properties);
    };
  return { debug: write("debug"), info: write("info"), warning: write("warning"), error: write("error") };
}

const output = new LogOutput((lost) =>
  log.error(`Lost ${formatCount(lost, "log line")}: standard output took nothing for too long`, { lost }),
);

/** Sends the log to standard output, in the form and from the level on that `config` wants. */
export function configureLog(config: Pick<Config, "logLevel" | "logFormat">): void {
  const format = createFormatter(config.logFormat);
  sendLog((record) => output.write(format(record)), config.logLevel);
}

/** Gives the log's lines, each with the number of this worker, to `write`, which hands them to the thread that has the output. */
export function configureWorkerLog(
  { worker, ...config }: Pick<Config, "logLevel" | "logFormat"> & { worker: number },
  write: (line: string) => void,
): void {
  const format = createFormatter(config.logFormat);
  sendLog((record) => write(format({ ...record, properties: { worker, ...record.properties } })), config.logLevel);
}

/** Writes a line of the log as a worker has given it. */
export function writeLogLine(line: string): void {
  output.write(line);
}

/** Writes a line to standard output, beneath the texts of the log, that is for the person there and for no log. */
export function printLine(line: string): void {
  output.write(`${" ".repeat(TEXT_COLUMN)}${line}\n`);
}

/** A line of the log, with what stands beside its text. */
export type LogLine = {
  readonly level: "debug" | "info" | "warning" | "error";
  readonly text: string;
  readonly properties: Readonly<Record<string, unknown>>;
  /** A controller wrote it. */
  readonly isController: boolean;
};

/** Gives every line of the log to `take`, instead of writing any. */
export function takeLog(take: (line: LogLine) => void): void {
  sendLog((record) => take(toLine(record)), "debug");
}

const followers = new Set<(line: LogLine) => void>();

/** Gives every line of the log to `take` as well, until the function that it returns is called. */
export function followLog(take: (line: LogLine) => void): () => void {
  followers.add(take);
  return () => void followers.delete(take);
}

function toLine({ level, message, properties, category }: LogRecord): LogLine {
  return { level: level as keyof Log, text: message.join(""), properties, isController: category.length > 1 };
}

function sendLog(write: (record: LogRecord) => void, lowestLevel: keyof Log): void {
  const sink = (record: LogRecord) => {
    write(record);
    for (const take of followers) take(toLine(record));
  };
  lowestSeverity = severities.indexOf(lowestLevel);
  configureSync({
    reset: true,
    sinks: { sink },
    loggers: [
      { category: "hubbub", sinks: ["sink"], lowestLevel },
      { category: ["logtape", "meta"], sinks: ["sink"], lowestLevel: "error" },
    ],
  });
}
