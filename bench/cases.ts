import { availableParallelism } from "node:os";
import type { Job, Load } from "./job.ts";
import type { Kind } from "./servers.ts";
import { createShape } from "./shape.ts";

/** One thing that is measured. */
export type Case = {
  name: string;
  title: string;
  kind: Kind;
  /** What a cost counts: the CPU of one delivery or upgrade, the memory of one session; the time of one start, the memory after it. */
  unit: "delivery" | "upgrade" | "session" | "start" | "process";
  /** Belongs to the quick form. */
  isQuick: boolean;
  /** The ratio to the control that the project wants to reach. */
  target?: number;
  /** What Hubbub may cost at most, whatever the control costs, in the unit of the table. */
  limit?: number;
  /** How many milliseconds Hubbub's p99 latency may be above the control's. */
  lagMs?: number;
  /** Flags for Hubbub alone. */
  flags: string[];
  groups: number;
  members: number;
  senders: number;
  copies: number;
  bytes: number;
  /** Both compress, with clients that offer it. */
  compress: boolean;
  load: Load;
};

/** Without any message for this long, what is under way counts as lost. */
const PATIENCE_MS = 5000;

type Given = Pick<Case, "name" | "title"> & Partial<Case>;

const define = (given: Given): Case => ({
  kind: "room",
  unit: "delivery",
  isQuick: false,
  flags: [],
  groups: 1,
  members: 1,
  senders: 1,
  copies: 1,
  bytes: 64,
  compress: false,
  load: { kind: "closed", batch: 1 },
  ...given,
});

/**
 * One sender, whose next message goes out when the last one has reached every member.
 *
 * If that takes less than `--coalesce`, the next message would wait for the end of the window, and the two servers would
 * not be loaded alike: so there is no window.
 */
const fanOut = (members: number, bytes: number): Case =>
  define({
    name: `fan-out-${members}-${bytes === 64 ? "64b" : "1kib"}`,
    title: `One sender to ${members.toLocaleString("en")} members, ${bytes === 64 ? "64 B" : "1 KiB"}`,
    isQuick: members === 1000 && bytes === 64,
    flags: ["--coalesce", "0"],
    target: 1.02,
    members,
    bytes,
  });

const echo = (given: Given): Case =>
  define({ kind: "echo", groups: 64, load: { kind: "closed", batch: 16 }, isQuick: true, ...given });

/** Messages that come at a fixed rate, whatever the server does. */
const openLoop = (members: number, perSecond: number, given: Partial<Case> = {}): Case =>
  define({
    name: `rate-${perSecond}-to-${members}`,
    title: `${perSecond.toLocaleString("en")} messages a second to ${members.toLocaleString("en")} members`,
    members,
    senders: 20,
    load: { kind: "rate", perSecond },
    ...given,
  });

/** The same with a longer window than the default. */
const openLoop5 = (members: number, perSecond: number): Case => {
  const { name, title } = openLoop(members, perSecond);
  return openLoop(members, perSecond, {
    name: `${name}-5ms`,
    title: `${title}, --coalesce 5ms`,
    flags: ["--coalesce", "5ms"],
    target: 0.3,
    lagMs: 5,
  });
};

/** The cases, in the order of the table. */
export const cases: readonly Case[] = [
  ...[100, 1000, 5000].flatMap((members) => [fanOut(members, 64), fanOut(members, 1024)]),
  define({
    name: "fan-out-100-waiting",
    title: "One sender to 100 members, 64 B, in the default window",
    members: 100,
  }),
  define({ name: "groups", title: "500 groups of 10", groups: 500, members: 10, isQuick: true, target: 1.05 }),
  define({ name: "many-senders", title: "64 senders into one group of 200", members: 200, senders: 64, isQuick: true }),
  openLoop(1000, 50),
  openLoop(100, 1000, { isQuick: true, target: 0.6, lagMs: 2 }),
  openLoop5(100, 1000),
  openLoop(1000, 1000, { target: 0.6, lagMs: 2 }),
  openLoop5(1000, 1000),
  echo({ name: "echo", title: "Echo on 64 sessions, 16 messages at once on each", target: 1.1 }),
  echo({
    name: "echo-async",
    title: "Echo through an async handler that awaits something",
    kind: "echo-async",
    target: 1.1,
  }),
  echo({
    name: "echo-ready",
    title: "Echo through an async handler that awaits nothing",
    kind: "echo-ready",
    isQuick: false,
  }),
  echo({
    name: "json",
    title: "JSON checked with a valibot schema, and sent back",
    kind: "json",
    isQuick: false,
    bytes: 128,
  }),
  echo({
    name: "burst",
    title: "10 sends to one session in a tick",
    kind: "burst",
    copies: 10,
    load: { kind: "closed", batch: 1 },
  }),
  define({
    name: "upgrades",
    title: "Upgrades, 64 at a time",
    kind: "upgrade",
    unit: "upgrade",
    isQuick: true,
    target: 1.3,
    load: { kind: "upgrades", sessions: 7500, atOnce: 64 },
  }),
  define({
    name: "idle",
    title: "15,000 idle sessions",
    kind: "upgrade",
    unit: "session",
    target: 1.6,
    load: { kind: "idle", sessions: 15_000 },
  }),
  define({
    name: "compress",
    title: "One sender to 1,000 members, 1 KiB of words, compressed",
    members: 1000,
    bytes: 1024,
    compress: true,
  }),
  define({
    name: "start",
    title: "From the start of the process to its first answer",
    kind: "upgrade",
    unit: "start",
    limit: 60,
    load: { kind: "start", times: 5, settleMs: 0 },
  }),
  define({
    name: "memory",
    title: "Memory of a server that nobody has used",
    kind: "upgrade",
    unit: "process",
    limit: 60,
    load: { kind: "start", times: 1, settleMs: 1000 },
  }),
];

/** What is measured on several workers: a fixed rate, so that what waits for another worker costs no time of the next message. */
export const scalingCases: readonly Case[] = [
  openLoop(500, 200, { name: "scaling-1", title: "200 messages a second to one group of 500" }),
  openLoop(10, 5000, {
    name: "scaling-100",
    title: "5,000 messages a second to 100 groups of 10",
    groups: 100,
    senders: 1,
  }),
];

/** Finds cases by their names. */
export function findCase(name: string): Case | undefined {
  return [...cases, ...scalingCases].find((known) => known.name === name);
}

/** How many sessions the load process opens at most at the same time; idle ones are opened on one server after the other. */
export function countSessions({ load, groups, members }: Case): number {
  switch (load.kind) {
    case "start":
      return 0;
    case "idle":
      return load.sessions + 500;
    case "upgrades":
      return 2 * Math.ceil(load.sessions * 1.25);
    default:
      return 2 * groups * members;
  }
}

/**
 * The core of the load process; the servers have the first, 0.
 *
 * At a fixed rate it has one of its own, so that the messages wait for nobody but the server. Otherwise it shares theirs:
 * on another it sleeps and is woken for a message, or not, and what that costs the server depends on how busy the load is;
 * the ratios of pairs then lie about twice as far apart.
 */
export function findLoadCore({ load }: Case): number {
  return load.kind === "rate" && availableParallelism() > 1 ? 1 : 0;
}

/** What the load process does for a case on one server. */
export function toJob(
  { kind, groups, members, senders, copies, bytes, compress, load }: Case,
  server: Pick<Job, "name" | "port" | "pid">,
): Job {
  return {
    ...server,
    path: kind === "room" ? "/room/GROUP" : `/${kind}`,
    collectPath: "/collect",
    groups,
    members,
    senders,
    copies,
    shape: createShape(bytes, {
      ...(kind === "json" ? { before: '{"id":"', middle: '","text":"', end: '"}' } : {}),
      filling: compress ? "words" : "letter",
    }),
    compress,
    settleMs: 0,
    load,
    patienceMs: PATIENCE_MS,
  };
}
