import { bunCommand } from "./bun.ts";
import { checkCommand } from "./check.ts";
import type { Command } from "./command.ts";
import { compileCommand } from "./compile.ts";
import { createCompletionCommand } from "./completion.ts";
import { doctorCommand } from "./doctor.ts";
import { createHelpCommand } from "./help.ts";
import { initCommand } from "./init.ts";
import { publishCommand } from "./publish.ts";
import { routesCommand } from "./routes.ts";
import { serveCommand } from "./serve.ts";
import { testCommand } from "./test.ts";
import { typesCommand } from "./types.ts";
import { unitCommand } from "./unit.ts";
import { versionCommand } from "./version.ts";

/** Every command, in the order in which it is listed; the first is the one that needs no name. */
export const commands: readonly Command[] = [
  serveCommand,
  initCommand,
  checkCommand,
  routesCommand,
  testCommand,
  compileCommand,
  typesCommand,
  publishCommand,
  unitCommand,
  doctorCommand,
  bunCommand,
  createHelpCommand(() => commands),
  createCompletionCommand(() => commands),
  versionCommand,
];
