import type {
  CloseEvent,
  ErrorEvent,
  GroupEvent,
  Message,
  MessageEvent,
  OpenEvent,
  Params,
  SessionEvent,
} from "../sessions/event.ts";
import type { GroupScope } from "./group-listener.ts";
import type { OnInvalid } from "./invalid-message.ts";
import type { Sender } from "./sender.ts";
import type { StandardSchema } from "./standard-schema.ts";

export type { InvalidMessageCode, InvalidMessageFrame } from "./invalid-message.ts";
export type { GroupScope } from "./group-listener.ts";
export type { GroupSendOptions, Sender, SendOptions } from "./sender.ts";
export type { StandardSchema } from "./standard-schema.ts";
export type {
  CloseEvent,
  ErrorEvent,
  GroupEvent,
  Issue,
  Message,
  MessageEvent,
  OpenEvent,
  Params,
  SessionEvent,
  SessionInfo,
} from "../sessions/event.ts";

/** What `get`, `post` and the others are given; each value is computed when it is first read. */
export type ControllerRequest = {
  readonly method: string;
  readonly scheme: "http" | "https";
  readonly host: string;
  readonly port: number;
  /** The path, percent-decoded. */
  readonly path: string;
  /** The path as it was sent. */
  readonly rawPath: string;
  readonly url: string;
  readonly remoteAddress: string;
  readonly mode: "live";
  /** True only for a valid upgrade (RFC 6455, version 13). */
  readonly webSocket: boolean;
  /** Absent without a body that is text. */
  readonly contentType?: string;
  /** The body, if its type is text or JSON. */
  readonly body?: string;
  /** Query and form fields, and the path's parameters, which win; several values of a name are an array. */
  readonly params: Params;
  /** Names in their usual capitals: `User-Agent`; several values of a name are joined with `, `. */
  readonly headers: Record<string, string>;
  readonly cookies: Record<string, string>;
  /** Languages from `Accept-Language`, the best first. */
  readonly locales: string[];
  /** Who sent it, if a guard of `hubbub/auth` has verified its token. */
  readonly user?: unknown;
  /** The standard request, with its body unread: what a Hono app's `fetch` takes. */
  readonly raw: Request;
  /** A header's value, its name in any case; null if it is absent. */
  getHeader(name: string): string | null;
};

export type Cookie = {
  value: string;
  path?: string;
  domain?: string;
  /** Seconds. */
  maxAge?: number;
  secure?: boolean;
  httpOnly?: boolean;
  sameSite?: "strict" | "lax" | "none";
};

/** How an upgrade is accepted; `{}` is enough. */
export type AcceptUpgrade<Data = unknown> = {
  /** The first one that the client offers is chosen. */
  subProtocols?: string | readonly string[];
  /** Every event of the session carries it: one object for life. */
  data?: Data;
  /** Seconds without a sign of life before the session is closed; 0 for never; `--timeout` if absent. */
  timeout?: number;
  /** Replaces the check of the `Origin` header: true accepts, all else is 403. */
  checkOrigin?: (origin: string | undefined) => boolean;
  /** Headers of the 101 answer. */
  headers?: Record<string, string>;
};

/** An HTTP answer, or with `webSocket` an accepted upgrade. */
export type ControllerResponse<Data = unknown> = {
  status?: number;
  /** Text, bytes, a stream, or an object or array that is sent as JSON. */
  body?: unknown;
  contentType?: string;
  /** A null value removes the header. */
  headers?: Record<string, string | number | null | undefined>;
  cookies?: Record<string, string | Cookie>;
  /** Answers 303 with this `Location`. */
  redirect?: string;
  webSocket?: AcceptUpgrade<Data>;
};

type Awaitable<T> = T | Promise<T>;

export type HttpAnswer<Data = unknown> = Awaitable<ControllerResponse<Data> | Response>;

/** The methods that a controller can export, in lower or upper case. */
export const methodNames = ["get", "post", "put", "patch", "delete", "head", "options"] as const;

export type MethodName = (typeof methodNames)[number];

type EventHandler<Event, Sent> = (event: Event, sender: Sender<Sent>) => unknown;

type Handlers<Data, User, Taken, Sent, Given> = {
  /** Hears every event. */
  webSocketEvent?: EventHandler<SessionEvent<Data, User, Taken, Given>, Sent>;
  open?: EventHandler<OpenEvent<Data, User, Given>, Sent>;
  /**
   * Hears messages as they come; or the schema that they must match: then each is parsed as JSON and validated, and `onMessage` or
   * `webSocketEvent` gets what the schema makes of it.
   */
  message?: StandardSchema<Taken> | EventHandler<MessageEvent<Data, User, Message, Given>, Sent>;
  /** Hears messages that match the schema in `message`. */
  onMessage?: EventHandler<MessageEvent<Data, User, Taken, Given>, Sent>;
  /** What becomes of a session whose message does not match: it is told so and stays open, or is closed with 4400 as well. */
  onInvalid?: OnInvalid;
  /** What the messages must match that go out through the `sender`, the second argument of each function. */
  sends?: StandardSchema<unknown, Sent>;
  /** What the path and query parameters of an upgrade must match: what it makes of them is `session.params`. */
  params?: StandardSchema<Given>;
  close?: EventHandler<CloseEvent<Data, User, Given>, Sent>;
  error?: EventHandler<ErrorEvent<Data, User, Given>, Sent>;
  /** Hears that sessions of this controller join groups and leave them; `group` is the same. */
  groupEvent?: EventHandler<GroupEvent, Sent>;
  group?: EventHandler<GroupEvent, Sent>;
  /**
   * Of which sessions `group` hears: those at its own node (the default), or, for each change once, those of the whole cluster. Then the
   * node with the session runs it, and another one if that node is gone.
   */
  scope?: GroupScope;
};

declare const userType: unique symbol;

/** A method that takes requests of a `User` only: what a guard of `hubbub/auth` makes. */
export type OfUser<User> = { readonly [userType]?: User };

type Method<Answer, Sent> = (request: ControllerRequest, sender: Sender<Sent>) => Answer;

/**
 * A controller as it is written for `defineController`.
 *
 * Its messages are of the type `Taken`, and what it sends through its `sender` is `Sent`: without `sends` there is no sender. Its sessions'
 * parameters are `Given`.
 */
export type ControllerDefinition<
  Data = unknown,
  User = unknown,
  Taken = Message,
  Sent = never,
  Given = Params,
> = Handlers<Data, User, Taken, Sent, Given> & {
  get?: Method<HttpAnswer<Data>, Sent> & OfUser<User>;
} & {
  [Name in Exclude<MethodName, "get"> | "all"]?: Method<HttpAnswer, Sent>;
};

/** Marks what `defineController` made, so that without a `get` it accepts every upgrade. */
export const defined: unique symbol = Symbol.for("hubbub.defined");

/**
 * Gives a controller its types: what `get` returns as `data` is what the events carry, and so is its guard's user; messages and
 * parameters are what the schemas in `message` and `params` make of them.
 *
 * Without a `get` every upgrade is accepted.
 */
export function defineController<
  Data = Record<string, unknown>,
  User = unknown,
  Taken = Message,
  Sent = never,
  Given = Params,
>(
  definition: ControllerDefinition<Data, User, Taken, Sent, Given>,
): ControllerDefinition<Data, User, Taken, Sent, Given> {
  return Object.assign(definition, { [defined]: true });
}
