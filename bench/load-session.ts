import type { Socket } from "bun";
import { handshake } from "../test/support/raw.ts";
import { type FrameListener, FrameReader } from "./frames.ts";

/** One session of the load process: a bare TCP socket whose frames are counted. */
export class LoadSession {
  readonly #reader: FrameReader;
  readonly #opened = Promise.withResolvers<void>();
  readonly #fail: (error: Error) => void;
  /** Called after each piece that was read. */
  readonly #read: () => void;
  #socket: Socket<LoadSession> | undefined;
  #head = "";
  #isOpen = false;
  #isEnded = false;
  /** What the socket did not take at once. */
  #waiting: Uint8Array | undefined;

  constructor({ listener, digitsAt, read, fail }: LoadSessionOptions) {
    this.#reader = new FrameReader(listener, digitsAt);
    this.#read = read;
    this.#fail = fail;
  }

  /** Connects and upgrades; rejects if the server answers anything but 101. */
  static async open(port: number, path: string, options: LoadSessionOptions): Promise<LoadSession> {
    const session = new LoadSession(options);
    session.#socket = await Bun.connect({ hostname: "127.0.0.1", port, data: session, socket: handlers });
    session.#socket.write(handshake(path));
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
      this.#read();
    } catch (error) {
      this.#fail(error as Error);
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
    this.#fail(error);
  }

  #readHead(bytes: Uint8Array): void {
    this.#head += Buffer.from(bytes).toString("latin1");
    const end = this.#head.indexOf("\r\n\r\n");
    if (end < 0) return;
    const status = this.#head.slice(0, this.#head.indexOf("\r\n"));
    if (!status.startsWith("HTTP/1.1 101 ")) {
      this.#isEnded = true;
      this.#opened.reject(new Error(`Cannot open a session: the server answered "${status}", expected 101`));
      return;
    }
    const rest = Buffer.from(this.#head.slice(end + 4), "latin1");
    this.#head = "";
    this.#isOpen = true;
    this.#opened.resolve();
    if (rest.length > 0) this.take(rest);
  }
}

export type LoadSessionOptions = {
  listener: FrameListener;
  digitsAt: number;
  read: () => void;
  fail: (error: Error) => void;
};

const handlers: Bun.SocketHandler<LoadSession> = {
  data: (socket, bytes) => socket.data.take(bytes),
  drain: (socket) => socket.data.drain(),
  close: (socket) => socket.data.lose("the connection is gone"),
  error: (socket, error) => socket.data.lose(error.message),
};
