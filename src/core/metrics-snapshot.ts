import type { EventType } from "./event-times.ts";
import type { Metrics } from "./metrics.ts";

/** How one event loop is at the moment, beside what it has counted. */
export type Gauges = {
  sessions: number;
  groups: number;
  /** The other nodes of the cluster. */
  nodes: number;
  generation: number;
  isReady: boolean;
  lagSeconds: number;
};

/** What one event loop has counted and is: data that can be copied to another thread. */
export type MetricsSnapshot = Gauges & {
  /** The number of the worker; absent if there is only one. */
  worker?: number;
  counts: Record<CountName, number>;
  sessionsClosed: [code: number, count: number][];
  upgradesRefused: Record<string, number>;
  requestsRefused: Record<string, number>;
  eventErrors: [path: string, count: number][];
  requestErrors: [path: string, count: number][];
  /** For each bucket, not added up. */
  eventTimes: { path: string; type: EventType; counts: number[]; sum: number }[];
};

const countNames = [
  "sessionsOpened",
  "messagesReceived",
  "sizeReceived",
  "messagesInvalid",
  "messagesSent",
  "sizeSent",
  "slowSessionsClosed",
  "floodingSessionsClosed",
  "tokensRefused",
  "groupsRefused",
  "inboxesFull",
  "framesSent",
  "framesReceived",
  "framesLost",
  "framesMissed",
  "framesMalformed",
] as const satisfies (keyof Metrics)[];

type CountName = (typeof countNames)[number];

export function takeMetricsSnapshot(metrics: Metrics, gauges: Gauges, worker: number | undefined): MetricsSnapshot {
  return {
    ...gauges,
    ...(worker !== undefined && { worker }),
    counts: Object.fromEntries(countNames.map((name) => [name, metrics[name]])) as Record<CountName, number>,
    sessionsClosed: [...metrics.sessionsClosed],
    upgradesRefused: { ...metrics.upgradesRefused },
    requestsRefused: { ...metrics.requestsRefused },
    // Those that hear events are there from the start, so that the first error is an increase.
    eventErrors: Array.from(metrics.eventTimes.entries(), ([path]) => [path, metrics.eventErrors.get(path) ?? 0]),
    requestErrors: [...metrics.requestErrors],
    eventTimes: [...metrics.eventTimes.entries()].flatMap(([path, timers]) =>
      Object.entries(timers).map(
        ([
          type,
          {
            histogram: { counts, sum },
          },
        ]) => ({
          path,
          type: type as EventType,
          counts: [...counts],
          sum,
        }),
      ),
    ),
  };
}
