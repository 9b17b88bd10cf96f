import type { Generation } from "../controllers/generation.ts";
import type { Config } from "../core/config.ts";
import { version } from "../core/version.ts";
import type { ControllersFolder } from "./folder.ts";

/**
 * Loads the controllers of a folder, gives them to `use`, and ends them and all that they have opened.
 *
 * What they write to standard output while they load goes to standard error: a command's own output is there.
 *
 * @throws {Fault} `FOLDER`; {AggregateError} of the controllers' faults; what `use` throws
 */
export async function withControllers<Result>(
  { path: folder, isEmbedded }: ControllersFolder,
  config: Config,
  use: (generation: Generation) => Result | Promise<Result>,
): Promise<Result> {
  const { App } = await import("../app.ts");
  const { stdout, stderr } = process;
  const write = stdout.write.bind(stdout);
  stdout.write = stderr.write.bind(stderr);
  try {
    const generation = await new App({ config, folder, isEmbedded, version }).load();
    try {
      return await use(generation);
    } finally {
      await generation.dispose(0);
    }
  } finally {
    stdout.write = write;
  }
}
