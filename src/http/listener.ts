import type { Server } from "bun";
import type { Session } from "../sessions/session.ts";
import type { Certificate } from "./certificate.ts";
import { takeOver } from "./handover.ts";
import { listen, type ServerOptions } from "./server.ts";

/** How long a server that was replaced takes the connections that it was given before, in milliseconds. */
export const HANDOVER_MS = 1000;

export type ListenerOptions = Omit<ServerOptions, "certificate" | "sharesPort"> & {
  /** Other workers of this process listen on the port too, and the supervisor has seen to it that nobody else does. */
  isShared: boolean;
};

/**
 * The address that is listened on, by one server of the runtime.
 *
 * The runtime cannot change a server's certificate. So a renewal starts another server on the same port; the one before
 * it takes no more connections, and lives on until the last of those that it has is over.
 */
export class Listener {
  readonly #options: ListenerOptions;
  #servers: readonly Server<Session>[] = [];
  /** Still takes the connections that the kernel gave it before it was replaced. */
  #replaced: Server<Session> | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

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
   * @param port another one than that of the options
   * @throws {Fault} `LISTEN` with the reason.
   */
  start(certificate: Certificate | undefined, port = this.#options.port): URL {
    const { isShared } = this.#options;
    const options = { ...this.#options, port, certificate, sharesPort: isShared || certificate !== undefined };
    if (certificate !== undefined && !isShared) options.port = findFreePort(options);
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
    this.retire();
    const isSole = takeOver(this.#servers[0]?.port ?? 0, () => this.openNext(certificate));
    if (isSole) this.#timer = setTimeout(() => this.retire(), HANDOVER_MS);
    else this.retire();
  }

  /**
   * Serves `certificate` too, until `retire`: which connection gets which is up to who steers them.
   *
   * @throws {Fault} `LISTEN`, as `renew` does.
   */
  openNext(certificate: Certificate): void {
    this.retire();
    const [current] = this.#servers;
    if (current?.port === undefined) return;
    const listening = listen({ ...this.#options, port: current.port, certificate, sharesPort: true });
    this.#servers = [listening, ...this.#servers];
    this.#replaced = current;
  }

  /** How many requests have not been answered. */
  get pendingRequests(): number {
    return this.#servers.reduce((sum, { pendingRequests }) => sum + pendingRequests, 0);
  }

  /** Has the server that was replaced take no more connections, and forgets it once those that it has are over. */
  retire(): void {
    clearTimeout(this.#timer);
    const server = this.#replaced;
    if (server === undefined) return;
    this.#replaced = undefined;
    void server.stop().then(() => {
      this.#servers = this.#servers.filter((each) => each !== server);
    });
  }

  /** Takes no more connections; resolves when those that are open are over, or at once if they are to be cut. */
  async stop({ cut = false } = {}): Promise<void> {
    this.retire();
    await Promise.all(this.#servers.map((server) => server.stop(cut)));
  }
}

/**
 * The port to listen on, once it is known that nobody else does.
 *
 * The kernel lets several processes of one user listen on a port that they all share, and splits the connections between
 * them.
 *
 * @throws {Fault} `LISTEN` with the reason.
 */
export function findFreePort({ host, port }: Pick<ServerOptions, "host" | "port">): number {
  const probe = listen({
    host,
    port,
    certificate: undefined,
    sharesPort: false,
    maxBodyBytes: 1,
    timeoutSeconds: 1,
    websocket: { message: () => {} },
    routes: () => () => new Response(null, { status: 503 }),
  });
  const { port: free = port } = probe;
  void probe.stop(true);
  return free;
}
