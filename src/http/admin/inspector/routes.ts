import { Hono } from "hono/quick";
import { errorAnswer } from "../../error-page.ts";
import { splitUrl } from "../../request.ts";
import type { RouteBindings } from "../../routes.ts";
import { securityHeaders } from "../../security-headers.ts";
import { serveTextFile } from "../../text-file.ts";
import type { Facts } from "./facts.ts";
import type { Inspector } from "./inspector.ts";
import { files, page } from "./page-files.ts";
import { parseCursor, readFactsQuery } from "./read-query.ts";
import { MAX_STREAMS, type Streams } from "./streams.ts";

const BASE = "/-/inspector";

const headers = { ...securityHeaders, "Cache-Control": "no-store" };

/** The inspector's page and what it asks for, to be asked only by those who have access. */
export function createInspectorApp(inspector: Inspector, streams: Streams): Hono<RouteBindings> {
  const app = new Hono<RouteBindings>({ getPath: ({ url }) => splitUrl(url).rawPath });
  app.get("/-/", ({ req }) => serveTextFile(page, req.raw));
  for (const [name, file] of Object.entries(files))
    app.get(`${BASE}/${name}`, ({ req }) => serveTextFile(file, req.raw));
  app.get(`${BASE}/live`, ({ req, env: { server } }) => {
    const query = readFactsQuery(req.query());
    if (query === undefined) return errorAnswer(req.raw, 400, "The inspector asks for something that there is not");
    if (!streams.hasRoom)
      return errorAnswer(req.raw, 503, `${MAX_STREAMS} inspectors are open, which is as many as may be`);
    const stream = { ...headers, "Content-Type": "text/event-stream", "X-Accel-Buffering": "no" };
    if (req.method === "HEAD") return new Response(null, { headers: stream });
    server.timeout(req.raw, 0);
    const format = createFormat();
    let { after } = query;
    const read = async () => {
      const facts = await inspector.read({ ...query, after });
      after = parseCursor(facts.cursor);
      return format(facts);
    };
    return new Response(streams.open(read), { headers: stream });
  });
  app.post(`${BASE}/reload`, async () => {
    const { generation, lastFault } = await inspector.reload();
    return Response.json({ generation, ...(lastFault !== "" && { fault: lastFault }) }, { headers });
  });
  app.notFound(({ req: { raw } }) => errorAnswer(raw, 404, "There is nothing at this address"));
  return app;
}

/** Makes events of facts; what is long and seldom changes is left out of an event if it was in the one before. */
function createFormat(): (facts: Facts) => string {
  const told = { controllers: "", faults: "" };
  return (facts) => {
    const event: Partial<Facts> = { ...facts };
    for (const name of ["controllers", "faults"] as const) {
      const text = JSON.stringify(facts[name]);
      if (text === told[name]) delete event[name];
      told[name] = text;
    }
    return JSON.stringify(event);
  };
}
