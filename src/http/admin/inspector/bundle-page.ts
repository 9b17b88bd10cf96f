import { bundleForBrowsers } from "../../bundle.ts";

/** Bundles the script and the style of the inspector's page: a macro, as for the browser client. */
export function bundlePage(): { script: string; style: string } {
  return { script: bundleForBrowsers("admin/main.ts"), style: bundleForBrowsers("admin/style.css") };
}
