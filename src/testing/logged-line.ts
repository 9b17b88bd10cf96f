import type { LogLine } from "../core/log.ts";
import type { Place } from "./places.ts";

/** A line that a server logged in a run of tests. */
export type LoggedLine = {
  level: LogLine["level"];
  text: string;
  /** Lines beneath it: a stack, a code frame. */
  detail: string;
  /** Where the servers were started that ran then. */
  places: Place[];
};

export function formatLoggedLine({ level, text, detail }: LoggedLine): string {
  const lines = detail === "" ? "" : `${detail.trimEnd().replace(/^/gm, "    ")}\n`;
  return `  ${level.padEnd(7)} ${text}\n${lines}`;
}
