import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { delimiter, join, resolve } from "node:path";
import { Fault } from "../core/errors.ts";
import type { ProcessOptions } from "../scripting/preload.ts";
import type { Given } from "./command.ts";
import { findExecutable, quoteForShell } from "./executable.ts";
import { isFolder } from "./folder.ts";
import { writeOutput } from "./print.ts";
import { runBun } from "./run-bun.ts";
import { withScratch } from "./scratch.ts";

const PRELOAD = "preload.ts";

/** What a package is added with. */
const ADDING = ["add", "a", "install", "i"];

/** With one of these a package goes elsewhere. */
const ELSEWHERE = /^(?:-g|--global|--cwd|--filter|-F)(?:=|$)/;

/** A `package.json` with nothing in it: without one a package would go to that of a folder above. */
const MANIFEST = '{\n  "private": true\n}\n';

/** Where programs are looked for if nothing says it. */
const STANDARD_PATH = "/usr/local/bin:/usr/bin:/bin";

/**
 * Runs a command of the runtime in the controllers folder, with the modules that controllers have; returns its exit code.
 *
 * @throws {Fault} `ARGUMENT_UNEXPECTED` for what would replace this executable, `OUTPUT`, `SCRATCH`
 */
export async function runForControllers({ operands }: Given): Promise<number> {
  const name = operands.find((operand) => !operand.startsWith("-"));
  if (name === "upgrade") {
    const text = 'Cannot run "bun upgrade": the runtime is a part of this executable';
    throw new Fault("ARGUMENT_UNEXPECTED", `${text}, expected a newer hubbub instead`);
  }
  const configFile = resolve("hubbub.toml");
  const folder = isFolder("controllers") ? resolve("controllers") : process.cwd();
  const adds = ADDING.includes(name ?? "") && !operands.some((operand) => ELSEWHERE.test(operand));
  const manifest = join(folder, "package.json");
  const isNew =
    adds && operands.some((operand) => operand !== name && !operand.startsWith("-")) && !existsSync(manifest);
  if (isNew) await writeOutput(manifest, MANIFEST);
  try {
    return await withScratch({ kit: "server", files: () => formatPreload({ folder, configFile }) }, async (scratch) => {
      const { BUN_OPTIONS = "", PATH = STANDARD_PATH } = process.env;
      const environment = {
        BUN_OPTIONS: `"--preload=${join(scratch, PRELOAD)}" ${BUN_OPTIONS}`.trim(),
        PATH: `${makePrograms(scratch)}${delimiter}${PATH}`,
      };
      return runBun(operands, { cwd: folder, environment });
    });
  } finally {
    // Nothing was added to it.
    if (isNew && existsSync(manifest) && readFileSync(manifest, "utf8") === MANIFEST) rmSync(manifest);
  }
}

function formatPreload(options: ProcessOptions): Record<string, string> {
  const text = `import { prepareProcess } from "./src/scripting/preload.ts";\nprepareProcess(${JSON.stringify(options)});\n`;
  return { [PRELOAD]: text };
}

/**
 * Makes a folder with `bun`, `bunx` and `hubbub`, for the scripts of a `package.json`; returns its path.
 *
 * What the runtime starts is told to be the runtime too: this `hubbub` is itself again.
 */
function makePrograms(scratch: string): string {
  const folder = join(scratch, "bin");
  mkdirSync(folder);
  if (process.platform === "win32") return folder;
  for (const name of ["bun", "bunx"]) symlinkSync(process.execPath, join(folder, name));
  const own = findExecutable().map(quoteForShell).join(" ");
  writeFileSync(join(folder, "hubbub"), `#!/bin/sh\nunset BUN_BE_BUN BUN_OPTIONS\nexec ${own} "$@"\n`);
  chmodSync(join(folder, "hubbub"), 0o755);
  return folder;
}
