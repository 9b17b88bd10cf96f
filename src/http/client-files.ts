import { bundleClient } from "./bundle-client.ts" with { type: "macro" };
import { createTextFile, serveTextFile } from "./text-file.ts";

const { script, types } = bundleClient();

const forAll = { "Access-Control-Allow-Origin": "*" };

const files = {
  "client.js": createTextFile(script, "text/javascript; charset=utf-8", forAll),
  "client.d.ts": createTextFile(types, "text/plain; charset=utf-8", forAll),
};

/** Serves the browser client, to pages of any origin. */
export function serveClientFile(name: keyof typeof files, request: Request): Response {
  return serveTextFile(files[name], request);
}
