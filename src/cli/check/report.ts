import { join, relative, sep } from "node:path";
import { formatCount } from "../../core/units.ts";
import { paint } from "../paint.ts";
import type { FolderCheck } from "./check-folder.ts";
import { formatFrame } from "./code-frame.ts";
import type { Finding } from "./finding.ts";

/** What `hubbub check --json` prints: the names and their meaning stay. */
export type CheckReport = {
  ok: boolean;
  /** How many controllers there are. */
  controllers: number;
  /** How many files were checked for their types. */
  files: number;
  faults: {
    code: string;
    message: string;
    /** From the folder in which the command was started, or absolute; null for what is no file's mistake. */
    file: string | null;
    /** From 1 on; null if only the file is known. */
    line: number | null;
    column: number | null;
    /** The line, those above it, and a mark. */
    frame: string | null;
  }[];
  /** Files whose types could not be checked, because they import one that the checker cannot read. */
  unchecked: string[];
};

/** @param given the folder as it was named, which what is in it is shown with */
export function createReport(check: FolderCheck, given: string): CheckReport {
  const { findings, controllerCount, fileCount, unchecked, folder } = check;
  const show = (file: string) => {
    const named = file.startsWith(folder + sep) ? join(given, relative(folder, file)) : file;
    const path = relative(process.cwd(), named);
    return path.startsWith("..") ? named : path;
  };
  const toFault = ({ code, message, file, line, column }: Finding) => ({
    code,
    message,
    file: file === undefined ? null : show(file),
    line: line ?? null,
    column: column ?? null,
    frame: (file !== undefined && line !== undefined && formatFrame(file, line, column)) || null,
  });
  return {
    ok: findings.length === 0,
    controllers: controllerCount,
    files: fileCount,
    faults: findings.map(toFault),
    unchecked: unchecked.map(show),
  };
}

/** A report as one reads it. */
export function formatReport({ ok, controllers, files, faults, unchecked }: CheckReport): string {
  const counted = `${formatCount(controllers, "controller")}, ${formatCount(files, "file")} checked for types`;
  if (ok) return `${paint("green", "No faults")}: ${counted}\n`;
  const texts = faults.map(({ code, message, file, line, column, frame }) => {
    const place = [file, line, column].filter((part) => part !== null).join(":");
    const head = `${place === "" ? "" : `${paint("bold", place)}: `}${message} ${paint("dim", `[${code}]`)}`;
    return frame === null ? `${head}\n` : `${head}\n\n${frame.replace(/^/gm, "  ")}\n`;
  });
  const left = unchecked.map(
    (file) => `The types in ${file} were not checked: it imports a file that the checker cannot read\n`,
  );
  const count = new Set(faults.map(({ file }) => file).filter((file) => file !== null)).size;
  const where = count === 0 ? "" : ` in ${formatCount(count, "file")}`;
  const found = `${paint("red", `Found ${formatCount(faults.length, "fault")}`)}${where}: ${counted}\n`;
  return [...texts, ...(left.length === 0 ? [] : [left.join("")]), found].join("\n");
}
