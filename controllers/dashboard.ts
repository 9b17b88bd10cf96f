import { join } from "node:path";
import { addToGroup, defineController, getGroupSize, kept, send, sendToGroup } from "hubbub";
import { page } from "./lib/page.ts";
import * as v from "valibot";

const GROUP = "dashboard";
const INTERVAL_MS = 1_000;
/** Five minutes of samples. */
const KEEP_SAMPLES = 300;
const KEEP_MARKS = 20;

/** The server, measured; `at` is in milliseconds since 1970. */
export type Sample = { at: number; cpuPercent: number; memoryMiB: number; delayMs: number; watching: number };

/** A moment that somebody marked. */
export type Mark = { at: number; label: string };

/** What a session is sent: all that is known when it opens, and then each sample and mark. */
export type Outgoing =
  | { type: "history"; samples: Sample[]; marks: Mark[] }
  | { type: "sample"; sample: Sample }
  | { type: "mark"; mark: Mark }
  | { type: "refused"; message: string };

const EXPECTED = 'Expected {"type": "mark", "label": "…"}';

/** What a session may send. */
const Incoming = v.object(
  {
    type: v.literal("mark", EXPECTED),
    label: v.pipe(
      v.string('"label" must be a text'),
      v.trim(),
      v.minLength(1, '"label" is empty, expected 1 to 24 characters'),
      v.maxLength(24, '"label" is too long, expected 1 to 24 characters'),
    ),
  },
  EXPECTED,
);
const IncomingAsJson = v.pipe(
  v.string("The message is not a text"),
  v.parseJson({}, "The message is not JSON"),
  Incoming,
);

/** They survive an edit of this file. */
const samples = kept("dashboard.samples", (): Sample[] => []);
const marks = kept("dashboard.marks", (): Mark[] => []);

let last = { at: performance.now(), cpu: process.cpuUsage() };

// Stops by itself when an edit replaces this module.
setInterval(() => {
  const sample = measure();
  samples.push(sample);
  samples.splice(0, samples.length - KEEP_SAMPLES);
  publish({ type: "sample", sample });
}, INTERVAL_MS);

/** A dashboard: the server measures itself each second, and whoever looks sees the same, marks included. */
export default defineController({
  get(request) {
    if (request.webSocket) return { webSocket: {} };
    return page(join(import.meta.dir, "public/dashboard.html"));
  },

  open({ session }) {
    addToGroup(GROUP, session.id);
    const history: Outgoing = { type: "history", samples, marks };
    send(session.id, history);
  },

  message({ session, message }) {
    const incoming = v.safeParse(IncomingAsJson, message);
    if (!incoming.success) {
      const refused: Outgoing = { type: "refused", message: incoming.issues[0].message };
      send(session.id, refused);
      return;
    }
    const mark = { at: Date.now(), label: incoming.output.label };
    marks.push(mark);
    marks.splice(0, marks.length - KEEP_MARKS);
    publish({ type: "mark", mark });
  },
});

function publish(message: Outgoing): void {
  sendToGroup(GROUP, message);
}

/** Measures the server since the last time: its share of one core, its memory, and how late a timer comes. */
function measure(): Sample {
  const now = performance.now();
  const elapsedMs = now - last.at;
  const { user, system } = process.cpuUsage(last.cpu);
  last = { at: now, cpu: process.cpuUsage() };
  return {
    at: Date.now(),
    cpuPercent: round((user + system) / 10 / elapsedMs),
    memoryMiB: round(process.memoryUsage.rss() / 1024 ** 2),
    delayMs: round(Math.max(0, elapsedMs - INTERVAL_MS)),
    watching: getGroupSize(GROUP),
  };
}

function round(figure: number): number {
  return Math.round(figure * 10) / 10;
}
