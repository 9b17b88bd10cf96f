/** What the server tells the inspector, about once a second: the same types as the server's own (a test compares them). */
export type Facts = {
  /** Milliseconds since 1970, by the server's clock. */
  now: number;
  /** What this page has is of another process, or it has nothing. */
  isAnew: boolean;
  health: Health;
  /** Why the last load was refused; empty if it was not. */
  lastFault: string;
  /** Samples that this page does not have yet. */
  series: SeriesPart;
  /** Lines of the log that this page does not have yet. */
  lines: KeptLine[];
  /** Absent if they are what they were. */
  controllers?: ControllerRow[];
  faults?: KnownFault[];
  /** What the view that is shown asked for. */
  sessions?: Page<SessionRow>;
  groups?: Page<GroupRow>;
  /** The one that was asked for; null if it is not open. */
  session?: SessionDetails | null;
  group?: GroupRow | null;
  /** What this page has with this, to be given back as it is. */
  cursor: string;
};

export type Health = {
  status: "ready" | "not ready";
  reason?: string;
  version: string;
  runtime: string;
  generation: number;
  lastFault?: string;
  startedAt: string;
  uptimeSeconds: number;
  sessions: number;
  groups: number;
  eventLoopLagSeconds: number;
  memoryBytes: number;
};

export type SeriesPart = Record<"at" | "sessions" | "received" | "sent" | "lagMs" | "memoryBytes", number[]>;

export type Level = "debug" | "info" | "warning" | "error";

export type KeptLine = {
  number: number;
  at: number;
  level: Level;
  text: string;
  detail?: string;
  isController: boolean;
};

export type ControllerRow = {
  path: string;
  file: string;
  methods: string[];
  webSocket: boolean;
  sessions: number;
};

export type KnownFault = {
  controller: string;
  at: number;
  generation: number;
  text: string;
  detail?: string;
  place?: { file: string; line: number; column: number };
  frame?: { number: number; text: string }[];
  count: number;
};

export type Page<Row> = { total: number; rows: Row[] };

export type SessionRow = {
  id: string;
  path: string;
  controller: string;
  address: string;
  /** ISO 8601 in UTC. */
  openedAt: string;
  groupCount: number;
  messagesReceived: number;
  messagesSent: number;
  /** Bytes of binary and characters of text. */
  sizeReceived: number;
  sizeSent: number;
  backlogBytes: number;
};

export type SessionDetails = SessionRow & { groups: string[]; timeoutSeconds: number; user?: unknown };

export type GroupRow = { name: string; size: number; messages: number; messageSize: number };
