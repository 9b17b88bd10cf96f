import { version } from "../core/version.ts";
import type { Command } from "./command.ts";
import { print } from "./print.ts";

export const versionCommand: Command = {
  name: "version",
  summary: "Print the version",
  text: "Prints the version of hubbub and of the runtime inside it.",
  operands: [],
  examples: [{ line: "hubbub version", text: `prints hubbub ${version} (Bun ${Bun.version})` }],
  flags: {},
  takesSettings: false,
  run: printVersion,
};

export async function printVersion(): Promise<number> {
  return print(`hubbub ${version} (Bun ${Bun.version})\n`);
}
