import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { bundleForBrowsers } from "./bundle.ts";

/** The browser client as one script, and its types. */
export type ClientFiles = { script: string; types: string };

/** Bundles the browser client: a macro, so that the executable holds what this returns and none of its sources. */
export function bundleClient(): ClientFiles {
  return {
    script: bundleForBrowsers("client/client.ts"),
    types: readFileSync(resolve(import.meta.dir, "../client/connect.d.ts"), "utf8"),
  };
}
