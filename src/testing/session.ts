import { describeIssues } from "../controllers/schema-issues.ts";
import type { StandardSchema } from "../controllers/standard-schema.ts";
import { encodeMessage } from "../groups/message.ts";
import type { Message } from "../sessions/event.ts";
import { connect, describeRefusal } from "./connect.ts";
import type { Ending, SessionOptions, TestSession } from "./contract.ts";
import { showMessage, Transcript } from "./transcript.ts";
import { prepareFault } from "./places.ts";
import { waitAtMost } from "./wait.ts";

/** Less than the five seconds after which the runner gives up on a test and cannot say why. */
const PATIENCE_MS = 4000;

/** How long the end of a session is waited for before its connection is cut. */
const CLOSING_MS = 1000;

/**
 * Opens a session at an http or ws address.
 *
 * @param explain more about why nothing came, for the messages of faults
 * @throws {Fault} `TEST_SESSION` with the HTTP status if it is refused.
 */
export async function openSession<Taken = unknown, Sent = unknown>(
  address: string,
  options: SessionOptions = {},
  explain: () => string = () => "",
): Promise<TestSession<Taken, Sent>> {
  const { socket, path } = connect(address, options);
  const { patienceMs = PATIENCE_MS } = options;
  const session = new SocketSession({ socket, path, patienceMs, explain });
  await session.opened();
  return session as TestSession<Taken, Sent>;
}

type Parts = { socket: WebSocket; path: string; patienceMs: number; explain: () => string };

/** Who waits for a message. */
type Taker = { resolve: (message: Message) => void; reject: () => void };

class SocketSession implements TestSession {
  readonly socket: WebSocket;
  readonly waiting: Message[] = [];
  readonly #parts: Parts;
  readonly #takers: Taker[] = [];
  readonly #received = new Transcript();
  readonly #ended = Promise.withResolvers<Ending>();
  #ending: Ending | undefined;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.socket = parts.socket;
    this.socket.addEventListener("message", ({ data }: MessageEvent<string | ArrayBuffer>) =>
      this.#receive(typeof data === "string" ? data : new Uint8Array(data)),
    );
    this.socket.addEventListener("close", ({ code, reason }) => this.#end({ code, reason }));
  }

  opened(): Promise<void> {
    const { socket, path, explain } = this.#parts;
    const fail = prepareFault("TEST_SESSION");
    return new Promise((resolve, reject) => {
      socket.addEventListener("open", () => resolve());
      socket.addEventListener("error", (event) =>
        reject(fail(`Cannot open a session at "${path}": ${describeRefusal(event as ErrorEvent)}${explain()}`)),
      );
    });
  }

  next(): Promise<Message> {
    const message = this.waiting.shift();
    if (message !== undefined) return Promise.resolve(message);
    const fail = prepareFault("TEST_WAIT");
    const describeMiss = () => fail(this.#describeMiss());
    if (this.#ending !== undefined) return Promise.reject(describeMiss());
    const { promise, resolve, reject } = Promise.withResolvers<Message>();
    const taker: Taker = { resolve, reject: () => reject(describeMiss()) };
    this.#takers.push(taker);
    return waitAtMost(promise, this.#parts.patienceMs, () => {
      // What comes now is for whoever asks next.
      this.#takers.splice(this.#takers.indexOf(taker), 1);
      return describeMiss();
    });
  }

  async nextJson(schema?: StandardSchema): Promise<never> {
    const fail = prepareFault("TEST_WAIT");
    const message = await this.next();
    const refuse = (what: string) =>
      fail(`Cannot read a message of the session at "${this.#parts.path}": ${showMessage(message)} ${what}`);
    let value: unknown;
    try {
      value = JSON.parse(typeof message === "string" ? message : "");
    } catch {
      throw refuse("is no JSON, expected JSON");
    }
    if (schema === undefined) return value as never;
    const result = await schema["~standard"].validate(value);
    if (result.issues === undefined) return result.value as never;
    throw refuse(`does not match the schema: ${describeIssues(result.issues)}, expected a message that does`);
  }

  send(message: unknown): void {
    this.socket.send(encodeMessage(message));
  }

  close(code?: number, reason?: string): void {
    this.socket.close(code, reason);
  }

  get closed(): Promise<Ending> {
    const { path, patienceMs, explain } = this.#parts;
    const fail = prepareFault("TEST_WAIT");
    return waitAtMost(this.#ended.promise, patienceMs, () => {
      const what = `it is still open after ${patienceMs} ms, expected its end`;
      return fail(`Cannot see the end of the session at "${path}": ${what}; ${this.#received.describe()}${explain()}`);
    });
  }

  get isOpen(): boolean {
    return this.socket.readyState === WebSocket.OPEN;
  }

  get subProtocol(): string {
    return this.socket.protocol;
  }

  [Symbol.dispose](): void {
    this.socket.terminate();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.socket.close();
    const timer = setTimeout(() => this.socket.terminate(), CLOSING_MS);
    await this.#ended.promise;
    clearTimeout(timer);
  }

  #receive(message: Message): void {
    this.#received.add(message);
    const taker = this.#takers.shift();
    if (taker === undefined) this.waiting.push(message);
    else taker.resolve(message);
  }

  #end(ending: Ending): void {
    this.#ending = ending;
    this.#ended.resolve(ending);
    for (const taker of this.#takers.splice(0)) taker.reject();
  }

  #describeMiss(): string {
    const { path, patienceMs, explain } = this.#parts;
    const what =
      this.#ending === undefined
        ? `none came within ${patienceMs} ms`
        : `it has ended with ${showEnding(this.#ending)}`;
    return `Cannot take a message of the session at "${path}": ${what}, expected one; ${this.#received.describe()}${explain()}`;
  }
}

function showEnding({ code, reason }: Ending): string {
  return reason === "" ? String(code) : `${code} "${reason}"`;
}
