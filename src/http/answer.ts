import type { Server } from "bun";
import type { AcceptUpgrade, MethodName } from "../controllers/controller.ts";
import type { Generation } from "../controllers/generation.ts";
import type { Answer, Controller } from "../controllers/loader.ts";
import type { StandardSchema } from "../controllers/standard-schema.ts";
import { describeError, Fault, toShowable } from "../core/errors.ts";
import { isPromise, takeFulfilled } from "../core/promise.ts";
import { log } from "../core/log.ts";
import type { Watchdog } from "../core/watchdog.ts";
import type { Session } from "../sessions/session.ts";
import { refuseAdmission } from "./admission.ts";
import { hasLeft, isTooLarge, readBody, type UnreadBody } from "./body.ts";
import type { ControllerMatch } from "./controller-router.ts";
import { errorAnswer } from "./error-page.ts";
import type { Origination, TrustedProxies } from "./forwarded.ts";
import { checkHandshake, isValidHost } from "./handshake.ts";
import { LazyRequest } from "./request.ts";
import { refuseRequest } from "./request-limits.ts";
import { toResponse } from "./response.ts";
import { upgrade, type UpgradeAttempt, type UpgradeGate } from "./upgrade.ts";
import { type CheckedParams, checkParams, refuseParams } from "./upgrade-params.ts";
import { describeThrown } from "../controllers/thrown.ts";

export type AnswerParts = {
  generation: Generation;
  /** Told what runs, if there is one. */
  watchdog: Watchdog | undefined;
  proxies: TrustedProxies;
  gate: UpgradeGate;
};

/** Answers a request that asks for no session. */
export async function answerRequest(
  raw: Request,
  server: Server<Session>,
  { controller, target, params }: ControllerMatch,
  parts: AnswerParts,
): Promise<Response> {
  if (!isValidHost(raw.headers.get("host"))) return refuseHost(raw);
  const name = raw.method.toLowerCase();
  const call = findAnswer(controller, name);
  if (call === undefined) return refuseMethod(raw, controller);
  const timeoutSeconds = parts.gate.config.httpTimeoutSeconds;
  const body = raw.body === null ? {} : await readBody(raw, { timeoutSeconds, server });
  const origination = parts.proxies.readRequest(raw, server);
  if ("unread" in body) return refuseBody(raw, body, origination, parts);
  const request = new LazyRequest({ raw, target, origination, isUpgrade: false, pathParams: params, body });
  try {
    const called = callAnswer(call, name, request, controller, parts);
    return toPlainAnswer(raw, isPromise(called) ? await parts.generation.follow(called) : called);
  } catch (error) {
    return answerFault(request, controller, error, parts);
  }
}

/**
 * Answers a request that asks for a session; undefined once it has become one.
 *
 * Without a promise as long as the controller makes none: upgrades come by the thousand when a server has restarted.
 */
export function answerUpgrade(
  raw: Request,
  server: Server<Session>,
  { controller, target, params }: ControllerMatch,
  parts: AnswerParts,
): Response | undefined | Promise<Response | undefined> {
  if (!isValidHost(raw.headers.get("host"))) return refuseHost(raw);
  const invalid = checkHandshake(raw);
  if (invalid !== undefined) return errorAnswer(raw, invalid.status, invalid.message, invalid.headers);
  const call = findAnswer(controller, "get");
  if (call === undefined) return refuseMethod(raw, controller);
  const { gate, generation } = parts;
  const origination = parts.proxies.readRequest(raw, server);
  const refusal = gate.admissions.begin(origination.remoteAddress);
  if (refusal !== undefined) return refuseAdmission(raw, refusal, origination.remoteAddress, gate.throttledLog);
  const request = new LazyRequest({ raw, target, origination, isUpgrade: true, pathParams: params, body: noBody });
  const attempt: UpgradeAttempt = { server, raw, request, origination, controller, generation, gate };
  try {
    const { params: schema } = controller.schemas;
    const opened = schema === undefined ? open(attempt, call, parts) : openChecked(attempt, call, parts, schema);
    return opened instanceof Promise ? containFault(opened, attempt, parts) : opened;
  } catch (error) {
    return answerFault(request, controller, error, parts);
  }
}

/** The body of an upgrade. */
const noBody = {};

type Opened = Response | undefined | Promise<Response | undefined>;

/** Opens a session once its parameters match `schema`. */
function openChecked(attempt: UpgradeAttempt, call: Answer, parts: AnswerParts, schema: StandardSchema): Opened {
  const { request, generation, gate } = attempt;
  const proceed = (checked: CheckedParams) =>
    "issues" in checked ? refuseParams(request, checked.issues, gate) : open(attempt, call, parts, checked);
  const checked = checkParams(schema, request.params, generation);
  return checked instanceof Promise ? checked.then(proceed) : proceed(checked);
}

/** Opens a session if the controller accepts it. */
function open(attempt: UpgradeAttempt, call: Answer, parts: AnswerParts, checked?: { params: unknown }): Opened {
  const { request, controller, generation } = attempt;
  const called = callAnswer(call, "get", request, controller, parts);
  return isPromise(called) ? follow(generation.follow(called), attempt, checked) : conclude(called, attempt, checked);
}

async function follow(
  called: Promise<unknown>,
  attempt: UpgradeAttempt,
  checked: { params: unknown } | undefined,
): Promise<Response | undefined> {
  return conclude(await called, attempt, checked);
}

/** @param result what the controller's `get` returned */
function conclude(
  result: unknown,
  attempt: UpgradeAttempt,
  checked: { params: unknown } | undefined,
): Response | undefined {
  if (result instanceof Response) return result;
  const accept = takeAccept(result);
  return accept === undefined ? toRefusal(attempt.raw, result) : upgrade(attempt, accept, checked);
}

async function containFault(
  opened: Promise<Response | undefined>,
  { request, controller }: UpgradeAttempt,
  parts: AnswerParts,
): Promise<Response | undefined> {
  try {
    return await opened;
  } catch (error) {
    return answerFault(request, controller, error, parts);
  }
}

function callAnswer(
  call: Answer,
  name: string,
  request: LazyRequest,
  { path }: Controller,
  { generation, watchdog }: AnswerParts,
): unknown {
  const before = watchdog?.enter(watchdog.numberOf(path, name)) ?? 0;
  try {
    return takeFulfilled(generation.run(call, request));
  } finally {
    watchdog?.leave(before);
  }
}

/** @param name the method, in lower case */
function findAnswer({ answers }: Controller, name: string): Answer | undefined {
  const own = Object.hasOwn(answers, name) ? answers[name as MethodName] : undefined;
  return own ?? (name === "head" ? answers.get : undefined) ?? answers.all;
}

function refuseBody(
  raw: Request,
  { unread }: UnreadBody,
  { remoteAddress }: Origination,
  { gate }: AnswerParts,
): Response {
  return unread === "malformed" || unread === "client-left"
    ? errorAnswer(raw, 400, "The body is not what its Content-Type says")
    : refuseRequest(raw, unread, remoteAddress, gate);
}

function refuseHost(raw: Request): Response {
  return errorAnswer(raw, 400, 'The header "Host" must name one host');
}

function refuseMethod(raw: Request, { allow }: Controller): Response {
  const list = allow.join(", ");
  const message = list === "" ? "This address answers no method" : `This address answers ${list}`;
  return errorAnswer(raw, 405, message, { Allow: list });
}

/** What accepts the upgrade: any value but null; what stands beside it is ignored. */
function takeAccept(result: unknown): AcceptUpgrade | undefined {
  const accept = typeof result === "object" && result !== null && "webSocket" in result ? result.webSocket : undefined;
  return accept === null || accept === undefined ? undefined : (accept as AcceptUpgrade);
}

/** An answer that only accepts an upgrade says so to a request that is none. */
function toPlainAnswer(raw: Request, result: unknown): Response {
  if (!(result instanceof Response) && isOnlyAccept(result)) {
    return errorAnswer(raw, 426, "This address takes WebSocket sessions only", {
      Upgrade: "websocket",
      Connection: "Upgrade",
    });
  }
  return toResponse(raw, result);
}

/** The controller's own answer is the refusal; one that says nothing is a 403. */
function toRefusal(raw: Request, result: unknown): Response {
  const saysNothing = result === undefined || result === null || Object.keys(result).length === 0;
  return saysNothing ? errorAnswer(raw, 403, "The session was not accepted") : toResponse(raw, result);
}

function isOnlyAccept(result: unknown): boolean {
  if (typeof result !== "object" || result === null) return false;
  const names = Object.keys(result);
  return names.length === 1 && names[0] === "webSocket";
}

function answerFault(
  request: LazyRequest,
  { file, path: route }: Controller,
  thrown: unknown,
  { generation: { folder }, gate }: AnswerParts,
): Response {
  const error = toShowable(thrown);
  const { raw, method, path } = request;
  if (isTooLarge(error)) return refuseRequest(raw, "body-too-large", request.remoteAddress, gate);
  if (hasLeft(raw, error)) {
    log.debug(`Gave up on ${method} ${path}: ${describeError(error)}`);
    return errorAnswer(raw, 400);
  }
  gate.metrics.countRequestError(route);
  const { where, properties } = describeThrown(error, folder);
  log.error(`Controller "${file}" failed to answer ${method} ${path}${where}: ${describeError(error)}`, {
    path,
    controller: file,
    ...properties,
    // A fault says itself what is wrong.
    ...(error instanceof Fault && { detail: undefined }),
  });
  return errorAnswer(raw, 500);
}
