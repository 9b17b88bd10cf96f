import type { Hono, MiddlewareHandler } from "hono";
import { readBody } from "../body.ts";
import { errorAnswer } from "../error-page.ts";
import type { RouteBindings } from "../routes.ts";
import type { Admin } from "./admin.ts";
import type { AdminAccess } from "./admin-access.ts";
import { SIGN_IN_PATH } from "./sign-in-page.ts";

/** How long the form of the sign-in page may take, in seconds. */
const FORM_TIMEOUT_SECONDS = 10;

/** What nobody sees without access: the inspector's page with all that it asks for, and the API. */
const guarded = ["/-/", "/-/inspector/*", "/-/api/*"];

/** Lets those through that have access to the inspector and the API, and answers all others. */
function requireAccess(access: AdminAccess): MiddlewareHandler<RouteBindings> {
  return async ({ req, env: { server } }, next) => access.refuse(req.raw, server) ?? (await next());
}

/** Adds what needs the admin token, and the two ways to bring it in a browser: the address with it, and a form. */
export function addAdmin(app: Hono<RouteBindings>, admin: Admin): void {
  const { access } = admin;
  app.get("/-/", async ({ req, env: { server } }, next) => {
    const token = req.query("token");
    return token === undefined ? await next() : access.signIn(req.raw, server, token);
  });
  app.post(SIGN_IN_PATH, async ({ req: { raw }, env: { server } }) => {
    const body = await readBody(raw, { timeoutSeconds: FORM_TIMEOUT_SECONDS, server });
    const token = "fields" in body ? [...(body.fields ?? [])].find(([name]) => name === "token")?.[1] : undefined;
    return typeof token === "string"
      ? access.signIn(raw, server, token)
      : errorAnswer(raw, 400, 'The form has no field "token"');
  });
  const guard = requireAccess(access);
  for (const path of guarded) app.use(path, guard);
  app.get("/-/metrics", ({ req: { raw }, env: { server } }) => admin.answerMetrics(raw, server));
  app.all("/-/api/*", async ({ req: { raw }, env }) => (await admin.loadApi()).fetch(raw, env));
  for (const path of ["/-/", "/-/inspector/*"])
    app.all(path, async ({ req: { raw }, env }, next) => (await admin.loadInspector())?.fetch(raw, env) ?? next());
}
