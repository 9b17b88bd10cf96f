import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { buildExecutable } from "./src/cli/build-executable.ts";

/** Builds the executable that is handed out: the one with the examples in it. */
export async function buildHubbub(outfile: string): Promise<void> {
  await mkdir(dirname(outfile), { recursive: true });
  await buildExecutable({ folder: join(import.meta.dir, "controllers"), outfile });
}

if (import.meta.main) {
  const outfile = join(import.meta.dir, "dist/hubbub");
  await buildHubbub(outfile);
  console.log(`Built ${outfile}`);
}
