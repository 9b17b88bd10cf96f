import { bundleClient } from "./bundle-client.ts" with { type: "macro" };
import { checkConditions } from "./conditions.ts";
import { securityHeaders } from "./security-headers.ts";

const { script, types } = bundleClient();

const files = {
  "client.js": toFile(script, "text/javascript; charset=utf-8"),
  "client.d.ts": toFile(types, "text/plain; charset=utf-8"),
};

/** Serves the browser client, to pages of any origin: a browser asks for each use whether it is still the same. */
export function serveClientFile(name: keyof typeof files, request: Request): Response {
  const { text, length, etag, headers } = files[name];
  const status = checkConditions(request.headers, { etag });
  if (status !== undefined) return new Response(null, { status, headers });
  // Said for HEAD, whose answer has no body to be measured.
  return new Response(text, { headers: { ...headers, "Content-Length": length } });
}

function toFile(text: string, type: string) {
  const etag = `"${Bun.hash(text).toString(36)}"`;
  const headers = {
    ...securityHeaders,
    "Content-Type": type,
    "Cache-Control": "no-cache",
    ETag: etag,
    "Access-Control-Allow-Origin": "*",
  };
  return { text, length: String(Buffer.byteLength(text)), etag, headers };
}
