/** A message as it came: text, or the bytes of a binary frame. */
export type Message = string | Uint8Array<ArrayBuffer>;

/** What a controller knows of a session: who it is, where it connected, with which parameters. */
export type SessionInfo<User = unknown, Given = Params> = {
  /** Unguessable, unique in the cluster. */
  readonly id: string;
  /** The path that the client asked for, such as `/room/7`. */
  readonly path: string;
  /** Path and query parameters of the upgrade, several values of one name as an array; or what the controller's schema makes of them. */
  readonly params: Given;
} & (unknown extends User
  ? {
      /** Who the client is, if its token was verified. */
      readonly user?: unknown;
    }
  : { readonly user: User });

export type Params = Record<string, string | string[]>;

/** The session is open: it can be sent to and added to groups. */
export type OpenEvent<Data = unknown, User = unknown, Given = Params> = {
  type: "open";
  session: SessionInfo<User, Given>;
  data: Data;
};

/** The session sent a message: text or bytes, or what the controller's schema makes of it. */
export type MessageEvent<Data = unknown, User = unknown, Taken = Message, Given = Params> = {
  type: "message";
  session: SessionInfo<User, Given>;
  data: Data;
  message: Taken;
};

/** The session has ended and has left its groups. */
export type CloseEvent<Data = unknown, User = unknown, Given = Params> = {
  type: "close";
  session: SessionInfo<User, Given>;
  data: Data;
  /** The close code that the session saw. */
  closeReason: number;
  /** The close reason's text, often empty. */
  reason: string;
};

/** Something went wrong with the session; its `close` follows, unless it was an invalid message. */
export type ErrorEvent<Data = unknown, User = unknown, Given = Params> = {
  type: "error";
  session: SessionInfo<User, Given>;
  data: Data;
  error: string;
  /** What was thrown, where something was. */
  cause?: unknown;
  /** The session sent a message that the controller's schema does not take: what the schema says; empty if it was no JSON. */
  issues?: readonly Issue[];
};

/** One thing that is wrong with a message, and where. */
export type Issue = {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
};

/** A session has joined a group, or has left it. */
export type GroupEvent = {
  type: "join" | "leave";
  group: string;
  session: {
    readonly id: string;
  };
  /** How many are in the group now: at this node, or in the whole cluster if the controller's scope is that. */
  size: number;
};

export type SessionEvent<Data = unknown, User = unknown, Taken = Message, Given = Params> =
  | OpenEvent<Data, User, Given>
  | MessageEvent<Data, User, Taken, Given>
  | CloseEvent<Data, User, Given>
  | ErrorEvent<Data, User, Given>;
