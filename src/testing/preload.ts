import { appendFileSync } from "node:fs";
import { prepareTests } from "./environment.ts";
import { formatLoggedLine, type LoggedLine } from "./logged-line.ts";

export type RunOptions = {
  /** The folder of controllers, absolute. */
  folder: string;
  /** Takes what the servers log, a line of JSON each. */
  logFile: string;
  /** Also write it to standard error at once. */
  showsLog: boolean;
};

/** Prepares a process of the runner that `hubbub test` has started. */
export function prepareRun({ folder, logFile, showsLog }: RunOptions): void {
  // What a test starts by `process.execPath` is the executable.
  delete process.env["BUN_BE_BUN"];
  prepareTests({
    folder,
    onLog: ({ level, text, properties }, servers) => {
      const { detail } = properties;
      const places = servers.flatMap((server) => server.places);
      const line: LoggedLine = { level, text, detail: typeof detail === "string" ? detail : "", places };
      appendFileSync(logFile, `${JSON.stringify(line)}\n`);
      if (showsLog) process.stderr.write(formatLoggedLine(line));
    },
  });
}
