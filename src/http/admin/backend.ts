import type { EncodedMessage } from "../../groups/message.ts";

/** What is asked for of a list: how many to leave out, and how many to give at most. */
export type PageQuery = { offset: number; limit: number };

/** A part of a list, and how long the whole is. */
export type Page<Row> = { total: number; rows: Row[] };

export type GroupRow = {
  name: string;
  /** How many sessions are in it. */
  size: number;
};

export type GroupQuery = PageQuery & {
  /** What the names begin with. */
  prefix: string;
  /** `-` before it for the other way round. */
  sort: "name" | "-name" | "size" | "-size";
};

export type SessionRow = {
  id: string;
  path: string;
  /** The path pattern of its controller. */
  controller: string;
  /** The remote address, as far as trusted proxies tell. */
  address: string;
  /** ISO 8601 in UTC. */
  openedAt: string;
  groupCount: number;
  messagesReceived: number;
  messagesSent: number;
  /** Bytes of binary and characters of text. */
  sizeReceived: number;
  sizeSent: number;
  /** What waits for it because it reads slowly. */
  backlogBytes: number;
};

export type SessionDetails = SessionRow & {
  /** Their names, sorted. */
  groups: string[];
  /** Seconds without a sign of life before it is closed; 0 for never. */
  timeoutSeconds: number;
  /** Who its client is; absent if it came without a token. */
  user?: unknown;
};

/** What sessions can be sorted by. */
export const sessionSorts = [
  "opened",
  "path",
  "address",
  "groups",
  "received",
  "sent",
  "sizeReceived",
  "sizeSent",
  "backlog",
] as const;

export type SessionQuery = PageQuery & {
  /** The path of the session or of its controller. */
  path: string | undefined;
  group: string | undefined;
  /** What its path, id, address or user contains, in either case. */
  text?: string | undefined;
  /** `opened` is the order in which they were opened; `-` before it for the other way round. */
  sort: SessionSort | `-${SessionSort}`;
};

export type SessionSort = (typeof sessionSorts)[number];

/** How the server is. */
export type Health = {
  status: "ready" | "not ready";
  /** Why it is not ready. */
  reason?: string;
  version: string;
  runtime: string;
  /** The number of the generation that serves. */
  generation: number;
  /** Why the last load was refused; absent if it was not. */
  lastFault?: string;
  startedAt: string;
  uptimeSeconds: number;
  sessions: number;
  groups: number;
  /** The longest that the event loop was late in the last seconds. */
  eventLoopLagSeconds: number;
  memoryBytes: number;
  /** 0 stands for none. */
  limits: {
    maxSessions: number;
    maxSessionsPerAddress: number;
    maxUpgradesPerSecond: number;
    maxMessageBytes: number;
    maxBacklogBytes: number;
    maxGroups: number;
  };
};

/** What the API asks of the server; whoever hands it in may have to ask others. */
export type Backend = {
  /** Sends to a group; answers how many sessions are in it. */
  publish(group: string, message: EncodedMessage, except: string | undefined): number | Promise<number>;
  /** False if the session is not open. */
  send(session: string, message: EncodedMessage): boolean | Promise<boolean>;
  close(session: string, code: number, reason: string): boolean | Promise<boolean>;
  listGroups(query: GroupQuery): Page<GroupRow> | Promise<Page<GroupRow>>;
  listSessions(query: SessionQuery): Page<SessionRow> | Promise<Page<SessionRow>>;
  findSession(id: string): SessionDetails | undefined | Promise<SessionDetails | undefined>;
  readHealth(): Health | Promise<Health>;
};
