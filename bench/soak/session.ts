import { connect, type Socket } from "node:net";
import { formatClose, formatFrame, handshake, parseFrames } from "../../test/support/raw.ts";

const TEXT = 0x1;
const BINARY = 0x2;
const CLOSE = 0x8;
const PING = 0x9;
const PONG = 0xa;

/** How long an upgrade may take, in milliseconds. */
const PATIENCE_MS = 20_000;

export type SessionListener = {
  message: (message: string | Buffer) => void;
};

/** How a session ended: with a close code, or without a close frame. */
export type End = { code: number } | "cut";

/** One client, on a TCP connection of its own, which can end in any way. */
export class SoakSession {
  readonly #socket: Socket;
  readonly #listener: SessionListener;
  readonly #opened = Promise.withResolvers<void>();
  readonly #ended = Promise.withResolvers<End>();
  #rest: Buffer = Buffer.alloc(0);
  #isOpen = false;
  #code: number | undefined;

  private constructor(port: number, path: string, headers: Record<string, string>, listener: SessionListener) {
    this.#listener = listener;
    this.#socket = connect({ port, host: "127.0.0.1", noDelay: true });
    this.#socket.on("data", (bytes: Buffer) => this.#read(bytes));
    // What it is follows as the end.
    this.#socket.on("error", () => {});
    this.#socket.on("close", () => {
      this.#opened.reject(new Error(`Cannot open a session at ${path}: the connection ended`));
      this.#ended.resolve(this.#code === undefined ? "cut" : { code: this.#code });
    });
    this.#socket.write(handshake(path, headers));
  }

  /**
   * Opens a session; resolves when the server has answered with 101.
   *
   * @throws {Error} with the answer's status line, if it is another.
   */
  static async open(
    port: number,
    path: string,
    listener: SessionListener,
    headers: Record<string, string> = {},
  ): Promise<SoakSession> {
    const session = new SoakSession(port, path, headers, listener);
    const late = setTimeout(
      () => session.#opened.reject(new Error(`Cannot open a session at ${path}: no answer`)),
      PATIENCE_MS,
    );
    try {
      await session.#opened.promise;
      return session;
    } catch (error) {
      session.#socket.destroy();
      throw error;
    } finally {
      clearTimeout(late);
    }
  }

  /** Resolves when the connection is over. */
  get ended(): Promise<End> {
    return this.#ended.promise;
  }

  send(message: string | Buffer): void {
    this.#socket.write(formatFrame(typeof message === "string" ? TEXT : BINARY, message));
  }

  /** Says goodbye; the connection ends when the server has answered. */
  close(): void {
    this.#socket.write(formatClose(1000));
  }

  /** Ends the connection without a close frame. */
  drop(): void {
    this.#socket.end();
  }

  /** Resets the connection. */
  reset(): void {
    this.#socket.resetAndDestroy();
  }

  /** Resets the connection in the middle of a message. */
  resetInMessage(): void {
    this.#socket.write(formatFrame(TEXT, "x".repeat(500)).subarray(0, 200), () => this.#socket.resetAndDestroy());
  }

  /** Reads no more until `resume`. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  #read(bytes: Buffer): void {
    this.#rest = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    if (!this.#isOpen && !this.#readAnswer()) return;
    const frames = parseFrames(this.#rest);
    for (const { opcode, payload } of frames) {
      if (opcode === TEXT) this.#listener.message(payload.toString());
      else if (opcode === BINARY) this.#listener.message(payload);
      else if (opcode === PING) this.#socket.write(formatFrame(PONG, payload));
      else if (opcode === CLOSE) {
        this.#code = payload.length < 2 ? 1005 : payload.readUInt16BE(0);
        this.#socket.end();
      }
    }
    this.#rest = this.#rest.subarray(frames.reduce((sum, { payload }) => sum + sizeOfFrame(payload.length), 0));
  }

  /** Whether the answer to the upgrade is whole and good. */
  #readAnswer(): boolean {
    const end = this.#rest.indexOf("\r\n\r\n");
    if (end < 0) return false;
    const [status = ""] = this.#rest.toString("latin1", 0, end).split("\r\n");
    this.#rest = this.#rest.subarray(end + 4);
    this.#isOpen = status.startsWith("HTTP/1.1 101 ");
    if (this.#isOpen) this.#opened.resolve();
    else this.#opened.reject(new Error(`Cannot open a session: the server answered "${status}"`));
    return this.#isOpen;
  }
}

/** Bytes of a server's frame. */
function sizeOfFrame(payload: number): number {
  return payload + (payload < 126 ? 2 : payload < 65_536 ? 4 : 10);
}
