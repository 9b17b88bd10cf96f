import { eventBounds } from "../../core/event-times.ts";
import type { MetricsSnapshot } from "../../core/metrics-snapshot.ts";
import type { ProcessFigures } from "../../core/process-figures.ts";
import { closeCodes } from "../../sessions/close-codes.ts";
import { type FamilyType, type Labels, listBuckets, type Sample } from "./exposition.ts";

/** What the whole process says, however many workers it has. */
export type ProcessFacts = {
  version: string;
  figures: ProcessFigures;
  /** Loads of the controllers after the first. */
  reloads: { loaded: number; refused: number };
};

type Described = {
  name: string;
  type: FamilyType;
  /** One sentence without a period. */
  help: string;
  /** What the labels beside `worker` are. */
  labels: readonly string[];
};

/** A metric of each event loop. */
export type LoopFamily = Described & { read: (snapshot: MetricsSnapshot) => Iterable<Sample> };

/** A metric of the process. */
export type ProcessFamily = Described & { read: (facts: ProcessFacts) => Iterable<Sample> };

type Counts = MetricsSnapshot["counts"];

function count(name: string, help: string, key: keyof Counts): LoopFamily {
  return { name, type: "counter", help, labels: [], read: ({ counts }) => [{ value: counts[key] }] };
}

function gauge(name: string, help: string, read: (snapshot: MetricsSnapshot) => number): LoopFamily {
  return { name, type: "gauge", help, labels: [], read: (snapshot) => [{ value: read(snapshot) }] };
}

/** @param read the counts by what the label may be */
function countBy(
  name: string,
  help: string,
  label: string,
  read: (snapshot: MetricsSnapshot) => Iterable<readonly [string | number, number]>,
): LoopFamily {
  return {
    name,
    type: "counter",
    help,
    labels: [label],
    read: (snapshot) =>
      Array.from(read(snapshot), ([value, counted]) => ({ labels: { [label]: value }, value: counted })),
  };
}

/** Those of the table are there from the start, so that the first one that ends so is an increase. */
function listCloseCodes({ sessionsClosed }: MetricsSnapshot): [string, number][] {
  const counts = new Map<number, number>(Object.keys(closeCodes).map((code) => [Number(code), 0]));
  for (const [code, closed] of sessionsClosed) counts.set(code, closed);
  return [...counts].map(([code, closed]) => [code === 0 ? "other" : String(code), closed]);
}

function* listEventTimes({ eventTimes }: MetricsSnapshot): Generator<Sample> {
  for (const { path, type, counts, sum } of eventTimes) {
    if (counts.every((each) => each === 0)) continue;
    const labels: Labels = { controller: path, type };
    yield* listBuckets(eventBounds, counts, sum, labels);
  }
}

/** With several workers each has a value of its own. */
export const loopFamilies: readonly LoopFamily[] = [
  gauge("hubbub_ready", "Whether sessions can be opened, as /-/ready says: 1 or 0", ({ isReady }) => (isReady ? 1 : 0)),
  gauge("hubbub_generation", "The number of the generation of controllers that serves", ({ generation }) => generation),
  gauge("hubbub_sessions", "Sessions that are open", ({ sessions }) => sessions),
  count("hubbub_sessions_opened_total", "Sessions that were opened", "sessionsOpened"),
  countBy(
    "hubbub_sessions_closed_total",
    "Sessions that have ended, by the close code that they saw",
    "code",
    listCloseCodes,
  ),
  count(
    "hubbub_slow_sessions_closed_total",
    "Sessions that were closed because they read too slowly (--max-backlog)",
    "slowSessionsClosed",
  ),
  count(
    "hubbub_flooding_sessions_closed_total",
    "Sessions that were closed because they sent too much (--max-message-rate, --max-byte-rate)",
    "floodingSessionsClosed",
  ),
  countBy(
    "hubbub_upgrades_refused_total",
    "Upgrades that did not become a session, by reason",
    "reason",
    ({ upgradesRefused }) => Object.entries(upgradesRefused),
  ),
  countBy(
    "hubbub_requests_refused_total",
    "Requests that were refused before a controller saw them, by reason",
    "reason",
    ({ requestsRefused }) => Object.entries(requestsRefused),
  ),
  count(
    "hubbub_tokens_refused_total",
    "Requests and sessions whose token was missing or not valid (hubbub/auth)",
    "tokensRefused",
  ),
  count("hubbub_messages_received_total", "Messages that came from sessions", "messagesReceived"),
  count(
    "hubbub_messages_sent_total",
    "Messages that went to sessions; one to a group counts for each member",
    "messagesSent",
  ),
  count(
    "hubbub_received_bytes_total",
    "Bytes of binary and characters of text in the messages that came",
    "sizeReceived",
  ),
  count("hubbub_sent_bytes_total", "Bytes of binary and characters of text in the messages that went out", "sizeSent"),
  count(
    "hubbub_messages_invalid_total",
    "Messages that did not match the schema of their controller",
    "messagesInvalid",
  ),
  count(
    "hubbub_inboxes_full_total",
    "How often a full inbox stopped the reading of a session (--max-inbox)",
    "inboxesFull",
  ),
  gauge("hubbub_groups", "Groups that sessions of this event loop are in", ({ groups }) => groups),
  count("hubbub_groups_refused_total", "Groups that a session was not added to (--max-groups)", "groupsRefused"),
  {
    name: "hubbub_event_duration_seconds",
    type: "histogram",
    help: "How long events take in their controller, what it awaits included",
    labels: ["controller", "type"],
    read: listEventTimes,
  },
  countBy(
    "hubbub_event_errors_total",
    "Events that their controller failed in",
    "controller",
    ({ eventErrors }) => eventErrors,
  ),
  countBy(
    "hubbub_request_errors_total",
    "Requests that their controller failed to answer",
    "controller",
    ({ requestErrors }) => requestErrors,
  ),
  gauge(
    "hubbub_event_loop_lag_seconds",
    "The longest delay of the event loop in the last fifteen to thirty seconds",
    ({ lagSeconds }) => lagSeconds,
  ),
  gauge(
    "hubbub_nodes",
    "Other nodes of the cluster, or other workers of this process, that are there",
    ({ nodes }) => nodes,
  ),
  count("hubbub_bus_frames_sent_total", "Frames that left for other nodes", "framesSent"),
  count("hubbub_bus_frames_received_total", "Frames that came from other nodes", "framesReceived"),
  count("hubbub_bus_frames_lost_total", "Frames that did not leave because the bus was not up", "framesLost"),
  count("hubbub_bus_frames_missed_total", "Frames of other nodes that did not come", "framesMissed"),
  count("hubbub_bus_frames_malformed_total", "What came over the bus and was no frame", "framesMalformed"),
];

function ofProcess(
  name: string,
  type: FamilyType,
  help: string,
  read: (figures: ProcessFigures) => number | undefined,
): ProcessFamily {
  const toSamples = (value: number | undefined) => (value === undefined ? [] : [{ value }]);
  return { name, type, help, labels: [], read: ({ figures }) => toSamples(read(figures)) };
}

/** These are there once, however many workers there are. */
export const processFamilies: readonly ProcessFamily[] = [
  {
    name: "hubbub_build_info",
    type: "gauge",
    help: "The version of Hubbub and of the runtime: always 1",
    labels: ["version", "runtime"],
    read: ({ version }) => [{ labels: { version, runtime: `Bun ${Bun.version}` }, value: 1 }],
  },
  {
    name: "hubbub_reloads_total",
    type: "counter",
    help: "Loads of the controllers after the first, by how they ended: loaded or refused",
    labels: ["result"],
    read: ({ reloads }) => Object.entries(reloads).map(([result, value]) => ({ labels: { result }, value })),
  },
  ofProcess(
    "process_cpu_seconds_total",
    "counter",
    "CPU time of the process, user and system",
    (figures) => figures.cpuSeconds,
  ),
  ofProcess("process_resident_memory_bytes", "gauge", "Memory of the process", (figures) => figures.memoryBytes),
  ofProcess(
    "process_start_time_seconds",
    "gauge",
    "When the process started, since 1970",
    (figures) => figures.startedAt,
  ),
  ofProcess("process_open_fds", "gauge", "Files that are open, sessions among them", (figures) => figures.openFiles),
  ofProcess("process_max_fds", "gauge", "Files that may be open", (figures) => figures.maxOpenFiles),
];
