import type { Server } from "bun";
import { type Context, Hono } from "hono";
import type { AcceptUpgrade, MethodName } from "../controllers/controller.ts";
import { isPromise } from "../controllers/events.ts";
import type { Generation } from "../controllers/generation.ts";
import type { Answer, Controller } from "../controllers/loader.ts";
import { formatLocation, locate } from "../controllers/location.ts";
import { describeError, describeStack, Fault } from "../core/errors.ts";
import { log } from "../core/log.ts";
import type { Watchdog } from "../core/watchdog.ts";
import type { Session } from "../sessions/session.ts";
import { refuseAdmission } from "./admission.ts";
import { errorAnswer } from "./error-page.ts";
import type { TrustedProxies } from "./forwarded.ts";
import { asksForWebSocket, checkHandshake, isValidHost } from "./handshake.ts";
import { addHealth } from "./health.ts";
import { decodePath, isClientsDoing, LazyRequest, normalizePath, readBody, splitUrl } from "./request.ts";
import { toResponse } from "./response.ts";
import { LIVE_PAGES_PATH, type LivePages } from "./live-pages.ts";
import type { ServeStatic } from "./static.ts";
import { upgrade, type UpgradeGate } from "./upgrade.ts";

/** What the routes are given for each request: Bun's server, for the upgrade and the remote address. */
export type RouteBindings = { Bindings: { server: Server<Session> } };

export type RouteParts = {
  generation: Generation;
  serveStatic: ServeStatic;
  /** Present while pages reload themselves. */
  livePages: LivePages | undefined;
  /** Told what runs, if there is one. */
  watchdog: Watchdog | undefined;
  proxies: TrustedProxies;
  gate: UpgradeGate;
  /** Why no session can be opened at the moment; undefined if one can. */
  findUnreadiness: () => string | undefined;
};

/**
 * The Hono app of one generation: its controllers, then the files in `public/`.
 *
 * A request that became a session is answered with a `Response` that nobody sees, as the runtime wants it.
 */
export function createRoutes(parts: RouteParts): Hono<RouteBindings> {
  const { generation, serveStatic, livePages } = parts;
  const controllers = [...generation.controllers.values()].map(
    (controller) => [normalizePath(controller.path), controller] as const,
  );
  const patterns = new Set(controllers.map(([pattern]) => pattern));
  const app = new Hono<RouteBindings>({ getPath: ({ url }) => toRoutedPath(splitUrl(url).rawPath, patterns) });
  addHealth(app, parts.findUnreadiness);
  if (livePages !== undefined) {
    app.get(LIVE_PAGES_PATH, ({ req, env: { server } }) => {
      server.timeout(req.raw, 0);
      return livePages.open(req.query("version"), req.raw.signal);
    });
    app.use(async (context, next) => {
      await next();
      if (!asksForWebSocket(context.req.raw)) context.res = await livePages.inject(context.res);
    });
  }
  for (const [pattern, controller] of controllers) app.all(pattern, (context) => answer(context, controller, parts));
  app.notFound(
    ({ req }) =>
      serveStatic(req.raw, decodePath(splitUrl(req.raw.url).rawPath)) ??
      errorAnswer(req.raw, 404, "There is nothing at this address"),
  );
  app.onError((error, { req }) => {
    log.error(`Failed to answer ${req.method} ${req.path}: ${describeError(error)}`, { detail: error.stack });
    return errorAnswer(req.raw, 500);
  });
  return app;
}

/** Enonic's `<anything>/_/service/<app>/<name>` means the controller `<name>`, or `services/<name>`. */
function toRoutedPath(rawPath: string, patterns: ReadonlySet<string>): string {
  const service = /\/_\/service\/[^/]+(\/[^/]+)\/?$/.exec(rawPath)?.[1];
  const path = normalizePath(service ?? rawPath);
  if (service !== undefined && !patterns.has(path) && patterns.has(`/services${path}`)) return `/services${path}`;
  return path.length > 1 && path.endsWith("/") ? path.slice(0, -1) : path;
}

async function answer(
  { req, env: { server } }: Context<RouteBindings>,
  controller: Controller,
  parts: RouteParts,
): Promise<Response> {
  const { raw } = req;
  const isUpgrade = asksForWebSocket(raw);
  if (!isValidHost(raw.headers.get("host"))) return errorAnswer(raw, 400, 'The header "Host" must name one host');
  if (isUpgrade) {
    const refusal = checkHandshake(raw);
    if (refusal !== undefined) return errorAnswer(raw, refusal.status, refusal.message, refusal.headers);
  }
  const call = findAnswer(controller, raw.method);
  if (call === undefined) {
    const allow = controller.allow.join(", ");
    return errorAnswer(raw, 405, allow === "" ? "This address answers no method" : `This address answers ${allow}`, {
      Allow: allow,
    });
  }
  const peer = server.requestIP(raw)?.address ?? "";
  const origination = parts.proxies.read(raw.headers, peer, server.protocol === "https");
  const refusal = isUpgrade ? parts.gate.admissions.begin(origination.remoteAddress) : undefined;
  if (refusal !== undefined) return refuseAdmission(raw, refusal, origination.remoteAddress, parts.gate.throttledLog);
  const pathParams = Object.fromEntries(controller.parameters.map((name) => [name, req.param(name) ?? ""]));
  const body = raw.body === null ? {} : await readBody(raw).catch(() => undefined);
  if (body === undefined) return errorAnswer(raw, 400, "The body is not what its Content-Type says");
  const request = new LazyRequest({ raw, origination, isUpgrade, pathParams, body });
  try {
    const called = runAnswer(call, request, controller, parts);
    const result: unknown = isPromise(called) ? await parts.generation.follow(called) : called;
    if (!isUpgrade || result instanceof Response) return toPlainAnswer(raw, result);
    const accept = takeAccept(result);
    if (accept === undefined) return toRefusal(raw, result);
    const route = controller.path;
    return upgrade({ server, raw, request, origination, accept, route, gate: parts.gate }) ?? new Response(null);
  } catch (error) {
    if (isClientsDoing(raw, error)) {
      log.debug(`Gave up on ${raw.method} ${request.path}: ${describeError(error)}`);
      return errorAnswer(raw, 400);
    }
    logFault(controller, request, error, parts.generation);
    return errorAnswer(raw, 500);
  }
}

function runAnswer(
  call: Answer,
  request: LazyRequest,
  { path }: Controller,
  { generation, watchdog }: RouteParts,
): unknown {
  const before =
    watchdog?.enter(watchdog.numberOf(`the controller of ${path} in ${request.method.toLowerCase()}`)) ?? 0;
  try {
    return generation.run(call, request);
  } finally {
    watchdog?.leave(before);
  }
}

function findAnswer({ answers }: Controller, method: string): Controller["answers"]["get"] {
  const name = method.toLowerCase();
  const own = Object.hasOwn(answers, name) ? answers[name as MethodName] : undefined;
  return own ?? (name === "head" ? answers.get : undefined) ?? answers.all;
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

function logFault({ file }: Controller, { method, path }: LazyRequest, error: unknown, { folder }: Generation): void {
  const isOwn = error instanceof Fault;
  const place = locate(error, folder);
  const where = place === undefined ? "" : ` at ${formatLocation(place)}`;
  log.error(`Controller "${file}" failed to answer ${method} ${path}${where}: ${describeError(error)}`, {
    path,
    ...place,
    detail: isOwn ? undefined : describeStack(error),
  });
}
