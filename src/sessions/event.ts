/** A message as it came: text, or the bytes of a binary frame. */
export type Message = string | Uint8Array<ArrayBuffer>;

/** What a controller knows of a session: who it is, where it connected, with which parameters. */
export type SessionInfo<User = unknown> = {
  /** Unguessable, unique in the cluster. */
  readonly id: string;
  /** The path that the client asked for, such as `/room/7`. */
  readonly path: string;
  /** Path and query parameters of the upgrade; several values of one name are an array. */
  readonly params: Params;
} & (unknown extends User
  ? {
      /** Who the client is, if its token was verified. */
      readonly user?: unknown;
    }
  : { readonly user: User });

export type Params = Record<string, string | string[]>;

/** The session is open: it can be sent to and added to groups. */
export type OpenEvent<Data = unknown, User = unknown> = { type: "open"; session: SessionInfo<User>; data: Data };

/** The session sent a message. */
export type MessageEvent<Data = unknown, User = unknown> = {
  type: "message";
  session: SessionInfo<User>;
  data: Data;
  message: Message;
};

/** The session has ended and has left its groups. */
export type CloseEvent<Data = unknown, User = unknown> = {
  type: "close";
  session: SessionInfo<User>;
  data: Data;
  /** The close code that the session saw. */
  closeReason: number;
  /** The close reason's text, often empty. */
  reason: string;
};

/** Something went wrong with the session; its `close` follows. */
export type ErrorEvent<Data = unknown, User = unknown> = {
  type: "error";
  session: SessionInfo<User>;
  data: Data;
  error: string;
  /** What was thrown, where something was. */
  cause?: unknown;
};

export type SessionEvent<Data = unknown, User = unknown> =
  OpenEvent<Data, User> | MessageEvent<Data, User> | CloseEvent<Data, User> | ErrorEvent<Data, User>;
