import type { Socket } from "bun";
import { formatFrame, handshake } from "../test/support/raw.ts";
import { type FrameListener, FrameReader } from "./frames.ts";
import type { Inflater } from "./inflater.ts";
import type { Greeting } from "./job.ts";

export type LoadSessionOptions = {
  listener: FrameListener;
  digitsAt: number;
  /** Called after each piece that was read. */
  read: () => void;
  fail: (error: Error) => void;
  /** Offers permessage-deflate, and reads with it. */
  inflater?: Inflater | undefined;
  greeting?: Greeting | undefined;
};

/** One session of the load process: a bare TCP socket whose frames are counted. */
export class LoadSession {
  readonly #reader: FrameReader;
  readonly #opened = Promise.withResolvers<void>();
  readonly #options: LoadSessionOptions;
  #socket: Socket<LoadSession> | undefined;
  #head = "";
  #isOpen = false;
  #isEnded = false;
  /** What the socket did not take at once. */
  #waiting: Uint8Array | undefined;

  constructor(options: LoadSessionOptions) {
    const { listener, digitsAt, inflater, greeting } = options;
    this.#options = options;
    this.#reader = new FrameReader({
      listener,
      digitsAt,
      inflater,
      greetings: greeting?.answers ?? 0,
      greeted: () => this.#opened.resolve(),
    });
  }

  /** Connects, upgrades and greets; rejects if the server answers anything but 101. */
  static async open(port: number, path: string, options: LoadSessionOptions): Promise<LoadSession> {
    const session = new LoadSession(options);
    const headers = options.inflater === undefined ? {} : { "Sec-WebSocket-Extensions": OFFER };
    session.#socket = await Bun.connect({ hostname: "127.0.0.1", port, data: session, socket: handlers });
    session.#socket.write(handshake(path, headers));
    await session.#opened.promise;
    return session;
  }

  write(bytes: Uint8Array): void {
    if (this.#waiting !== undefined) {
      this.#waiting = Buffer.concat([this.#waiting, bytes]);
      return;
    }
    const written = Math.max(0, this.#socket?.write(bytes) ?? 0);
    // The frames' buffer is used again: what is left must be copied.
    if (written < bytes.length) this.#waiting = bytes.slice(written);
  }

  end(): void {
    this.#isEnded = true;
    this.#socket?.terminate();
  }

  take(bytes: Uint8Array): void {
    if (!this.#isOpen) return this.#readHead(bytes);
    try {
      this.#reader.read(bytes);
      this.#options.read();
    } catch (error) {
      this.#options.fail(error as Error);
    }
  }

  drain(): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting !== undefined) this.write(waiting);
  }

  lose(why: string): void {
    if (this.#isEnded) return;
    const error = new Error(`The server ended a session: ${why}`);
    this.#opened.reject(error);
    this.#options.fail(error);
  }

  #readHead(bytes: Uint8Array): void {
    this.#head += Buffer.from(bytes).toString("latin1");
    const end = this.#head.indexOf("\r\n\r\n");
    if (end < 0) return;
    const head = this.#head.slice(0, end);
    const rest = Buffer.from(this.#head.slice(end + 4), "latin1");
    this.#head = "";
    const obstacle = this.#findObstacle(head);
    if (obstacle !== undefined) {
      this.#isEnded = true;
      this.#opened.reject(new Error(`Cannot open a session: the server ${obstacle}`));
      return;
    }
    this.#isOpen = true;
    const { greeting } = this.#options;
    if (greeting === undefined) this.#opened.resolve();
    else this.write(formatFrame(0x1, greeting.send));
    if (rest.length > 0) this.take(rest);
  }

  #findObstacle(head: string): string | undefined {
    const [status = ""] = head.split("\r\n");
    if (!status.startsWith("HTTP/1.1 101 ")) return `answered "${status}", expected 101`;
    const hasDeflate = /^sec-websocket-extensions:.*permessage-deflate/im.test(head);
    if (this.#options.inflater !== undefined && !hasDeflate) return "did not agree on permessage-deflate";
    return undefined;
  }
}

/** Each message is compressed for itself: what is inflated once is known for all sessions. */
const OFFER = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";

const handlers: Bun.SocketHandler<LoadSession> = {
  data: (socket, bytes) => socket.data.take(bytes),
  drain: (socket) => socket.data.drain(),
  close: (socket) => socket.data.lose("the connection is gone"),
  error: (socket, error) => socket.data.lose(error.message),
};
