import type { Origination } from "../forwarded.ts";

/** What the cookie is sent with: everything of the server's own. */
const COOKIE_PATH = "/-/";

/** What a request says to be let in. */
export type Credentials = { bearer: string } | { cookie: string };

/** The token of `Authorization: Bearer …`, or else the inspector's cookie; undefined without either. */
export function readCredentials(headers: Headers, origination: Origination): Credentials | undefined {
  const authorization = headers.get("authorization");
  if (authorization !== null) {
    const bearer = /^bearer +(\S+)\s*$/i.exec(authorization)?.[1];
    return bearer === undefined ? undefined : { bearer };
  }
  const name = `${nameCookie(origination)}=`;
  const cookie = headers
    .get("cookie")
    ?.split(";")
    .map((pair) => pair.trim())
    .find((pair) => pair.startsWith(name));
  return cookie === undefined ? undefined : { cookie: cookie.slice(name.length) };
}

/** `Set-Cookie` for the inspector; with an empty `value` the browser forgets it. */
export function formatCookie(value: string, origination: Origination): string {
  const end = value === "" ? "; Max-Age=0" : "";
  const secure = origination.scheme === "https" ? "; Secure" : "";
  return `${nameCookie(origination)}=${value}; Path=${COOKIE_PATH}; HttpOnly; SameSite=Strict${secure}${end}`;
}

/** Browsers keep cookies by host name alone: two servers on two ports of one machine must not share one. */
function nameCookie({ authority }: Origination): string {
  const port = /:(\d+)$/.exec(authority)?.[1];
  return port === undefined ? "hubbub-admin" : `hubbub-admin-${port}`;
}
