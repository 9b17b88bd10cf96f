/**
 * The types of Hubbub's browser client, `/-/client.js`; docs/client.md explains it.
 *
 * Nothing is imported here: a copy beside a copy of `client.js` is complete.
 */

/** What a path takes from a session, and what it sends to one. */
export type Messages = { takes: unknown; sends: unknown };

/**
 * - `connecting`: a try is under way.
 * - `open`: messages come and go.
 * - `waiting`: for the next try, at `retryAt`.
 * - `closed`: for good, unless `reconnect()` is called.
 */
export type State = "connecting" | "open" | "waiting" | "closed";

export type ConnectOptions = {
  /** `json`, the default: every message but bytes is JSON, both ways. `text`: every message but bytes is a plain text. */
  format?: "json" | "text";
  /** The sub-protocols to offer. */
  protocols?: string | string[];
  /** A token for `hubbub/auth`, or what gets one: it is asked again for every try. Nothing, null or "" offers none. */
  token?: string | (() => Token | Promise<Token>);
  /** How many messages wait while the session is not open; 100. */
  maxQueuedMessages?: number;
  /** About how long to wait after the first failure; 500. It doubles with each, less up to a half at random. */
  minDelayMs?: number;
  /** The longest wait; 30,000. */
  maxDelayMs?: number;
  /** How long a try, or getting its token, may take; 10,000. */
  connectTimeoutMs?: number;
  /** A page that has not run for this long takes a new connection; 90,000. */
  sleepMs?: number;
};

export type Token = string | null | undefined;

/** What can be sent as it is, whatever the format. */
export type Bytes = ArrayBuffer | ArrayBufferView<ArrayBuffer> | Blob;

/** Why a connection ended: 1006 if it was lost, or never came to be. */
export type Ending = { code: number; reason: string };

export type SessionEvents<M extends Messages> = {
  /** A message came: `event.data` is the value, the text, or an `ArrayBuffer`. */
  message: MessageEvent<M["sends"]>;
  /** `state`, `retryAt` or `ending` is another. */
  state: Event;
  /** A message was refused because as many wait as may. */
  full: Event;
};

/** A session that stays: when its connection ends it connects again, unless the server said that it should not. */
export interface Session<M extends Messages = Messages> extends EventTarget {
  readonly state: State;
  /** When the next try is due while `waiting`, in milliseconds since 1970. */
  readonly retryAt: number | undefined;
  /** How the last connection ended; undefined as long as none has. */
  readonly ending: Ending | undefined;
  /** How many messages wait to be sent. */
  readonly queuedCount: number;

  /**
   * Sends `message`, or keeps it until the session is open.
   *
   * @returns false if it was refused: the session is closed, or as many messages wait as may (`full`)
   */
  send(message: M["takes"] | Bytes): boolean;
  /** Takes the messages that wait out of the queue: they will not be sent. */
  takeQueued(): (M["takes"] | Bytes)[];
  /** Connects at once, anew if the session is open, and also after the end. */
  reconnect(): void;
  /** Ends the session for good. */
  close(code?: number, reason?: string): void;

  addEventListener<K extends keyof SessionEvents<M>>(
    type: K,
    listener: (event: SessionEvents<M>[K]) => void,
    options?: boolean | AddEventListenerOptions,
  ): void;
  removeEventListener<K extends keyof SessionEvents<M>>(
    type: K,
    listener: (event: SessionEvents<M>[K]) => void,
    options?: boolean | EventListenerOptions,
  ): void;
}

/**
 * A path on this page's server, such as `/chat?name=Ada`, or a whole address (`https:` and `wss:` mean the same).
 *
 * A function is asked again for every try.
 */
export type Address = string | URL | (() => string | URL);

/**
 * Opens a session and keeps it open.
 *
 * @throws {TypeError} if `address` is none
 * @example const room = connect("/chat"); room.addEventListener("message", ({ data }) => console.log(data));
 */
export declare function connect<M extends Messages = Messages>(address: Address, options?: ConnectOptions): Session<M>;

/**
 * The type of `connect` for the paths of one server.
 *
 * @example const open = connect as Connect<Paths>; const room = open("/chat");
 */
export type Connect<Paths> = <A extends string>(
  address: Known<Paths, A> | (() => Known<Paths, A>),
  options?: ConnectOptions,
) => Session<MessagesOf<Paths, Pattern<Paths, A>>>;

/** `A`, if one of `Paths` answers it. */
type Known<Paths, A extends string> = A & (Pattern<Paths, A> extends never ? keyof Paths : string);

type MessagesOf<Paths, P> = P extends keyof Paths ? (Paths[P] extends Messages ? Paths[P] : never) : never;

/** The path among `Paths` that answers the address `A`: itself, or else those whose parameters it fills. */
type Pattern<Paths, A extends string> = Extract<
  WithoutQuery<A> extends keyof Paths
    ? WithoutQuery<A>
    : { [P in keyof Paths & string]: WithoutQuery<A> extends Filled<P> ? P : never }[keyof Paths & string],
  string
>;

type WithoutQuery<A extends string> = A extends `${infer Path}?${string}` ? Path : A;

type Filled<P extends string> = P extends `${infer Before}:${string}/${infer After}`
  ? `${Before}${string}/${Filled<After>}`
  : P extends `${infer Before}:${string}`
    ? `${Before}${string}`
    : P;
