import { checkConditions } from "./conditions.ts";
import { securityHeaders } from "./security-headers.ts";

/** A text that the server carries, as it is answered. */
export type TextFile = { text: string; length: string; etag: string; headers: Record<string, string> };

/** @param more further headers of its answers */
export function createTextFile(text: string, type: string, more: Record<string, string> = {}): TextFile {
  const etag = `"${Bun.hash(text).toString(36)}"`;
  const headers = { ...securityHeaders, "Content-Type": type, "Cache-Control": "no-cache", ETag: etag, ...more };
  return { text, length: String(Buffer.byteLength(text)), etag, headers };
}

/** Answers with a text: a browser asks for each use whether it is still the same. */
export function serveTextFile({ text, length, etag, headers }: TextFile, request: Request): Response {
  const status = checkConditions(request.headers, { etag });
  if (status !== undefined) return new Response(null, { status, headers });
  // Said for HEAD, whose answer has no body to be measured.
  return new Response(text, { headers: { ...headers, "Content-Length": length } });
}
