import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { waitFor, withPatience } from "./session.ts";

/** A TCP connection of a test's own, for what no WebSocket client would send. */
export type RawConnection = Disposable & {
  socket: Socket;
  /** All bytes that came so far. */
  received: () => Buffer;
  /** The connection is over, in whatever way. */
  ended: () => boolean;
  /** The code of the error that ended it: `ECONNRESET` if the server reset it. */
  error: () => string | undefined;
  /** Ends it with a TCP reset (RST) instead of a FIN. */
  reset: () => void;
};

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

export type RawOptions = {
  /** The certificate to trust, as PEM, where `url` begins with https. */
  ca?: string;
  /** The client's own address: any of 127.0.0.0/8 to one of these. */
  from?: string;
};

/** Connects to the server of `url` and writes `bytes`. */
export async function connectRaw(
  url: string,
  bytes: string | Uint8Array,
  { ca, from }: RawOptions = {},
): Promise<RawConnection> {
  const { hostname, port, protocol } = new URL(url);
  let chunks: Buffer[] = [];
  let isEnded = false;
  let code: string | undefined;
  const own = from === undefined ? {} : { localAddress: from };
  const plain = connect({ port: Number(port), host: hostname, noDelay: true, ...own });
  const isTls = protocol === "https:";
  const socket = isTls ? connectTls({ socket: plain, ca, host: hostname }) : plain;
  socket.on("data", (chunk: Buffer) => chunks.push(chunk));
  socket.on("error", (error: NodeJS.ErrnoException) => {
    code = error.code;
  });
  socket.on("close", () => {
    isEnded = true;
  });
  await withPatience(
    new Promise<void>((resolve, reject) => {
      socket.once(isTls ? "secureConnect" : "connect", resolve);
      socket.once("error", reject);
    }),
    "connection",
  );
  socket.write(bytes);
  return {
    socket,
    received: () => {
      const all = Buffer.concat(chunks);
      chunks = [all];
      return all;
    },
    ended: () => isEnded,
    error: () => code,
    reset: () => plain.resetAndDestroy(),
    [Symbol.dispose]: () => socket.destroy(),
  };
}

/**
 * Opens a session by hand; the bytes after the 101 answer are what `received` gives.
 *
 * @param following bytes that are sent with the request, before the answer is known
 */
export async function openRaw(
  url: string,
  headers: Record<string, string> = {},
  following: string | Uint8Array = "",
  options: RawOptions = {},
): Promise<RawConnection> {
  const { pathname, search } = new URL(url);
  const request = Buffer.from(handshake(pathname + search, headers));
  const raw = await connectRaw(url, Buffer.concat([request, Buffer.from(following)]), options);
  const end = () => raw.received().indexOf("\r\n\r\n");
  await waitFor(() => end() >= 0, "101 answer");
  if (!raw.received().toString("latin1").startsWith("HTTP/1.1 101 "))
    throw new Error(`The session was refused: ${raw.received().toString()}`);
  const start = end() + 4;
  return { ...raw, received: () => raw.received().subarray(start), [Symbol.dispose]: () => raw.socket.destroy() };
}

export type FrameOptions = {
  fin?: boolean;
  mask?: boolean;
  /** The three reserved bits, the first of them as 4. */
  rsv?: number;
  /** The length that the frame claims, if not the payload's own. */
  length?: number | bigint;
  /** How many bits the length is written in; the shortest that holds it if absent. */
  lengthBits?: 7 | 16 | 64;
  maskKey?: Uint8Array;
};

/** A frame (RFC 6455 section 5.2), masked with zeros if nothing else is said. */
export function formatFrame(
  opcode: number,
  payload: string | Uint8Array,
  { fin = true, mask = true, rsv = 0, length, lengthBits, maskKey = new Uint8Array(4) }: FrameOptions = {},
): Buffer {
  const body = Buffer.from(payload as Uint8Array);
  const size = BigInt(length ?? body.length);
  const bits = lengthBits ?? (size < 126n ? 7 : size < 65_536n ? 16 : 64);
  const head = Buffer.alloc({ 7: 2, 16: 4, 64: 10 }[bits]);
  head[0] = (fin ? 0x80 : 0) | (rsv << 4) | opcode;
  head[1] = (mask ? 0x80 : 0) | (bits === 7 ? Number(size) : bits === 16 ? 126 : 127);
  if (bits === 16) head.writeUInt16BE(Number(size), 2);
  if (bits === 64) head.writeBigUInt64BE(size, 2);
  if (!mask) return Buffer.concat([head, body]);
  if (maskKey.some((byte) => byte !== 0))
    for (const [index, byte] of body.entries()) body[index] = byte ^ (maskKey[index % 4] ?? 0);
  return Buffer.concat([head, maskKey, body]);
}

/** A masked close frame; without a code its body is empty. */
export function formatClose(code?: number, reason: string | Uint8Array = ""): Buffer {
  if (code === undefined) return formatFrame(8, "");
  const body = Buffer.concat([Buffer.alloc(2), Buffer.from(reason as Uint8Array)]);
  body.writeUInt16BE(code);
  return formatFrame(8, body);
}

export type ReceivedFrame = { fin: boolean; rsv: number; opcode: number; payload: Buffer };

/**
 * The whole frames in `bytes`; a part of one at the end is left out.
 *
 * @throws if one is masked, which no server's frame may be
 */
export function parseFrames(bytes: Buffer): ReceivedFrame[] {
  const frames: ReceivedFrame[] = [];
  let at = 0;
  while (at + 2 <= bytes.length) {
    const [first = 0, second = 0] = [bytes[at], bytes[at + 1]];
    if (second >= 0x80) throw new Error(`The server sent a masked frame at byte ${at}`);
    const extra = second === 127 ? 8 : second === 126 ? 2 : 0;
    if (at + 2 + extra > bytes.length) break;
    const length =
      extra === 8 ? Number(bytes.readBigUInt64BE(at + 2)) : extra === 2 ? bytes.readUInt16BE(at + 2) : second;
    const start = at + 2 + extra;
    if (start + length > bytes.length) break;
    const payload = bytes.subarray(start, start + length);
    frames.push({ fin: first >= 0x80, rsv: (first >> 4) & 7, opcode: first & 15, payload });
    at = start + length;
  }
  return frames;
}

/** The first close frame in `bytes`; the code 1005 stands for none. */
export function parseClose(bytes: Buffer): { code: number; reason: string } | undefined {
  const payload = parseFrames(bytes).find(({ opcode }) => opcode === 8)?.payload;
  if (payload === undefined) return undefined;
  return payload.length < 2
    ? { code: 1005, reason: "" }
    : { code: payload.readUInt16BE(0), reason: payload.subarray(2).toString() };
}

/** The status of each HTTP answer in `bytes`, in order. */
export function parseStatuses(bytes: Buffer): number[] {
  return Array.from(bytes.toString("latin1").matchAll(/HTTP\/1\.[01] (\d{3})[ \r]/g), ([, status]) => Number(status));
}
