import ReconnectingWebSocket from "partysocket/ws";
import type { Address, Bytes, ConnectOptions, Ending, Messages, Session, State } from "./connect.d.ts";
import { isFinal, toEnding } from "./endings.ts";
import { decode, encode } from "./format.ts";
import { listProtocols, toSocketUrl } from "./handshake.ts";
import { settleWithin } from "./settle-within.ts";
import { watchPage } from "./page-life.ts";

/** A connection that lasted this long was a good one: the next wait is a short one again. */
const STEADY_MS = 5_000;

/** What came before a page slept is heard before its connection is given up. */
const SETTLE_MS = 500;

const defaults = {
  format: "json",
  maxQueuedMessages: 100,
  minDelayMs: 500,
  maxDelayMs: 30_000,
  connectTimeoutMs: 10_000,
  sleepMs: 90_000,
} as const;

type Options = Required<Omit<ConnectOptions, "protocols" | "token">> & Pick<ConnectOptions, "protocols" | "token">;

/** What a try asks the server for. */
type Offer = { url: string; protocols: string[] };

type Queued = { message: unknown; data: string | Bytes };

const TypedEventTarget = EventTarget as new () => Pick<Session, keyof EventTarget>;

export function connect<M extends Messages = Messages>(address: Address, options: ConnectOptions = {}): Session<M> {
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  return new StayingSession(address, { ...defaults, ...Object.fromEntries(given) }) as Session<M>;
}

/** One connection after another: the library makes them, one at a time; when to try, and whether, is decided here. */
class StayingSession extends TypedEventTarget implements Session {
  readonly #options: Options;
  readonly #getUrl: () => string;
  readonly #socket: ReconnectingWebSocket;
  readonly #queue: Queued[] = [];
  #state: State = "connecting";
  #retryAt: number | undefined;
  #ending: Ending | undefined;
  /** How many tries have failed, one after another. */
  #failures = 0;
  #openedAt = Infinity;
  #endWait = () => {};
  /** The connection seems open, and may be gone. */
  #isDoubted = false;
  /** The page was left, and may come back. */
  #isAway = false;
  /** A connection is being ended here. */
  #isEnding = false;
  #life = new AbortController();

  constructor(address: Address, options: Options) {
    super();
    this.#options = options;
    if (typeof address === "function") {
      this.#getUrl = () => toSocketUrl(address());
    } else {
      const url = toSocketUrl(address);
      this.#getUrl = () => url;
    }
    let offer: Promise<Offer>;
    // The library asks for the address first.
    const getUrl = async () => (await (offer = this.#prepare())).url;
    const getProtocols = async () => (await offer).protocols;
    this.#socket = new ReconnectingWebSocket(getUrl, getProtocols, {
      // Its own waits are all alike, and cannot be cut short.
      minReconnectionDelay: 0,
      maxReconnectionDelay: 0,
      connectionTimeout: options.connectTimeoutMs,
      shouldReconnectOnClose: (event) => !isFinal(toEnding(event)),
    });
    this.#socket.binaryType = "arraybuffer";
    this.#socket.onopen = () => this.#open();
    this.#socket.onmessage = ({ data }: MessageEvent<unknown>) => this.#hear(data);
    this.#socket.onclose = (event) => this.#end(toEnding(event));
    this.#watchPage();
  }

  get state(): State {
    return this.#state;
  }

  get retryAt(): number | undefined {
    return this.#retryAt;
  }

  get ending(): Ending | undefined {
    return this.#ending;
  }

  get queuedCount(): number {
    return this.#queue.length;
  }

  send(message: unknown): boolean {
    const data = encode(message, this.#options.format);
    if (this.#state === "closed") return false;
    if (this.#state === "open" && this.#socket.readyState === WebSocket.OPEN) {
      this.#socket.send(data);
    } else if (this.#queue.length < this.#options.maxQueuedMessages) {
      this.#queue.push({ message, data });
    } else {
      this.dispatchEvent(new Event("full"));
      return false;
    }
    return true;
  }

  takeQueued(): unknown[] {
    return this.#queue.splice(0).map(({ message }) => message);
  }

  reconnect(): void {
    if (this.#state === "closed") this.#watchPage();
    this.#isAway = false;
    this.#isDoubted = false;
    this.#failures = 0;
    this.#change("connecting");
    this.#drop(() => this.#socket.reconnect());
    this.#endWait();
  }

  close(): void {
    if (this.#state === "closed") return;
    this.#drop(() => this.#socket.close());
    this.#finish({ code: 1000, reason: "" });
  }

  /** Waits for the turn of a try; resolves to what it asks the server for. */
  async #prepare(): Promise<Offer> {
    const { protocols, token, connectTimeoutMs } = this.#options;
    for (;;) {
      await this.#waitForTurn();
      if (this.#state === "closed" || this.#isAway) return { url: "", protocols: [] };
      this.#change("connecting");
      try {
        const current = typeof token === "function" ? await settleWithin(connectTimeoutMs, token) : token;
        return { url: this.#getUrl(), protocols: listProtocols(protocols, current) };
      } catch (error) {
        const what = error instanceof Error ? error.message : String(error);
        this.#fail({ code: 1006, reason: `Cannot get the address and the token: ${what}` });
      }
    }
  }

  #waitForTurn(): Promise<void> | undefined {
    if (this.#retryAt === undefined) return undefined;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, this.#retryAt - Date.now());
    this.#endWait = () => {
      clearTimeout(timer);
      resolve();
    };
    return promise;
  }

  #open(): void {
    this.#openedAt = performance.now();
    this.#isDoubted = false;
    for (const { data } of this.#queue.splice(0)) this.#socket.send(data);
    this.#change("open");
  }

  #hear(data: unknown): void {
    try {
      this.dispatchEvent(new MessageEvent("message", { data: decode(data, this.#options.format) }));
    } catch (error) {
      reportError(error);
    }
  }

  #end(ending: Ending): void {
    if (this.#isEnding || this.#state === "closed") return;
    if (performance.now() - this.#openedAt > STEADY_MS) this.#failures = 0;
    this.#openedAt = Infinity;
    this.#isDoubted = false;
    if (isFinal(ending)) this.#finish(ending);
    else this.#fail(ending);
  }

  #fail(ending: Ending): void {
    this.#ending = ending;
    const { minDelayMs, maxDelayMs } = this.#options;
    const delayMs = Math.min(minDelayMs * 2 ** this.#failures, maxDelayMs);
    this.#failures += 1;
    this.#change("waiting", Date.now() + delayMs * (0.5 + Math.random() / 2));
  }

  #finish(ending: Ending): void {
    this.#life.abort();
    this.#ending = ending;
    this.#change("closed");
    this.#endWait();
  }

  #drop(end: () => void): void {
    this.#isEnding = true;
    end();
    this.#isEnding = false;
  }

  #change(state: State, retryAt?: number): void {
    if (state === this.#state && retryAt === this.#retryAt) return;
    this.#state = state;
    this.#retryAt = retryAt;
    this.dispatchEvent(new Event("state"));
  }

  #watchPage(): void {
    this.#life = new AbortController();
    const { sleepMs } = this.#options;
    const doubt = () => this.#doubt();
    const hurry = () => {
      if (this.#state === "waiting" && !this.#isAway) this.reconnect();
    };
    const leave = () => {
      this.#isAway = true;
      this.#drop(() => this.#socket.close());
      this.#change("waiting");
      this.#endWait();
    };
    const comeBack = () => {
      if (this.#isAway) this.reconnect();
    };
    watchPage({ doubt, hurry, leave, comeBack }, sleepMs, this.#life.signal);
  }

  /** The connection seems open, and may be gone: nothing more is given to it, and what came is heard before it is replaced. */
  #doubt(): void {
    if (this.#state !== "open") return;
    this.#isDoubted = true;
    this.#change("connecting");
    setTimeout(() => {
      if (this.#isDoubted) this.reconnect();
    }, SETTLE_MS);
  }
}
