import { createShape } from "./frames.ts";
import type { Job, Load } from "./job.ts";
import type { Kind } from "./servers.ts";

/** One thing that is measured. */
export type Case = {
  name: string;
  title: string;
  kind: Kind;
  /** What a cost counts: the CPU of one delivery or upgrade, the memory of one session. */
  unit: "delivery" | "upgrade" | "session";
  /** Belongs to the quick form. */
  isQuick: boolean;
  /** The ratio to the control that the project wants to reach. */
  target?: number;
  /** Flags for Hubbub alone. */
  flags: string[];
  groups: number;
  members: number;
  senders: number;
  copies: number;
  bytes: number;
  load: Load;
};

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
  load: { kind: "closed", batch: 1 },
  ...given,
});

/** One sender, whose next message goes out when the last one has reached every member. */
const fanOut = (members: number, bytes: number): Case =>
  define({
    name: `fan-out-${members}-${bytes === 64 ? "64b" : "1kib"}`,
    title: `One sender to ${members.toLocaleString("en")} members, ${bytes === 64 ? "64 B" : "1 KiB"}`,
    isQuick: members === 1000,
    target: 1.02,
    members,
    bytes,
  });

const echo = (given: Given): Case =>
  define({ kind: "echo", groups: 64, load: { kind: "closed", batch: 16 }, isQuick: true, ...given });

const openLoop = (given: Given & { perSecond: number }): Case =>
  define({ members: 1000, senders: 20, load: { kind: "rate", perSecond: given.perSecond }, ...given });

/** The cases, in the order of the table. */
export const cases: readonly Case[] = [
  ...[100, 1000, 5000].flatMap((members) => [fanOut(members, 64), fanOut(members, 1024)]),
  define({ name: "groups", title: "500 groups of 10", groups: 500, members: 10, isQuick: true, target: 1.05 }),
  define({ name: "many-senders", title: "64 senders into one group of 200", members: 200, senders: 64, isQuick: true }),
  openLoop({ name: "rate-50", title: "50 messages a second to 1,000 members", perSecond: 50 }),
  openLoop({
    name: "rate-1000",
    title: "1,000 messages a second to 1,000 members",
    perSecond: 1000,
    isQuick: true,
    target: 0.6,
  }),
  openLoop({
    name: "rate-1000-5ms",
    title: "1,000 messages a second to 1,000 members, --coalesce 5ms",
    perSecond: 1000,
    flags: ["--coalesce", "5ms"],
    target: 0.3,
  }),
  echo({ name: "echo", title: "Echo on 64 sessions, 16 messages at once on each", target: 1.1 }),
  echo({ name: "echo-async", title: "Echo through an async handler", kind: "echo-async", target: 1.1 }),
  echo({ name: "json", title: "JSON checked with a valibot schema, and sent back", kind: "json", bytes: 128 }),
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
    load: { kind: "upgrades", sessions: 4000, atOnce: 64 },
  }),
  define({
    name: "idle",
    title: "15,000 idle sessions",
    kind: "upgrade",
    unit: "session",
    target: 1.6,
    load: { kind: "idle", sessions: 15_000 },
  }),
];

/** Finds cases by their names. */
export function findCase(name: string): Case | undefined {
  return cases.find((known) => known.name === name);
}

/** How many sessions the load process opens at most at the same time; idle ones are opened on one server after the other. */
export function countSessions({ load, groups, members }: Case): number {
  if (load.kind === "idle") return load.sessions + 500;
  return 2 * (load.kind === "upgrades" ? Math.ceil(load.sessions * 1.25) : groups * members);
}

/** What the load process does for a case, on any server. */
export function toJob({
  kind,
  groups,
  members,
  senders,
  copies,
  bytes,
  load,
}: Case): Omit<Job, "name" | "port" | "pid"> {
  const path = kind === "room" ? "/room/GROUP" : `/${kind}`;
  const shape =
    kind === "json" ? createShape(bytes, { before: '{"id":"', middle: '","text":"', end: '"}' }) : createShape(bytes);
  return { path, collectPath: "/collect", groups, members, senders, copies, shape, load };
}
