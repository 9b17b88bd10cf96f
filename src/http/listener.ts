import type { Server } from "bun";
import type { Session } from "../sessions/session.ts";
import type { Certificate } from "./certificate.ts";
import { listen, type ServerOptions } from "./server.ts";

export type ListenerOptions = Omit<ServerOptions, "certificate" | "sharesPort">;

/**
 * The address that is listened on, by one server of the runtime.
 *
 * The runtime cannot change a server's certificate. So a renewal starts another server on the same port; the one before
 * it takes no more connections, and lives on until the last of those that it has is over.
 */
export class Listener {
  readonly #options: ListenerOptions;
  #servers: readonly Server<Session>[] = [];

  constructor(options: ListenerOptions) {
    this.#options = options;
  }

  /** Every server that has connections; the first is the one that listens. */
  get servers(): readonly Server<Session>[] {
    return this.#servers;
  }

  /**
   * Listens, for TLS if there is a certificate; returns the address to open.
   *
   * @throws {Fault} `LISTEN` with the reason.
   */
  start(certificate: Certificate | undefined): URL {
    const options = { ...this.#options, certificate, sharesPort: certificate !== undefined };
    if (certificate !== undefined) options.port = findFreePort(options);
    const server = listen(options);
    this.#servers = [server];
    return server.url;
  }

  /**
   * Serves `certificate` to all who connect from now on; nobody who is connected notices.
   *
   * @throws {Fault} `LISTEN` if the runtime does not take it: then nothing has changed.
   */
  renew(certificate: Certificate): void {
    const [current] = this.#servers;
    if (current?.port === undefined) return;
    const next = listen({ ...this.#options, port: current.port, certificate, sharesPort: true });
    this.#servers = [next, ...this.#servers];
    void current.stop().then(() => {
      this.#servers = this.#servers.filter((server) => server !== current);
    });
  }

  /** How many requests have not been answered. */
  get pendingRequests(): number {
    return this.#servers.reduce((sum, { pendingRequests }) => sum + pendingRequests, 0);
  }

  /** Takes no more connections; resolves when those that are open are over, or at once if they are to be cut. */
  async stop({ cut = false } = {}): Promise<void> {
    await Promise.all(this.#servers.map((server) => server.stop(cut)));
  }
}

/**
 * The port to listen on, once it is known that nobody else does.
 *
 * The kernel lets several processes of one user listen on a port that they all share, and splits the connections between
 * them.
 */
function findFreePort(options: ServerOptions): number {
  const probe = listen({ ...options, sharesPort: false });
  const { port = options.port } = probe;
  void probe.stop(true);
  return port;
}
