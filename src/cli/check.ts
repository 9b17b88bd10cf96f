import type { Command, Given } from "./command.ts";
import { findOwnFolder } from "./folder.ts";
import { print } from "./print.ts";

export const checkCommand: Command = {
  name: "check",
  summary: "Find the faults of controllers without serving",
  text: `Loads every controller in DIR, or in ./controllers, without serving, and checks the types of the files there, those of
the tests too. Every fault is shown at once, with its file, line and code. The exit code is 1 if there is one.

Types are checked as \`hubbub init\` lays it down, and as a tsconfig.json in DIR or in a folder above changes it; no
node_modules are needed. JavaScript is checked for what cannot be parsed, and for types where it says // @ts-check.`,
  operands: ["[DIR]"],
  examples: [
    { line: "hubbub check", text: "the controllers in ./controllers" },
    { line: "hubbub check app --json", text: "those in the folder app, for a program" },
  ],
  flags: { json: { description: "Print the faults as JSON" } },
  takesSettings: false,
  run: check,
};

/** @throws {Fault} `FOLDER`, `SCRATCH`, `CHECKER` */
async function check({ operands, flags }: Given): Promise<number> {
  const folder = findOwnFolder(operands[0], "check");
  const [{ checkFolder }, { createReport, formatReport }] = await Promise.all([
    import("./check/check-folder.ts"),
    import("./check/report.ts"),
  ]);
  const report = createReport(await checkFolder(folder), folder);
  await print(flags["json"] === true ? `${JSON.stringify(report, null, 2)}\n` : formatReport(report));
  return report.ok ? 0 : 1;
}
