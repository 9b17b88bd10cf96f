import { version } from "../core/version.ts";
import type { Command, Given } from "./command.ts";
import { readGivenConfig } from "./config-file.ts";
import { type ControllersFolder, findFolder } from "./folder.ts";
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
  await checkControllers(folder, { settings });
  const exitCode = await createExecutable(folder, options);
  return exitCode === 0 ? print(`Wrote ${options.outfile}\n`) : exitCode;
}

/** Loads the controllers, so that nothing is written if one has a fault. */
async function checkControllers(
  { path, isEmbedded }: ControllersFolder,
  given: Pick<Given, "settings">,
): Promise<void> {
  if (isEmbedded) return;
  const { App } = await import("../app.ts");
  const generation = await new App({ config: readGivenConfig(given), folder: path, isEmbedded, version }).load();
  await generation.dispose(0);
}
