import { BEARER, isBearerProtocol } from "../controllers/auth/bearer.ts";

/** Why an upgrade request is refused before any controller sees it. */
export type Refusal = { status: number; message: string; headers?: Record<string, string> };

/** Whether a request asks for a WebSocket at all. */
export function asksForWebSocket(request: Request): boolean {
  if (request.method !== "GET") return false;
  const upgrade = request.headers.get("upgrade");
  return upgrade === "websocket" || upgrade?.toLowerCase() === "websocket";
}

/**
 * What is wrong with an upgrade request (RFC 6455 section 4.2.1); undefined if it is valid.
 *
 * The runtime itself would accept one without `Connection: Upgrade`, with a body or with two `Host` headers.
 */
export function checkHandshake({ headers }: Request): Refusal | undefined {
  const connection = headers.get("connection");
  if (connection !== "Upgrade" && !hasToken(connection, "upgrade")) {
    return {
      status: 426,
      message: 'The header "Connection: Upgrade" is missing; a proxy in front of the server may have removed it',
      headers: { Upgrade: "websocket", Connection: "Upgrade" },
    };
  }
  if (headers.get("sec-websocket-version") !== "13") {
    return {
      status: 426,
      message: 'The header "Sec-WebSocket-Version" must be 13',
      headers: { "Sec-WebSocket-Version": "13", Upgrade: "websocket", Connection: "Upgrade" },
    };
  }
  if (!/^[A-Za-z0-9+/]{22}==$/.test(headers.get("sec-websocket-key") ?? "")) {
    return { status: 400, message: 'The header "Sec-WebSocket-Key" must be 16 bytes in base64' };
  }
  if (headers.has("transfer-encoding") || (headers.get("content-length") ?? "0") !== "0") {
    return { status: 400, message: "An upgrade request must have no body" };
  }
  return undefined;
}

/** Whether a header that lists tokens has `token`, in whatever case. */
function hasToken(header: string | null, token: string): boolean {
  const list = header?.toLowerCase();
  return list === token || list?.split(",").some((other) => other.trim() === token) === true;
}

/** The last one that was valid: most requests name the same host. */
let validHost: string | null | undefined;

/** Whether a `Host` header names one host, with or without a port. */
export function isValidHost(host: string | null): boolean {
  if (host === validHost) return true;
  const isValid = namesOneHost(host);
  if (isValid) validHost = host;
  return isValid;
}

function namesOneHost(host: string | null): boolean {
  const match = /^(?:\[[\da-f:.]+\]|[a-z\d._~!$&'()*+;=%-]+)(?::(\d{1,5}))?$/i.exec(host ?? "");
  return match !== null && Number(match[1] ?? 0) <= 65_535;
}

/**
 * The first protocol that the client offers and `accepted` lists; undefined if there is none.
 *
 * One that is a token is never chosen. A browser gives up if none of what it offered is answered, so that beside a token
 * `bearer` is chosen if it was offered and nothing else fits.
 */
export function chooseSubProtocol(
  offered: string | null,
  accepted: string | readonly string[] | undefined,
): string | undefined {
  if (offered === null) return undefined;
  const all = offered.split(",").map((name) => name.trim());
  const names = all.filter((name) => !isBearerProtocol(name));
  const list = typeof accepted === "string" ? [accepted] : (accepted ?? []);
  const fallback = names.length < all.length ? names.find((name) => name === BEARER) : undefined;
  return names.find((name) => list.includes(name)) ?? fallback;
}
