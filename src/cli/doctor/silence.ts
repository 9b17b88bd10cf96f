import type { Duplex } from "node:stream";

const CLOSE = 0x8;
const PING = 0x9;

/** A close frame with 1000 and a pong with nothing in it, masked with zeros as a client's are. */
const closeFrame = Buffer.from([0x88, 0x82, 0, 0, 0, 0, 0x03, 0xe8]);
const pongFrame = Buffer.from([0x8a, 0x80, 0, 0, 0, 0]);

/** How a session fared whose client says nothing. */
export type Silence = { seconds: number; end: "ping" | "cut" | "closed" | "none" };

/**
 * Keeps a session open and says nothing, until the server pings, or somebody ends it, or the time is over; then closes it.
 *
 * `cut` is an end without a close frame: that of somebody in between.
 */
export function waitInSilence(session: { socket: Duplex; head: Buffer }, atMostSeconds: number): Promise<Silence> {
  const { socket } = session;
  const startedAt = performance.now();
  const { promise, resolve } = Promise.withResolvers<Silence>();
  const finish = (end: Silence["end"]) => resolve({ seconds: (performance.now() - startedAt) / 1000, end });
  const timer = setTimeout(() => finish("none"), atMostSeconds * 1000);
  let waiting = Buffer.alloc(0);
  const take = (bytes: Buffer) => {
    waiting = Buffer.concat([waiting, bytes]);
    for (let frame = readFrame(waiting); frame !== undefined; frame = readFrame(waiting)) {
      waiting = waiting.subarray(frame.length);
      if (frame.kind === PING) {
        socket.write(pongFrame);
        finish("ping");
      } else if (frame.kind === CLOSE) finish("closed");
    }
  };
  socket.on("data", take);
  for (const event of ["end", "close", "error"]) socket.on(event, () => finish("cut"));
  take(session.head);
  return promise.finally(() => {
    clearTimeout(timer);
    socket.end(closeFrame);
  });
}

/** The first frame of what a server has sent: its kind, and its whole length; undefined if it is not all there. */
function readFrame(bytes: Buffer): { kind: number; length: number } | undefined {
  if (bytes.length < 2) return undefined;
  const kind = (bytes[0] ?? 0) & 0x0f;
  const size = (bytes[1] ?? 0) & 0x7f;
  const head = size === 126 ? 4 : size === 127 ? 10 : 2;
  if (bytes.length < head) return undefined;
  const length = head + (size === 126 ? bytes.readUInt16BE(2) : size === 127 ? Number(bytes.readBigUInt64BE(2)) : size);
  return bytes.length < length ? undefined : { kind, length };
}
