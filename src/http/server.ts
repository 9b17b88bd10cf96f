import type { Server, WebSocketHandler } from "bun";
import { describeError, Fault } from "../core/errors.ts";
import { log } from "../core/log.ts";
import type { Session } from "../sessions/session.ts";
import type { Certificate } from "./certificate.ts";
import { describeStatus } from "./error-page.ts";
import type { Routes } from "./routes.ts";
import { securityHeaders } from "./security-headers.ts";

export type ServerOptions = {
  host: string;
  port: number;
  /** Serves TLS with it, if there is one. */
  certificate: Certificate | undefined;
  /** Other servers of this process may listen on the port too. */
  sharesPort: boolean;
  maxBodyBytes: number;
  /** The runtime ends a request that makes no progress for this long, and an unused connection. */
  timeoutSeconds: number;
  websocket: WebSocketHandler<Session>;
  /** The routes of the generation that is current when a request comes. */
  routes: () => Routes;
};

/**
 * Listens with `Bun.serve`.
 *
 * @throws {Fault} `LISTEN` with the reason: the port is in use, the address is not this machine's.
 */
export function listen(options: ServerOptions): Server<Session> {
  const { host, port, certificate, sharesPort, maxBodyBytes, timeoutSeconds, websocket, routes } = options;
  try {
    return Bun.serve<Session>({
      hostname: host,
      port,
      ...(certificate === undefined ? {} : { tls: { cert: certificate.chain, key: certificate.key } }),
      maxRequestBodySize: maxBodyBytes,
      idleTimeout: timeoutSeconds,
      development: false,
      // Not said, the runtime lets a second server share the port, and the kernel splits the sessions between them.
      reusePort: sharesPort,
      websocket,
      fetch: (request, server) => routes()(request, server),
      error(error) {
        log.error(`Failed to answer a request: ${describeError(error)}`, { detail: error.stack });
        return new Response(describeStatus(500), { status: 500, headers: securityHeaders });
      },
    });
  } catch (error) {
    throw new Fault("LISTEN", `Cannot listen on ${host}:${port}: ${describeListenError(error)}`, { cause: error });
  }
}

function describeListenError(error: unknown): string {
  switch ((error as { code?: string }).code) {
    case "EADDRINUSE":
      return "the port is in use, expected a free one (--port 0 takes any)";
    case "EACCES":
      return "this user may not use that port, expected one above 1023";
    case "EINVAL":
    case "EADDRNOTAVAIL":
      return "this machine does not have that address, expected 127.0.0.1, 0.0.0.0 or one of its own";
    default:
      return describeError(error);
  }
}
