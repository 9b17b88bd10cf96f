import { join } from "node:path";
import { addToGroup, defineController, getGroupSize, kept, sendToGroup } from "hubbub";
import { page } from "./lib/page.ts";
import * as v from "valibot";

const GROUP = "dashboard";
const INTERVAL_MS = 1_000;
/** Five minutes of samples. */
const KEEP_SAMPLES = 300;
const KEEP_MARKS = 20;

/** The server, measured; `at` is in milliseconds since 1970. */
const Sample = v.object({
  at: v.number(),
  cpuPercent: v.number(),
  memoryMiB: v.number(),
  delayMs: v.number(),
  watching: v.number(),
});

/** A moment that somebody marked. */
const Mark = v.object({ at: v.number(), label: v.string() });

/** What a session is sent: all that is known when it opens, and then each sample and mark. */
const Outgoing = v.variant("type", [
  v.object({ type: v.literal("history"), samples: v.array(Sample), marks: v.array(Mark) }),
  v.object({ type: v.literal("sample"), sample: Sample }),
  v.object({ type: v.literal("mark"), mark: Mark }),
]);

/** What a session may send. */
const Incoming = v.object({
  type: v.literal("mark"),
  label: v.pipe(v.string(), v.trim(), v.minLength(1, "The label is empty"), v.maxLength(24, "The label is too long")),
});

type Sample = v.InferOutput<typeof Sample>;
type Mark = v.InferOutput<typeof Mark>;
type Outgoing = v.InferOutput<typeof Outgoing>;

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
  message: Incoming,
  sends: Outgoing,

  get(request) {
    if (request.webSocket) return { webSocket: {} };
    return page(join(import.meta.dir, "public/dashboard.html"));
  },

  open({ session }, { send }) {
    addToGroup(GROUP, session.id);
    send(session.id, { type: "history", samples, marks });
  },

  onMessage({ message }) {
    const mark = { at: Date.now(), label: message.label };
    marks.push(mark);
    marks.splice(0, marks.length - KEEP_MARKS);
    publish({ type: "mark", mark });
  },
});

function publish(message: Outgoing): void {
  sendToGroup(GROUP, message, { schema: Outgoing });
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
