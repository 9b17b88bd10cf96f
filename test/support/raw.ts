import { connect, type Socket } from "node:net";
import { waitFor } from "./session.ts";

/** A TCP connection of a test's own, for what no WebSocket client would send. */
export type RawConnection = Disposable & { socket: Socket; received: () => Buffer; ended: () => boolean };

export const handshake = (path: string, headers: Record<string, string> = {}): string => {
  const all = {
    Host: "localhost",
    Upgrade: "websocket",
    Connection: "Upgrade",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version": "13",
    ...headers,
  };
  const lines = Object.entries(all)
    .filter(([, value]) => value !== "")
    .map(([name, value]) => `${name}: ${value}`);
  return `GET ${path} HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n`;
};

/** Connects to the server of `url` and writes `text`. */
export async function connectRaw(url: string, text: string): Promise<RawConnection> {
  const { hostname, port } = new URL(url);
  let bytes = Buffer.alloc(0);
  let isEnded = false;
  const socket = connect(Number(port), hostname);
  socket.on("data", (chunk: Buffer) => {
    bytes = Buffer.concat([bytes, chunk]);
  });
  socket.on("error", () => {});
  socket.on("close", () => {
    isEnded = true;
  });
  await new Promise<void>((resolve) => socket.once("connect", () => resolve()));
  socket.write(text);
  return { socket, received: () => bytes, ended: () => isEnded, [Symbol.dispose]: () => socket.destroy() };
}

/** Opens a session by hand; the bytes after the 101 answer are what `received` gives. */
export async function openRaw(url: string, headers: Record<string, string> = {}): Promise<RawConnection> {
  const { pathname, search } = new URL(url);
  const raw = await connectRaw(url, handshake(pathname + search, headers));
  const end = () => raw.received().indexOf("\r\n\r\n");
  await waitFor(() => end() >= 0, "101 answer");
  const start = end() + 4;
  return { ...raw, received: () => raw.received().subarray(start), [Symbol.dispose]: () => raw.socket.destroy() };
}

/** A masked frame (RFC 6455 section 5.2) with a mask of zeros. */
export function formatFrame(
  opcode: number,
  payload: string | Uint8Array,
  { fin = true, mask = true, rsv = 0 } = {},
): Buffer {
  const body = typeof payload === "string" ? Buffer.from(payload) : Buffer.from(payload);
  const first = (fin ? 0x80 : 0) | (rsv << 4) | opcode;
  const flag = mask ? 0x80 : 0;
  const size =
    body.length < 126
      ? Buffer.from([first, flag | body.length])
      : Buffer.from([first, flag | 126, body.length >> 8, body.length & 0xff]);
  return Buffer.concat([size, mask ? Buffer.alloc(4) : Buffer.alloc(0), body]);
}

/** The close frame at the end of `bytes`. */
export function parseClose(bytes: Buffer): { code: number; reason: string } | undefined {
  const start = bytes.lastIndexOf(0x88);
  return start < 0 || bytes.length < start + 4
    ? undefined
    : { code: bytes.readUInt16BE(start + 2), reason: bytes.subarray(start + 4).toString() };
}
