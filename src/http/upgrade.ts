import type { Server } from "bun";
import { identityOf } from "../controllers/auth/identities.ts";
import type { AcceptUpgrade, ControllerRequest } from "../controllers/controller.ts";
import type { Controller } from "../controllers/loader.ts";
import type { Generation } from "../controllers/generation.ts";
import type { Config } from "../core/config.ts";
import { Fault, nameKind } from "../core/errors.ts";
import type { Metrics } from "../core/metrics.ts";
import type { ThrottledLog } from "../core/throttled-log.ts";
import type { Admissions } from "../sessions/admissions.ts";
import type { Params, SessionInfo } from "../sessions/event.ts";
import { Session, type SessionRoute } from "../sessions/session.ts";
import { refuseAdmission } from "./admission.ts";
import { errorAnswer } from "./error-page.ts";
import type { Origination } from "./forwarded.ts";
import { chooseSubProtocol } from "./handshake.ts";
import { type AllowedOrigins, formatOrigin } from "./origin.ts";
import type { LazyRequest } from "./request.ts";

const DAY_SECONDS = 86_400;

/** A valid upgrade request, and the controller that is asked. */
export type UpgradeAttempt = {
  server: Server<Session>;
  raw: Request;
  /** What the controller is given: its path and parameters become the session's. */
  request: LazyRequest;
  origination: Origination;
  controller: Controller;
  /** The generation that the controller is of. */
  generation: Generation;
  gate: UpgradeGate;
};

/** What decides on requests and upgrades, and what the sessions that they become need; one for the whole server. */
export type UpgradeGate = {
  admissions: Admissions;
  origins: AllowedOrigins;
  metrics: Metrics;
  throttledLog: ThrottledLog;
  config: Pick<Config, "timeoutSeconds" | "httpTimeoutSeconds" | "maxHeaderBytes">;
  /** What the sessions of one path pattern have in common. */
  routeOf: (path: string) => SessionRoute;
  /** Makes the id of the next session. */
  createSessionId: () => string;
};

/**
 * Turns an accepted upgrade into a session; returns a refusal, or undefined once the socket is open.
 *
 * @param accept what the controller's `get` returned as `webSocket`
 * @param checked what the controller's schema made of the parameters, if it has one
 * @throws {Fault} `CONTROLLER_ANSWER` if `accept` has not the contract's shape; whatever `checkOrigin` throws.
 */
export function upgrade(
  { server, raw, request, origination, controller: { path: route }, generation, gate }: UpgradeAttempt,
  accept: AcceptUpgrade,
  checked: { params: unknown } | undefined,
): Response | undefined {
  const { admissions, origins, metrics, throttledLog, config, routeOf, createSessionId } = gate;
  checkAccept(accept);
  const origin = raw.headers.get("origin");
  const isAllowed =
    accept.checkOrigin === undefined
      ? origins.allows(origin, origination)
      : generation.run(accept.checkOrigin, origin ?? undefined) === true;
  if (!isAllowed) {
    metrics.upgradesRefused.origin += 1;
    const named = origin === null ? "none" : formatOrigin(origin);
    const own = `${origination.scheme}://${origination.authority}`;
    const wanted = accept.checkOrigin === undefined ? `"${own}" or one of --origins` : "one that checkOrigin accepts";
    const text = `Refused a session at ${request.path}: its origin "${named}" is not allowed, expected ${wanted}`;
    throttledLog.warning("origin", text, { path: request.path, origin: named, address: origination.remoteAddress });
    return errorAnswer(raw, 403, "Sessions may not be opened from this origin");
  }
  // While `get` ran the server may have filled up or begun to stop.
  const refusal = admissions.check(origination.remoteAddress);
  if (refusal !== undefined) return refuseAdmission(raw, refusal, origination.remoteAddress, throttledLog);
  const session = new Session({
    info: createInfo(createSessionId(), request, checked === undefined ? request.sessionParams : checked.params, route),
    route: routeOf(route),
    data: accept.data ?? {},
    timeoutSeconds: accept.timeout ?? config.timeoutSeconds,
    address: origination.remoteAddress,
    publisher: server,
  });
  const identity = identityOf(request);
  if (identity !== undefined) session.identify(identity);
  const headers = toHeaders(raw.headers.get("sec-websocket-protocol"), accept);
  if (server.upgrade(raw, headers === undefined ? { data: session } : { data: session, headers })) return undefined;
  // The client has gone, or it asked in a way that only the runtime understands: never read the request again.
  return new Response("The upgrade failed", { status: 400 });
}

/** What a controller knows of the session. A path that is its own pattern is not kept a second time: sessions are many. */
function createInfo(id: string, { path }: ControllerRequest, params: unknown, pattern: string): SessionInfo {
  return { id, path: path === pattern ? pattern : path, params: params as Params };
}

/** The headers of the handshake's answer; undefined if the runtime's own will do. */
function toHeaders(offered: string | null, { headers, subProtocols }: AcceptUpgrade): Headers | undefined {
  if (offered === null && headers === undefined) return undefined;
  const all = new Headers(headers);
  // Without a header of ours the runtime echoes the first protocol that is offered; an empty one sends none.
  all.set("Sec-WebSocket-Protocol", chooseSubProtocol(offered, subProtocols) ?? "");
  return all;
}

function checkAccept({ subProtocols, timeout, checkOrigin }: AcceptUpgrade): void {
  if (timeout !== undefined && !(typeof timeout === "number" && timeout >= 0 && timeout <= DAY_SECONDS)) {
    const kind = typeof timeout === "number" ? String(timeout) : nameKind(timeout);
    throw toFault(`timeout is ${kind}`, `0 to ${DAY_SECONDS} seconds`);
  }
  if (typeof subProtocols !== "string" && !isListOfTexts(subProtocols ?? []))
    throw toFault("subProtocols is no list of texts", "a text or an array of texts");
  if (checkOrigin !== undefined && typeof checkOrigin !== "function")
    throw toFault(`checkOrigin is ${nameKind(checkOrigin)}`, "a function");
}

function isListOfTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every((item) => typeof item === "string");
}

function toFault(what: string, wanted: string): Fault {
  return new Fault("CONTROLLER_ANSWER", `Cannot open a session: webSocket.${what}, expected ${wanted}`);
}
