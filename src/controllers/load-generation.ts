import { basename } from "node:path";
import { embeddedName } from "../core/embedded.ts";
import { type Api, apiNames } from "./api.ts";
import type { AuthApi } from "./auth/auth.ts";
import { Generation } from "./generation.ts";
import { createGlobals } from "./globals.ts";
import { installModules } from "./modules.ts";
import { resolveLinks, type Snapshot } from "./snapshot.ts";

export type LoadGenerationOptions = {
  /** Absolute. */
  folder: string;
  /** The folder lies in the executable. */
  isEmbedded: boolean;
  version: string;
  /** What controllers read as `app.config`. */
  appConfig: Readonly<Record<string, unknown>>;
  api: Api;
  createAuth: () => AuthApi;
  /** Further free identifiers of the controllers' modules. */
  globals: Readonly<Record<string, unknown>> | undefined;
};

/**
 * Loads the controllers of a folder, with all that they can import.
 *
 * @throws what `Generation.load` throws
 */
export function loadGeneration(
  { folder, isEmbedded, version, appConfig, api, createAuth, globals }: LoadGenerationOptions,
  number: number,
  snapshot: Snapshot | undefined,
): Promise<Generation> {
  // The runtime remembers where a link pointed, so it is given the folder behind it.
  const path = resolveLinks(folder);
  installModules(path, apiNames);
  const app = { name: isEmbedded ? embeddedName : basename(folder), version, config: appConfig };
  const own = { ...createGlobals(path, api, createAuth(), app), ...globals };
  return Generation.load({ folder: path, snapshot, globals: own, number });
}
