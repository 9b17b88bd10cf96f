import { createHash } from "node:crypto";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { formatFrame } from "./raw.ts";

const KEY_SUFFIX = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/** What a server does with one connection once the request has come. */
export type Behaviour = (socket: Socket, request: string) => void;

export type OddServer = AsyncDisposable & {
  url: string;
  /** The requests that came so far. */
  requests: readonly string[];
};

/** A server that does as it is told, one connection after another; the last behaviour is that for all that follow. */
export async function serveOddly(...behaviours: Behaviour[]): Promise<OddServer> {
  const requests: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => sockets.delete(socket));
    socket.once("data", (bytes) => {
      const behave = behaviours[Math.min(requests.length, behaviours.length - 1)];
      requests.push(bytes.toString());
      behave?.(socket, bytes.toString());
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/chat`,
    requests,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Accepts the upgrade, and then does `next`. */
export function accept(next: (socket: Socket) => void = () => {}): Behaviour {
  return (socket, request) => {
    const key = /^sec-websocket-key: *(\S+)/im.exec(request)?.[1] ?? "";
    const protocol = /^sec-websocket-protocol: *([^,\r]+)/im.exec(request)?.[1];
    const lines = [
      "HTTP/1.1 101 Switching Protocols",
      "Upgrade: websocket",
      "Connection: Upgrade",
      `Sec-WebSocket-Accept: ${createHash("sha1")
        .update(key + KEY_SUFFIX)
        .digest("base64")}`,
      ...(protocol === undefined ? [] : [`Sec-WebSocket-Protocol: ${protocol}`]),
    ];
    socket.write(`${lines.join("\r\n")}\r\n\r\n`);
    next(socket);
  };
}

/** Accepts the upgrade, and closes the session at once. */
export function acceptAndClose(code: number, reason = ""): Behaviour {
  const payload = Buffer.concat([Buffer.from([code >> 8, code & 255]), Buffer.from(reason)]);
  return accept((socket) => socket.end(formatFrame(8, payload, { mask: false })));
}

/** Ways of a server to fail, none of which it means for good. */
export const mishaps: [how: string, behave: Behaviour][] = [
  ["answers 500", (socket) => socket.end("HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n")],
  ["closes the connection at once", (socket) => socket.destroy()],
  ["accepts, and closes the connection at once", accept((socket) => socket.destroy())],
  ["accepts, and closes with 1013 at once", acceptAndClose(1013)],
  ["never answers", () => {}],
  ["answers garbage", (socket) => socket.write("\0\u00ff hello?\r\n\r\n")],
  ["answers another protocol", (socket) => socket.end("SSH-2.0-OpenSSH_9.9\r\n")],
  ["accepts, and sends garbage", accept((socket) => socket.write(Buffer.alloc(200, 0xff)))],
  ["accepts with the wrong key", (socket) => accept()(socket, "")],
  ["answers half of a handshake", (socket) => socket.write("HTTP/1.1 101 Switching Protocols\r\nUpgrade: web")],
];
