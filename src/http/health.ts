import type { Hono } from "hono";
import type { RouteBindings } from "./routes.ts";
import { securityHeaders } from "./security-headers.ts";

const headers = { ...securityHeaders, "Cache-Control": "no-store" };

/**
 * What a load balancer asks: `/-/health` answers 200 as long as the process answers at all, `/-/ready` answers 503 with the
 * reason while no session can be opened.
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
