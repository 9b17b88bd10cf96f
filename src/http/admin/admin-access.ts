import type { Server } from "bun";
import type { Metrics, AccessRefusal } from "../../core/metrics.ts";
import type { ThrottledLog } from "../../core/throttled-log.ts";
import type { Session } from "../../sessions/session.ts";
import { errorAnswer } from "../error-page.ts";
import type { Origination, TrustedProxies } from "../forwarded.ts";
import { isSameOrigin } from "../origin.ts";
import { AdminToken } from "./admin-token.ts";
import { formatCookie, readCredentials } from "./credentials.ts";
import { FailedAttempts } from "./failed-attempts.ts";
import { signInPage } from "./sign-in-page.ts";

export type AdminAccessParts = {
  /** `--admin-token`; empty if there is none, and then nobody has access. */
  token: string;
  proxies: TrustedProxies;
  metrics: Metrics;
  throttledLog: ThrottledLog;
  /** Milliseconds of a clock that does not jump. */
  now: () => number;
};

const OFF =
  "The inspector and the API are off: start the server with the variable HUBBUB_ADMIN_TOKEN, or with --admin-token @FILE";

/** What proxies add to the requests that they pass on. */
const FORWARDING = ["x-forwarded-for", "forwarded", "via", "x-real-ip", "x-forwarded-host", "x-forwarded-proto"];

const messages: Record<AccessRefusal, { status: number; message: string }> = {
  "admin-origin": { status: 403, message: "Pages of other origins have no access to this address" },
  "admin-attempts": { status: 429, message: "Too many wrong tokens came from this address: try again later" },
  "admin-token": { status: 401, message: "The token is wrong" },
};

/**
 * Who may use the inspector and the API: whoever has the admin token, from no page of another origin.
 *
 * The token comes as `Authorization: Bearer …`, or as the cookie that a browser was given for it. Wrong ones are counted by
 * address; an address with too many is not listened to, not even if the next one is right.
 */
export class AdminAccess {
  readonly #token: AdminToken | undefined;
  readonly #proxies: TrustedProxies;
  readonly #metrics: Metrics;
  readonly #throttledLog: ThrottledLog;
  readonly #attempts: FailedAttempts;

  constructor({ token, proxies, metrics, throttledLog, now }: AdminAccessParts) {
    this.#token = token === "" ? undefined : new AdminToken(token);
    this.#proxies = proxies;
    this.#metrics = metrics;
    this.#throttledLog = throttledLog;
    this.#attempts = new FailedAttempts(now);
  }

  /** There is a token: somebody can have access. */
  get isOn(): boolean {
    return this.#token !== undefined;
  }

  /**
   * The answer to a request that has no access: 401, 403, 404 or 429; undefined if it has.
   *
   * @param off what a 404 says, because there is no token
   */
  refuse(request: Request, server: Server<Session>, off = OFF): Response | undefined {
    const token = this.#token;
    if (token === undefined) return errorAnswer(request, 404, off);
    const origination = this.#proxies.readRequest(request, server);
    if (!isOwnPage(request, origination)) return this.#refuse(request, "admin-origin", origination);
    const given = readCredentials(request.headers, origination);
    if (given === undefined) return signInPage(request, 401, "This address needs the admin token");
    // A browser says for whom it asks when it changes something; with a cookie alone nobody knows.
    if ("cookie" in given && !isRead(request) && !saysOrigin(request.headers))
      return this.#refuse(request, "admin-origin", origination);
    const isRight = "bearer" in given ? () => token.isToken(given.bearer) : () => token.isCookie(given.cookie);
    return this.#try(request, origination, isRight);
  }

  /** Answers a browser that brings the token: with the cookie and the way to the inspector, or as `refuse` does. */
  signIn(request: Request, server: Server<Session>, given: string): Response {
    const token = this.#token;
    if (token === undefined) return errorAnswer(request, 404, OFF);
    const origination = this.#proxies.readRequest(request, server);
    if (!isOwnPage(request, origination)) return this.#refuse(request, "admin-origin", origination);
    const refusal = this.#try(request, origination, () => token.isToken(given));
    if (refusal !== undefined) return refusal;
    return new Response(null, {
      status: 303,
      headers: {
        Location: "/-/",
        "Set-Cookie": formatCookie(token.cookieValue, origination),
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
      },
    });
  }

  /** The address that `request` comes from, as far as trusted proxies tell. */
  readAddress(request: Request, server: Server<Session>): string {
    return this.#proxies.readRequest(request, server).remoteAddress;
  }

  /** The same; undefined if it came through a proxy that is not trusted, so that nobody knows. */
  readCertainAddress(request: Request, server: Server<Session>): string | undefined {
    const peer = server.requestIP(request)?.address ?? "";
    const isForwarded = FORWARDING.some((name) => request.headers.has(name));
    return isForwarded && !this.#proxies.trusts(peer) ? undefined : this.readAddress(request, server);
  }

  #try(request: Request, origination: Origination, isRight: () => boolean): Response | undefined {
    const { remoteAddress } = origination;
    const seconds = this.#attempts.countWaitSeconds(remoteAddress);
    if (seconds > 0) return this.#refuse(request, "admin-attempts", origination, { "Retry-After": String(seconds) });
    if (isRight()) return undefined;
    this.#attempts.add(remoteAddress);
    // A page whose cookie is of another start asks again and again: it is not to use up the attempts.
    return this.#refuse(request, "admin-token", origination, { "Set-Cookie": formatCookie("", origination) });
  }

  #refuse(
    request: Request,
    reason: AccessRefusal,
    { remoteAddress }: Origination,
    headers: Record<string, string> = {},
  ): Response {
    const { status, message } = messages[reason];
    this.#metrics.requestsRefused[reason] += 1;
    const text = `Refused a request to the inspector or the API: ${message[0]?.toLowerCase()}${message.slice(1)}`;
    this.#throttledLog.warning(reason, text, { reason, address: remoteAddress });
    return status === 401
      ? signInPage(request, status, message, headers)
      : errorAnswer(request, status, message, headers);
  }
}

/** Whether no browser says that a page of another origin asks. */
function isOwnPage({ headers }: Request, origination: Origination): boolean {
  const origin = headers.get("origin");
  if (origin !== null && !isSameOrigin(origin, origination)) return false;
  const site = headers.get("sec-fetch-site");
  return site === null || site === "same-origin" || site === "none";
}

function saysOrigin(headers: Headers): boolean {
  return headers.has("origin") || headers.get("sec-fetch-site") === "same-origin";
}

function isRead({ method }: Request): boolean {
  return method === "GET" || method === "HEAD";
}
