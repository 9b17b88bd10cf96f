import type { Command, Given } from "./command.ts";
import { readGivenConfig } from "./config-file.ts";
import { findFolder } from "./folder.ts";
import { withControllers } from "./load-controllers.ts";
import { print } from "./print.ts";
import { targets } from "./targets.ts";

export const compileCommand: Command = {
  name: "compile",
  summary: "Put controllers and the server into one executable",
  text: `Makes an executable that is this one with the controllers in DIR, their lib/, the packages that they import and their
public/ inside, instead of the examples. It needs nothing else on the machine, takes the same commands and flags, and
can compile again. Without DIR it holds the controllers in ./controllers, or else the same ones as this executable.
A hubbub.toml stays outside: the new executable reads the one in the folder that it is started in.`,
  operands: ["[DIR]"],
  examples: [
    { line: "hubbub compile -o chat", text: "./controllers as ./chat" },
    { line: "hubbub compile app -o dist/app --target linux-arm64", text: "for another machine" },
  ],
  flags: {
    out: { description: "The executable to write", placeholder: "FILE", short: "o" },
    target: { description: "Where it will run; here if absent", placeholder: "TARGET" },
    runtime: {
      description: "The runtime for that target, a `bun` of this version, to need no network",
      placeholder: "FILE",
    },
  },
  choices: { TARGET: targets },
  takesSettings: false,
  run: compile,
};

/** @throws {Fault} what loading the controllers throws, `FLAG_VALUE`, `COMPILE` and `OUTPUT`. */
async function compile({ operands, flags, settings }: Given): Promise<number> {
  const folder = findFolder(operands[0], "compile");
  const { createExecutable, readOptions } = await import("./create-executable.ts");
  const options = readOptions(flags);
  // Nothing is written if a controller has a fault.
  if (!folder.isEmbedded) await withControllers(folder, readGivenConfig({ settings }), () => {});
  const exitCode = await createExecutable(folder, options);
  return exitCode === 0 ? print(`Wrote ${options.outfile}\n`) : exitCode;
}
