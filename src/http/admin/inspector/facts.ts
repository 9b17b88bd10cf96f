import type { ControllerInfo } from "../../../controllers/api.ts";
import type { KnownFault } from "../../../controllers/fault-book.ts";
import type { KeptLine } from "../../../core/log-book.ts";
import type { SeriesPart } from "../../../core/series.ts";
import type { Health, Page, PageQuery, SessionDetails, SessionQuery, SessionRow } from "../backend.ts";

/** A controller, and how many sessions it has. */
export type ControllerRow = ControllerInfo & { sessions: number };

export type GroupRow = {
  name: string;
  /** How many sessions are in it, on all nodes. */
  size: number;
  /** What its members here were sent since somebody here is in it. */
  messages: number;
  /** Bytes of binary and characters of text. */
  messageSize: number;
};

export const groupSorts = ["name", "size", "messages", "messageSize"] as const;

export type GroupSort = (typeof groupSorts)[number];

export type GroupQuery = PageQuery & {
  /** What its name contains, in either case. */
  text?: string | undefined;
  sort: GroupSort | `-${GroupSort}`;
};

/** What the page wants to know. */
export type FactsQuery = {
  sessions?: SessionQuery | undefined;
  groups?: GroupQuery | undefined;
  /** The id of one session, the name of one group. */
  session?: string | undefined;
  group?: string | undefined;
  after: Cursor;
};

/** What the page knows already. */
export type Cursor = {
  /** Samples up to this second since 1970. */
  second: number;
  /** Lines of the log up to this number, by where they were written. */
  lines: Record<string, number>;
};

/** What is noted of the log: by a thread that serves, and by one that starts others. */
export type NotedPart = {
  /** Which thread of which process this is. */
  source: string;
  lines: KeptLine[];
  faults: KnownFault[];
  /** Why the last load was refused; empty if it was not. */
  lastFault: string;
};

/** What one event loop knows beside its sessions: plain data, which `uniteParts` makes facts of. */
export type FactsPart = NotedPart & {
  /** Samples from a few seconds before those that the page lacks. */
  series: SeriesPart;
  controllers: ControllerRow[];
  groups?: Page<GroupRow>;
  group?: GroupRow | undefined;
};

/** What the page is told. */
export type Facts = {
  /** Milliseconds since 1970, by the server's clock. */
  now: number;
  /** The page has nothing of this process yet, or nothing that counts. */
  isAnew: boolean;
  health: Health;
  /** Why the last load was refused; empty if it was not. */
  lastFault: string;
  /** Samples that the page does not have yet, one a second. */
  series: SeriesPart;
  /** Lines of the log that the page does not have yet. */
  lines: KeptLine[];
  controllers: ControllerRow[];
  /** The newest first. */
  faults: KnownFault[];
  sessions?: Page<SessionRow>;
  groups?: Page<GroupRow>;
  /** The one that was asked for; null if it is not open. */
  session?: SessionDetails | null;
  /** The one that was asked for; null if nobody is in it. */
  group?: GroupRow | null;
  /** What the page has with this, to be given back as it is. */
  cursor: string;
};
