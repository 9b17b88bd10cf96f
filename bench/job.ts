import type { MessageShape } from "./shape.ts";

/** How the senders send. */
export type Load =
  /** Each sender sends `batch` messages at once, and again when they have reached every member. */
  | { kind: "closed"; batch: number }
  /** All senders together send so many messages a second, whatever the server does. */
  | { kind: "rate"; perSecond: number }
  /** No messages: `sessions` are opened, `atOnce` at a time. */
  | { kind: "upgrades"; sessions: number; atOnce: number }
  /** No messages: memory is read before and after `sessions` have been opened. */
  | { kind: "idle"; sessions: number }
  /** Neither sessions nor messages: the server is started so many times, and its memory read after so long. */
  | { kind: "start"; times: number; settleMs: number };

/** What a protocol above WebSocket says first: a message of the client, and so many of the server's. */
export type Greeting = { send: string; answers: number };

/** One server that is loaded: which sessions to open there, and what to send. */
export type Job = {
  /** The server, as errors name it. */
  name: string;
  port: number;
  /** The server's process. */
  pid: number;
  /** Where sessions are opened; `GROUP` in it becomes the number of the group. */
  path: string;
  /** A GET here makes the server collect its garbage. */
  collectPath: string;
  groups: number;
  /** Members of each group. */
  members: number;
  /** How many of a group's members send. */
  senders: number;
  /** How often each message comes to each member. */
  copies: number;
  shape: MessageShape;
  /** The sessions agree with the server on permessage-deflate. */
  compress: boolean;
  greeting?: Greeting | undefined;
  /** What the sessions did when they were opened is known everywhere after this time, in milliseconds. */
  settleMs: number;
  load: Load;
  /** Without any message for this long, what is under way counts as lost. */
  patienceMs: number;
};

/** What the load process is told: the servers are loaded slice by slice in turn, so that noise meets them alike. */
export type Task = {
  jobs: Job[];
  slices: number;
  warmUpMs: number;
  sliceMs: number;
  /** Count instructions with `perf`. */
  countInstructions: boolean;
};

/** What one slice cost. */
export type Slice = {
  /** Messages that reached a member; sessions, where sessions are what is measured. */
  deliveries: number;
  wallSeconds: number;
  /** User and system time of the server. */
  cpuSeconds: number;
  userSeconds: number;
  /** The load process's own CPU time. */
  loadSeconds: number;
};

/** What the load process found of one server, without the warm-up. */
export type Outcome = {
  slices: Slice[];
  p50Ms: number;
  p99Ms: number;
  /** Instructions outside of the kernel in all slices, where `perf` counts them. */
  instructions?: number;
  bytesPerSession?: number;
  /** The server's memory with all its sessions. */
  bytes?: number;
  /** From the start of the process to its first answer. */
  startMs?: number;
  /** The memory of a server that has done nothing yet. */
  idleBytes?: number;
};

/** The load process's last line of output. */
export type Answer = { outcomes: Outcome[] } | { error: string };
