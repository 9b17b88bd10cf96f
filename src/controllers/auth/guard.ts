import { Fault, nameKind } from "../../core/errors.ts";
import { log } from "../../core/log.ts";
import type { Metrics } from "../../core/metrics.ts";
import type { ControllerRequest, ControllerResponse, HttpAnswer } from "../controller.ts";
import { bearer } from "./bearer.ts";
import type { Check } from "./checks.ts";
import { identify } from "./identities.ts";

export type GuardOptions = {
  check: Check;
  /** The cookie that may hold the token, if one may. */
  cookie: string | undefined;
  /** A request without any token passes too. */
  isOptional: boolean;
  metrics: Metrics;
};

/** A method as the guard calls it; `request.user` is set by then. */
export type Method = (request: ControllerRequest) => HttpAnswer;

type Answer = Promise<ControllerResponse | Response>;

/** Seconds after which a client may ask again when the keys cannot be fetched. */
const RETRY_SECONDS = 5;

/**
 * Puts a guard before `method`: 401 without a valid token, 503 if the keys cannot be fetched.
 *
 * @throws {Fault} `AUTH_OPTIONS` if `method` is no function.
 */
export function guard(
  method: Method,
  { check, cookie, isOptional, metrics }: GuardOptions,
): (request: ControllerRequest) => Answer {
  if (typeof method !== "function") {
    throw new Fault("AUTH_OPTIONS", `Cannot guard a method: it is ${nameKind(method)}, expected a function`);
  }
  return async (request) => {
    const token = bearer(request, cookie === undefined ? {} : { cookie });
    if (token === undefined) return isOptional ? method(request) : refuse(request);
    try {
      const result = await check(token);
      if ("problem" in result) return refuse(request, result.problem);
      identify(request, result.identity);
    } catch (error) {
      if (error instanceof Fault && error.code === "AUTH_KEYS") return unavailable;
      throw error;
    }
    return method(request);
  };

  /** The challenge of RFC 6750 section 3; without a token it says no more than that one is wanted. */
  function refuse({ path, remoteAddress }: ControllerRequest, problem?: string): ControllerResponse {
    metrics.tokensRefused += 1;
    log.debug(`Refused a request for ${path}: ${problem ?? "It has no token"}`, { path, address: remoteAddress });
    const error = problem === undefined ? "" : ` error="invalid_token", error_description="${problem}"`;
    return { status: 401, headers: { "WWW-Authenticate": `Bearer${error}` } };
  }
}

/** What cannot be fetched stands in the log. */
const unavailable: ControllerResponse = { status: 503, headers: { "Retry-After": RETRY_SECONDS } };
