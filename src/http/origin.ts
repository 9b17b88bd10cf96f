import type { Origination } from "./forwarded.ts";

/**
 * Whether a page of `origin` may open a session.
 *
 * A request without `Origin` comes from no page and may. A page may if it was served from the same scheme, host and
 * port as it asks, or if `allowed` (of `--origins`) names it.
 */
export function isAllowedOrigin(
  origin: string | null,
  { scheme, authority }: Origination,
  allowed: readonly string[],
): boolean {
  if (origin === null) return true;
  if (origin.toLowerCase() === `${scheme}://${withoutDefaultPort(authority.toLowerCase(), scheme)}`) return true;
  return allowed.some((pattern) => matches(origin.toLowerCase(), pattern.toLowerCase().replace(/\/$/, "")));
}

/** `origin` as the log shows it: what no browser puts into one (a path, a query, a name with a password) is left out. */
export function formatOrigin(origin: string): string {
  return /^([a-z][a-z\d+.-]*:\/\/)?(?:[^/?#]*@)?([^/?#]{0,255})/i.exec(origin)?.slice(1).join("") ?? "";
}

function matches(origin: string, pattern: string): boolean {
  if (pattern === "*") return true;
  if (origin === "null") return pattern === "null";
  const [scheme = "", authority = ""] = origin.split("://", 2);
  const [wantedScheme, wanted] = pattern.includes("://") ? pattern.split("://", 2) : [scheme, pattern];
  if (wantedScheme !== scheme || wanted === undefined) return false;
  if (!wanted.startsWith("*."))
    return authority === wanted || (!pattern.includes("://") && hostOf(authority) === wanted);
  const suffix = wanted.slice(1);
  return authority.endsWith(suffix) || hostOf(authority).endsWith(suffix);
}

function hostOf(authority: string): string {
  return authority.replace(/:\d+$/, "");
}

function withoutDefaultPort(authority: string, scheme: string): string {
  return authority.replace(scheme === "https" ? /:443$/ : /:80$/, "");
}
