import type { Token } from "./connect.d.ts";

/** The address of `path` for a WebSocket: absolute, `wss:` where HTTPS is meant, without a fragment. */
export function toSocketUrl(path: string | URL): string {
  const page = (globalThis as { location?: { href: string } }).location;
  const url = new URL(path, page?.href);
  url.protocol = url.protocol.replace("http", "ws");
  url.hash = "";
  return url.href;
}

/** The sub-protocols to offer; a token stands beside one that the server can answer. */
export function listProtocols(protocols: string | string[] = [], token: Token): string[] {
  const offered = [protocols].flat();
  if (!token) return offered;
  return [...(offered.length === 0 ? ["bearer"] : offered), `bearer.${toBase64Url(token)}`];
}

function toBase64Url(text: string): string {
  return btoa(text).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
