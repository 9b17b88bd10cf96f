import { type OriginPattern, parseOriginPattern } from "../core/origin-pattern.ts";
import type { Origination } from "./forwarded.ts";

/** A page's origin: scheme, host and port. */
type Origin = { scheme: string; host: string; port: string };

const ownPorts: Record<string, string> = { http: "80", https: "443", ws: "80", wss: "443" };

/**
 * Whose pages may open a session.
 *
 * A request without `Origin` comes from no page and may. A page may if it was served from the same scheme, host and port
 * as it asks, or if `--origins` names it.
 */
export class AllowedOrigins {
  readonly #isAny: boolean;
  readonly #isNull: boolean;
  readonly #patterns: readonly OriginPattern[];

  /** @param allowed the items of `--origins` */
  constructor(allowed: readonly string[]) {
    this.#isAny = allowed.includes("*");
    this.#isNull = allowed.includes("null");
    this.#patterns = allowed
      .filter((item) => item !== "null")
      .map(parseOriginPattern)
      .filter((pattern) => pattern !== undefined);
  }

  allows(text: string | null, origination: Origination): boolean {
    if (text === null || this.#isAny) return true;
    // What a sandboxed page or a local file says.
    if (text === "null") return this.#isNull;
    const origin = parseOrigin(text);
    if (origin === undefined) return false;
    return isOwn(origin, origination) || this.#patterns.some((pattern) => matches(origin, pattern));
  }
}

/** Whether `origin`, as a request's header has it, is that of the server's own pages. */
export function isSameOrigin(origin: string, origination: Origination): boolean {
  const parsed = parseOrigin(origin);
  return parsed !== undefined && isOwn(parsed, origination);
}

function isOwn(origin: Origin, { scheme, authority }: Origination): boolean {
  const own = parseOrigin(`${scheme}://${authority}`);
  return own !== undefined && isSame(origin, own);
}

/** Undefined for what no browser sends: a path, a name with a password, several origins. */
function parseOrigin(text: string): Origin | undefined {
  const match = /^([a-z][a-z\d+.-]*):\/\/(\[[\da-f:.]+\]|[^\s/?#@\\:,[\]]+)(?::(\d{1,5}))?$/i.exec(text);
  if (match === null) return undefined;
  const [, scheme = "", host = "", port] = match.map((part) => part?.toLowerCase());
  return { scheme, host, port: port ?? ownPorts[scheme] ?? "" };
}

function isSame(one: Origin, other: Origin): boolean {
  return one.scheme === other.scheme && one.host === other.host && one.port === other.port;
}

function matches(origin: Origin, { scheme, host, isBeneath, port }: OriginPattern): boolean {
  if (scheme !== undefined && scheme !== origin.scheme) return false;
  const wantedPort = port ?? (scheme === undefined ? origin.port : (ownPorts[scheme] ?? ""));
  if (wantedPort !== origin.port) return false;
  if (!isBeneath) return origin.host === host;
  const beneath = origin.host.endsWith(`.${host}`) ? origin.host.slice(0, -host.length - 1) : "";
  return beneath.split(".").every((label) => label !== "");
}

/** `origin` as the log shows it: what no browser puts into one (a path, a query, a name with a password) is left out. */
export function formatOrigin(origin: string): string {
  return /^([a-z][a-z\d+.-]*:\/\/)?(?:[^/?#]*@)?([^/?#]{0,255})/i.exec(origin)?.slice(1).join("") ?? "";
}
