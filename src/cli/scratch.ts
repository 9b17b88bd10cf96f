import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describeError, Fault } from "../core/errors.ts";
import { type KitPart, unpackKit } from "./kit.ts";

export type ScratchOptions = {
  /** What is unpacked into the folder. */
  kit: KitPart;
  /** What else is written into it, by the names of the files. */
  files: (folder: string) => Record<string, string>;
};

/**
 * Calls `use` with a folder that holds what is needed on the way, and is gone when `use` is done.
 *
 * @throws {Fault} `SCRATCH` if it cannot be made; what `use` throws
 */
export async function withScratch<Result>(
  { kit, files }: ScratchOptions,
  use: (folder: string) => Promise<Result>,
): Promise<Result> {
  let folder: string | undefined;
  try {
    try {
      folder = mkdtempSync(join(tmpdir(), "hubbub-"));
      await unpackKit(kit, folder);
      for (const [file, text] of Object.entries(files(folder))) writeFileSync(join(folder, file), text);
    } catch (error) {
      const text = `Cannot write what is needed on the way to "${tmpdir()}": ${describeError(error)}`;
      const wanted = "a folder with 20 MiB of room (the variable TMPDIR names another one)";
      throw new Fault("SCRATCH", `${text}, expected ${wanted}`, { cause: error });
    }
    return await use(folder);
  } finally {
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  }
}
