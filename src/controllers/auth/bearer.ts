import { Fault, nameKind } from "../../core/errors.ts";
import type { ControllerRequest } from "../controller.ts";

/** The sub-protocol that a client can offer beside its token, to have one that is answered. */
export const BEARER = "bearer";

/** Offered as a sub-protocol, what follows is a token in base64url: browsers let a page set no header of an upgrade. */
const PREFIX = `${BEARER}.`;

export type BearerOptions = {
  /** The cookie that may hold the token; none if absent. */
  cookie?: string | undefined;
};

/**
 * The token that a request carries; undefined if it has none.
 *
 * From `Authorization: Bearer`, from the sub-protocol `bearer.<base64url>`, and last from the cookie that is named.
 * @throws {Fault} `AUTH_OPTIONS` if the cookie's name is no text.
 */
export function bearer(request: ControllerRequest, options: BearerOptions = {}): string | undefined {
  const { cookie } = options;
  if ("cookie" in options && (typeof cookie !== "string" || cookie === "")) {
    const kind = cookie === "" ? "empty" : nameKind(cookie);
    throw new Fault("AUTH_OPTIONS", `Cannot read a token from a cookie: its name is ${kind}, expected a text`);
  }
  const { headers } = request.raw;
  return (
    readAuthorization(headers.get("authorization")) ??
    readSubProtocol(headers.get("sec-websocket-protocol")) ??
    (cookie === undefined ? undefined : readCookie(request, cookie))
  );
}

/** Whether an offered sub-protocol is a token: it is never answered, and no controller sees it. */
export function isBearerProtocol(name: string): boolean {
  return name.length > PREFIX.length && name.startsWith(PREFIX);
}

/** A `Sec-WebSocket-Protocol` header without the tokens in it; undefined if nothing else was offered. */
export function hideBearerProtocols(header: string): string | undefined {
  if (!header.includes(PREFIX)) return header;
  const shown = header
    .split(",")
    .map((name) => name.trim())
    .filter((name) => !isBearerProtocol(name));
  return shown.length === 0 ? undefined : shown.join(", ");
}

/** What is no token is given as well: a request that carries nonsense is not one that carries nothing. */
function readAuthorization(header: string | null): string | undefined {
  return header === null ? undefined : /^bearer +(.+)$/i.exec(header)?.[1];
}

function readSubProtocol(header: string | null): string | undefined {
  const offered = header?.split(",").map((name) => name.trim());
  const encoded = offered?.find(isBearerProtocol)?.slice(PREFIX.length);
  return encoded === undefined ? undefined : Buffer.from(encoded, "base64url").toString();
}

function readCookie({ cookies }: ControllerRequest, name: string): string | undefined {
  const value = Object.hasOwn(cookies, name) ? cookies[name] : undefined;
  return value === "" ? undefined : value;
}
