import { EventTimes } from "./event-times.ts";

/** Why an upgrade was refused before a session was made. */
export const refusalReasons = [
  "max-sessions",
  "max-sessions-per-address",
  "max-upgrades",
  "draining",
  "origin",
  "params",
] as const;

export type RefusalReason = (typeof refusalReasons)[number];

/** Why a request was refused before a controller saw it. */
export type RequestRefusal = "headers-too-large" | "body-too-large" | "body-too-slow";

/** Why a request to the inspector or the API was refused. */
export type AccessRefusal = "admin-origin" | "admin-attempts" | "admin-token";

/** Close codes that are counted each by itself; clients may send any of three thousand. */
const MAX_CLOSE_CODES = 64;

/** What this process has counted since it started: plain integers, so that counting costs next to nothing. */
export class Metrics {
  sessionsOpened = 0;
  /** Sessions that have ended, by the close code that they saw; 0 stands for codes above the sixty-fourth. */
  readonly sessionsClosed = new Map<number, number>();
  /** Upgrades that were refused, by reason. */
  readonly upgradesRefused: Record<RefusalReason, number> = {
    "max-sessions": 0,
    "max-sessions-per-address": 0,
    "max-upgrades": 0,
    draining: 0,
    origin: 0,
    params: 0,
  };
  /** Requests that were refused, by reason; the runtime refuses some by itself, which nobody counts. */
  readonly requestsRefused: Record<RequestRefusal | AccessRefusal, number> = {
    "headers-too-large": 0,
    "body-too-large": 0,
    "body-too-slow": 0,
    "admin-origin": 0,
    "admin-attempts": 0,
    "admin-token": 0,
  };
  messagesReceived = 0;
  /** Bytes of binary and characters of text in them. */
  sizeReceived = 0;
  /** Messages that did not match their controller's schema. */
  messagesInvalid = 0;
  /** A message to a group counts once for each member. */
  messagesSent = 0;
  /** Bytes of binary and characters of text in them. */
  sizeSent = 0;
  /** Sessions that were closed because they read too slowly. */
  slowSessionsClosed = 0;
  /** Sessions that were closed because they sent too much. */
  floodingSessionsClosed = 0;
  /** Requests and sessions whose token was missing or not valid. */
  tokensRefused = 0;
  /** Sessions that were refused another group. */
  groupsRefused = 0;
  /** How often a full inbox stopped the reading of a session. */
  inboxesFull = 0;
  /** How long events take. */
  readonly eventTimes = new EventTimes();
  /** Events that a controller failed in, by its path. */
  readonly eventErrors = new Map<string, number>();
  /** Requests that a controller failed to answer, by its path. */
  readonly requestErrors = new Map<string, number>();
  /** Frames that left for other nodes. */
  framesSent = 0;
  /** Frames that came from other nodes. */
  framesReceived = 0;
  /** Frames for other nodes that did not leave, because the bus was not up. */
  framesLost = 0;
  /** Frames of other nodes that did not come, as the next one to the same group showed. */
  framesMissed = 0;
  /** What came over the bus and was no frame. */
  framesMalformed = 0;

  countClosed(code: number): void {
    const { sessionsClosed } = this;
    const isKept = sessionsClosed.size < MAX_CLOSE_CODES || sessionsClosed.has(code);
    countIn(sessionsClosed, isKept ? code : 0);
  }

  countEventError(path: string): void {
    countIn(this.eventErrors, path);
  }

  countRequestError(path: string): void {
    countIn(this.requestErrors, path);
  }
}

function countIn<Key>(counts: Map<Key, number>, key: Key): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
