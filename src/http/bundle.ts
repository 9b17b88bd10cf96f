import { resolve } from "node:path";

/**
 * Bundles a file of the sources and what it imports for browsers, as one text.
 *
 * A process of its own, because the bundler cannot be called while it waits for a macro; the executable builds others too.
 *
 * @param file below `src/`: `client/client.ts`
 */
export function bundleForBrowsers(file: string): string {
  const path = resolve(import.meta.dir, "..", file);
  const command = [process.execPath, "build", "--target=browser", "--minify", path];
  const { success, stdout, stderr } = Bun.spawnSync(command, { env: { ...process.env, BUN_BE_BUN: "1" } });
  if (!success) throw new Error(`Cannot bundle "${file}": ${stderr.toString()}`);
  return stdout.toString();
}
