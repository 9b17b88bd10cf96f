import type { Server } from "bun";
import { Hono } from "hono/quick";
import { describeError } from "../core/errors.ts";
import { log } from "../core/log.ts";
import { isOutOfFiles } from "../core/open-files.ts";
import type { Session } from "../sessions/session.ts";
import type { Admin } from "./admin/admin.ts";
import { addAdmin } from "./admin/admin-routes.ts";
import { answerRequest, answerUpgrade, type AnswerParts } from "./answer.ts";
import { ControllerRouter } from "./controller-router.ts";
import { errorAnswer } from "./error-page.ts";
import { asksForWebSocket } from "./handshake.ts";
import { addHealth } from "./health.ts";
import { LIVE_PAGES_PATH, LIVE_PAGES_SCRIPT_PATH, type LivePages } from "./live-pages.ts";
import { decodePath, splitUrl } from "./request.ts";
import { measureHead, refuseRequest, RUNTIME_MAX_HEADER_BYTES } from "./request-limits.ts";
import type { ServeStatic } from "./static.ts";

/** The browser client, below `/-/`. */
const CLIENT_FILES = ["client.js", "client.d.ts"] as const;

/** What the Hono app is given for each request: Bun's server, for the remote address. */
export type RouteBindings = { Bindings: { server: Server<Session> } };

/** Answers a request; undefined once it has become a session. */
export type Routes = (
  request: Request,
  server: Server<Session>,
) => Response | undefined | Promise<Response | undefined>;

export type RouteParts = AnswerParts & {
  serveStatic: ServeStatic;
  /** Present while pages reload themselves. */
  livePages: LivePages | undefined;
  /** Why no session can be opened at the moment; undefined if one can. */
  findUnreadiness: () => string | undefined;
  /** The inspector and the API. */
  admin: Admin;
};

/** The routes of one generation: upgrades go straight to their controller, all else through the Hono app. */
export function createRoutes(parts: RouteParts): Routes {
  const router = new ControllerRouter(parts.generation.controllers.values());
  const app = createApp(router, parts);
  const { maxHeaderBytes } = parts.gate.config;
  const isHeadLimited = maxHeaderBytes < RUNTIME_MAX_HEADER_BYTES;
  return (request, server) => {
    if (isHeadLimited && measureHead(request) > maxHeaderBytes) {
      return refuseRequest(request, "headers-too-large", server.requestIP(request)?.address ?? "", parts.gate);
    }
    const match = asksForWebSocket(request) ? router.match(request.url) : undefined;
    return match === undefined ? app.fetch(request, { server }) : answerUpgrade(request, server, match, parts);
  };
}

/** The server's own addresses, then the controllers, then the files in `public/`. */
function createApp(router: ControllerRouter, parts: RouteParts): Hono<RouteBindings> {
  const { serveStatic, livePages, findUnreadiness, admin, proxies } = parts;
  // Without a sensible Host header (HTTP/1.0 needs none) the URL is relative.
  const app = new Hono<RouteBindings>({ getPath: ({ url }) => splitUrl(url).rawPath });
  addHealth(app, findUnreadiness, proxies);
  addAdmin(app, admin);
  for (const name of CLIENT_FILES) {
    app.get(`/-/${name}`, async ({ req: { raw } }) => {
      const { serveClientFile } = await import("./client-files.ts");
      return serveClientFile(name, raw);
    });
  }
  if (livePages !== undefined) {
    app.get(LIVE_PAGES_PATH, ({ req, env: { server } }) => {
      server.timeout(req.raw, 0);
      return livePages.open(req.query("version"), req.raw.signal);
    });
    app.get(LIVE_PAGES_SCRIPT_PATH, () => livePages.serveScript());
    app.use(async (context, next) => {
      await next();
      context.res = await livePages.inject(context.res);
    });
  }
  app.all("*", ({ req: { raw }, env: { server } }, next) => {
    const match = router.match(raw.url);
    return match === undefined ? next() : answerRequest(raw, server, match, parts);
  });
  app.notFound(
    ({ req: { raw } }) =>
      serveStatic(raw, decodePath(splitUrl(raw.url).rawPath)) ??
      errorAnswer(raw, 404, "There is nothing at this address"),
  );
  app.onError((error, { req }) => {
    if (isOutOfFiles(error)) return errorAnswer(req.raw, 503, undefined, { "Retry-After": "1" });
    log.error(`Failed to answer ${req.method} ${req.path}: ${describeError(error)}`, { detail: error.stack });
    return errorAnswer(req.raw, 500);
  });
  return app;
}
