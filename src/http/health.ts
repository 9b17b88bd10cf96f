import type { Server } from "bun";
import type { Hono } from "hono";
import type { Session } from "../sessions/session.ts";
import type { TrustedProxies } from "./forwarded.ts";
import { asksForWebSocket, checkHandshake } from "./handshake.ts";
import type { RouteBindings } from "./routes.ts";
import { securityHeaders } from "./security-headers.ts";

const headers = { ...securityHeaders, "Cache-Control": "no-store" };

/**
 * What the server saw of an upgrade request to `/-/health`: it opens no session, and shows what proxies made of the request.
 *
 * There is nothing in it but what whoever asks has sent, and what his proxies added of their own address.
 */
export type Seen = {
  /** What is wrong with it as an upgrade; null if nothing is. */
  refusal: string | null;
  /** What it takes for its own address, which pages of the same are let in from: `https://chat.example.com`. */
  origin: string;
  /** Whether it came through a proxy that says so, and whether that is believed. */
  proxy: "none" | "trusted" | "untrusted";
};

/**
 * What a load balancer asks: `/-/health` answers 200 as long as the process answers at all, `/-/ready` answers 503 with the
 * reason while the server drains or can open no file; one that has as many sessions as it takes is ready for the rest.
 */
export function addHealth(
  app: Hono<RouteBindings>,
  findUnreadiness: () => string | undefined,
  proxies: TrustedProxies,
): void {
  app.get("/-/health", ({ req: { raw }, env: { server } }) => {
    const seen = asksForWebSocket(raw) ? { seen: describeUpgrade(raw, server, proxies) } : {};
    return Response.json({ status: "alive", ...seen }, { headers });
  });
  app.get("/-/ready", () => {
    const reason = findUnreadiness();
    return reason === undefined
      ? Response.json({ status: "ready" }, { headers })
      : Response.json({ status: "not ready", reason }, { status: 503, headers });
  });
}

function describeUpgrade(request: Request, server: Server<Session>, proxies: TrustedProxies): Seen {
  const peer = server.requestIP(request)?.address ?? "";
  const { scheme, authority } = proxies.readRequest(request, server);
  const isForwarded = ["x-forwarded-for", "x-forwarded-proto"].some((name) => request.headers.has(name));
  return {
    refusal: checkHandshake(request)?.message ?? null,
    origin: `${scheme}://${authority}`,
    proxy: proxies.trusts(peer) ? "trusted" : isForwarded ? "untrusted" : "none",
  };
}
