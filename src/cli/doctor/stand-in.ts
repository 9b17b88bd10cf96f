import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Config } from "../../core/config.ts";
import { version } from "../../core/version.ts";

/** A server with one path, that takes every session; it stands where the real one will. */
export type StandIn = { path: string; stop: () => Promise<void> };

/**
 * Starts one at the configured address.
 *
 * @throws {Fault} if it cannot listen there, or its certificate cannot be used
 */
export async function startStandIn(config: Config): Promise<StandIn> {
  const { App } = await import("../../app.ts");
  const folder = mkdtempSync(join(tmpdir(), "hubbub-"));
  const name = `doctor-${crypto.randomUUID()}`;
  writeFileSync(join(folder, `${name}.js`), "exports.get = () => ({ webSocket: { checkOrigin: () => true } });\n");
  const own = { ...config, watch: false, livePages: false, drainSeconds: 0 } satisfies Config;
  const app = new App({ config: own, folder, isEmbedded: false, version });
  const stop = async () => {
    await app.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await app.start();
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
  return { path: `/${name}`, stop };
}
