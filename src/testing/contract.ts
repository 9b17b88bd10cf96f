import type { ControllerDefinition } from "../controllers/controller.ts";
import type { StandardSchema } from "../controllers/standard-schema.ts";
import type { LogLine } from "../core/log.ts";
import type { Message } from "../sessions/event.ts";

/** A time such as `300s`, `5m` or `250ms`. */
export type Duration = `${number}${"ms" | "s" | "m" | "h" | "d"}`;

export type ServeOptions = {
  /** The folder of controllers, instead of the one that is tested. */
  folder?: string;
  /** Settings instead of those in `hubbub.toml`, under the same names: `{ timeout: "5s", "max-message": "1KiB" }`. */
  settings?: Record<string, string | number | boolean | readonly string[]>;
  /** What controllers read as `app.config`, instead of the table `[app]` in `hubbub.toml`. */
  app?: Record<string, unknown>;
};

/** A real server in the process of the test, on a free port. */
export type TestServer = AsyncDisposable & {
  /** `http://127.0.0.1:` and the port. */
  readonly origin: string;
  readonly clock: MovableClock;
  /** What it and its controllers have logged, whatever `log-level` says. */
  readonly log: readonly LogLine[];
  /** Opens a session at `path`; with the type of a controller its messages have types: `open<typeof chat>("/chat")`. */
  open<Controller = unknown>(path: string, options?: SessionOptions): Promise<SessionOf<Controller>>;
  /** Requests `path`; redirects are not followed. */
  fetch(path: string, init?: RequestInit): Promise<Response>;
  /** Requests `path` with GET. */
  get(path: string, headers?: Record<string, string>): Promise<Response>;
  /** Stops it as SIGTERM does: its sessions are closed with 1012. */
  stop(): Promise<void>;
};

/** A clock that a test moves. */
export type MovableClock = {
  /**
   * Moves the server's time forward, and resolves when what that leads to has happened.
   *
   * What moves is all that waits as a setting says (timeouts, pings, rates, expiring tokens, coalescing), and what its controllers
   * see as `setTimeout`, `setInterval`, `Date` and `performance.now()`. `Bun.sleep` and `--http-timeout` do not.
   *
   * @throws {Fault} `CLOCK` for what is no duration.
   */
  advance(duration: Duration): Promise<void>;
};

export type SessionOptions = {
  /** Sub-protocols to offer, the preferred one first. */
  subProtocols?: string | readonly string[];
  /** Headers of the upgrade: `{ Origin: "https://example.com" }`. */
  headers?: Record<string, string>;
  /** Added to the address: `{ name: "Ada" }`. */
  query?: Record<string, string | number | boolean>;
  /** Sent as `Authorization: Bearer`. */
  token?: string;
  /** How long `next`, `nextJson` and `closed` wait, in milliseconds; four seconds if absent. */
  patienceMs?: number;
  /** The certificate, as PEM, that the server's must be signed by. */
  ca?: string;
};

/** How a session ended, as its client saw it. */
export type Ending = { code: number; reason: string };

/** One session of a test: a real WebSocket whose messages are taken one by one. */
export type TestSession<Taken = unknown, Sent = unknown> = Disposable &
  AsyncDisposable & {
    /**
     * The next message as it came.
     *
     * @throws {Fault} `TEST_WAIT` if none comes in time or the session ends first; it says what had come before.
     */
    next(): Promise<Message>;
    /**
     * The next message, parsed; with a schema (valibot, zod, arktype) what that makes of it.
     *
     * @throws {Fault} `TEST_WAIT` as `next` does, and for a message that is no JSON or does not match.
     */
    nextJson(): Promise<Sent>;
    nextJson<Output>(schema: StandardSchema<Output>): Promise<Output>;
    /** Sends text as text, bytes as binary, and anything else as JSON. */
    send(message: Taken | Message): void;
    /** Closes the session from this side; `closed` tells when it has ended. */
    close(code?: number, reason?: string): void;
    /** How the session ended; rejects with a `TEST_WAIT` if it is still open after the session's patience. */
    readonly closed: Promise<Ending>;
    readonly isOpen: boolean;
    /** Messages that came and were not taken. */
    readonly waiting: readonly Message[];
    /** The sub-protocol that the server chose; empty if none. */
    readonly subProtocol: string;
    readonly socket: WebSocket;
  };

/** The session of a controller: its messages have the types of the schemas that `defineController` was given. */
export type SessionOf<Controller> =
  Controller extends ControllerDefinition<infer _Data, infer _User, infer Taken, infer Sent>
    ? TestSession<[Message] extends [Taken] ? unknown : Taken, [Sent] extends [never] ? unknown : Sent>
    : TestSession;
