import { Hono } from "hono/quick";
import { describeError } from "../../../core/errors.ts";
import { log } from "../../../core/log.ts";
import { readBody } from "../../body.ts";
import { errorAnswer } from "../../error-page.ts";
import { splitUrl } from "../../request.ts";
import { refuseRequest } from "../../request-limits.ts";
import type { UpgradeGate } from "../../upgrade.ts";
import type { RouteBindings } from "../../routes.ts";
import { securityHeaders } from "../../security-headers.ts";
import type { AdminAccess } from "../admin-access.ts";
import type { Backend } from "../backend.ts";
import { describeApi } from "./openapi.ts";
import { type Operation, operations, Refusal } from "./operations.ts";
import { readJson, readQuery } from "./read-input.ts";

const BASE = "/-/api";

export type ApiParts = {
  backend: Backend;
  access: AdminAccess;
  gate: Pick<UpgradeGate, "metrics" | "throttledLog" | "config">;
};

type Context = { raw: Request; server: RouteBindings["Bindings"]["server"]; id: string };

/** The HTTP interface for backends, to be asked only by those who have access. */
export function createApiApp(parts: ApiParts): Hono<RouteBindings> {
  const app = new Hono<RouteBindings>({ getPath: ({ url }) => splitUrl(url).rawPath });
  for (const each of operations) {
    app.on(each.method, BASE + each.path, ({ req, env: { server } }) =>
      answer(each, parts, { raw: req.raw, server, id: req.param("id") ?? "" }),
    );
  }
  let description: object | undefined;
  app.get(`${BASE}/openapi.json`, () => toJson((description ??= describeApi())));
  const allowed = new Map<string, string[]>([[`${BASE}/openapi.json`, ["GET"]]]);
  for (const { method, path } of operations) allowed.set(BASE + path, [...(allowed.get(BASE + path) ?? []), method]);
  for (const [path, methods] of allowed) {
    const allow = methods.join(", ");
    app.all(path, ({ req: { raw } }) => errorAnswer(raw, 405, `This address answers ${allow}`, { Allow: allow }));
  }
  app.notFound(({ req: { raw } }) =>
    errorAnswer(raw, 404, `There is nothing at this address: ${BASE}/openapi.json describes what there is`),
  );
  app.onError((error, { req }) => {
    log.error(`Failed to answer ${req.method} ${req.path}: ${describeError(error)}`, { detail: error.stack });
    return errorAnswer(req.raw, 500);
  });
  return app;
}

async function answer(operation: Operation, parts: ApiParts, { raw, server, id }: Context) {
  const { takes, method } = operation;
  let input: unknown;
  if (takes !== undefined) {
    const text = method === "POST" ? await readText(raw, server, parts) : "";
    if (text instanceof Response) return text;
    const read =
      method === "POST" ? readJson(text, takes) : readQuery(new URLSearchParams(splitUrl(raw.url).query), takes);
    if ("wrong" in read) return errorAnswer(raw, 400, read.wrong);
    input = read.input;
  }
  const result = await operation.run(parts.backend, input, id);
  return result instanceof Refusal ? errorAnswer(raw, result.status, result.message) : toJson(result);
}

/** The text of a JSON body, or the refusal of another. */
async function readText(
  raw: Request,
  server: Context["server"],
  { access, gate }: ApiParts,
): Promise<string | Response> {
  const type = raw.headers.get("content-type");
  if (!/^application\/json\s*(;|$)/i.test(type ?? ""))
    return errorAnswer(raw, 415, `The body is ${type === null ? "of no type" : "no JSON"}, expected application/json`);
  const body = await readBody(raw, { timeoutSeconds: gate.config.httpTimeoutSeconds, server });
  if (!("unread" in body)) return body.text ?? "";
  const { unread } = body;
  return unread === "malformed" || unread === "client-left"
    ? errorAnswer(raw, 400, "The body was cut off")
    : refuseRequest(raw, unread, access.readAddress(raw, server), gate);
}

function toJson(value: unknown): Response {
  return Response.json(value, { headers: { ...securityHeaders, "Cache-Control": "no-store" } });
}
