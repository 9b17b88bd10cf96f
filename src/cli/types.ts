import { formatCount } from "../core/units.ts";
import type { Command, Given } from "./command.ts";
import { readGivenConfig } from "./config-file.ts";
import { findFolder } from "./folder.ts";
import { withControllers } from "./load-controllers.ts";
import { print, writeOutput } from "./print.ts";

export const typesCommand: Command = {
  name: "types",
  summary: "Write the types of messages for pages",
  text: `Writes what each path takes from a session and sends to one as TypeScript, for the code of pages: from the schemas
in \`message\` and \`sends\` of the controllers in DIR, or of those in ./controllers. The file imports nothing.`,
  operands: ["[DIR]"],
  examples: [
    { line: "hubbub types", text: "print the types of ./controllers" },
    { line: "hubbub types app -o pages/paths.d.ts", text: "write those of the folder app to a file" },
  ],
  flags: { out: { description: "The file to write instead of standard output", placeholder: "FILE", short: "o" } },
  takesSettings: false,
  run: writeTypes,
};

/** @throws {Fault} what loading the controllers throws, and `OUTPUT`. */
async function writeTypes({ operands, settings, flags }: Given): Promise<number> {
  const config = readGivenConfig({ settings });
  const folder = findFolder(operands[0], "write the types of");
  const { formatPathTypes } = await import("./path-types.ts");
  const { text, count, gaps } = await withControllers(folder, config, ({ controllers }) =>
    formatPathTypes(controllers.values()),
  );
  for (const gap of gaps) process.stderr.write(`hubbub: ${gap}\n`);
  if (typeof flags["out"] !== "string") return print(text);
  await writeOutput(flags["out"], text);
  return print(`Wrote ${flags["out"]}: the types of ${formatCount(count, "path")}\n`);
}
