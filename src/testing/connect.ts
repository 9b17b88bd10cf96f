import type { SessionOptions } from "./contract.ts";

/** Begins to open a WebSocket at an http or ws address. */
export function connect(address: string, options: SessionOptions): { socket: WebSocket; path: string } {
  const { subProtocols = [], headers = {}, query = {}, token, ca } = options;
  const url = new URL(address.replace(/^http/, "ws"));
  for (const [name, value] of Object.entries(query)) url.searchParams.append(name, String(value));
  const socket = new WebSocket(url.href, {
    protocols: [subProtocols].flat(),
    headers: token === undefined ? headers : { ...headers, Authorization: `Bearer ${token}` },
    ...(ca === undefined ? {} : { tls: { ca } }),
  });
  socket.binaryType = "arraybuffer";
  return { socket, path: url.pathname };
}

/** Why a WebSocket could not be opened. */
export function describeRefusal({ message }: ErrorEvent): string {
  const status = /Expected 101 status code: (\d+)/.exec(message)?.[1];
  return status === undefined
    ? `${message}, expected a server that accepts it`
    : `the server answered ${status}, expected 101`;
}
