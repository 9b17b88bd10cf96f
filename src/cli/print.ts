import { writeFile } from "node:fs/promises";
import { describeError, Fault } from "../core/errors.ts";

/**
 * Writes `text` to standard output, all of it; returns the exit code of a command that went well.
 *
 * A reader that has read enough and left is no fault.
 *
 * @throws {Fault} `OUTPUT`
 */
export async function print(text: string): Promise<number> {
  try {
    await Bun.write(Bun.stdout, text);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EPIPE") throw outputFault("standard output", error, "room for it");
  }
  return 0;
}

/**
 * Writes a file that the command line names.
 *
 * @throws {Fault} `OUTPUT`
 */
export async function writeOutput(file: string, text: string): Promise<void> {
  try {
    await writeFile(file, text);
  } catch (error) {
    throw outputFault(`"${file}"`, error, "a file in a folder that can be written to");
  }
}

function outputFault(target: string, error: unknown, wanted: string): Fault {
  return new Fault("OUTPUT", `Cannot write ${target}: ${describeError(error)}, expected ${wanted}`, { cause: error });
}
