import { readFileSync } from "node:fs";
import { resolve } from "node:path";

/** The browser client as one script, and its types. */
export type ClientFiles = { script: string; types: string };

const folder = resolve(import.meta.dir, "../client");

/**
 * Bundles the browser client: a macro, so that the executable holds what this returns and none of its sources.
 *
 * A process of its own, because the bundler cannot be called while it waits for a macro; the executable builds others too.
 */
export function bundleClient(): ClientFiles {
  const command = [process.execPath, "build", "--target=browser", "--minify", `${folder}/client.ts`];
  const { success, stdout, stderr } = Bun.spawnSync(command, { env: { ...process.env, BUN_BE_BUN: "1" } });
  if (!success) throw new Error(`Cannot bundle the browser client: ${stderr.toString()}`);
  return { script: stdout.toString(), types: readFileSync(`${folder}/connect.d.ts`, "utf8") };
}
