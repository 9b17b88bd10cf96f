import type { Hono } from "hono";
import type { RouteBindings } from "./routes.ts";
import { securityHeaders } from "./security-headers.ts";

const headers = { ...securityHeaders, "Cache-Control": "no-store" };

/**
 * What a load balancer asks: `/-/health` answers 200 as long as the process answers at all, `/-/ready` answers 503 with the
 * reason while the server drains or can open no file; one that has as many sessions as it takes is ready for the rest.
 */
export function addHealth(app: Hono<RouteBindings>, findUnreadiness: () => string | undefined): void {
  app.get("/-/health", () => Response.json({ status: "alive" }, { headers }));
  app.get("/-/ready", () => {
    const reason = findUnreadiness();
    return reason === undefined
      ? Response.json({ status: "ready" }, { headers })
      : Response.json({ status: "not ready", reason }, { status: 503, headers });
  });
}
