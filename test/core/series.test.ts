import { expect, test } from "bun:test";
import type { Clock } from "../../src/core/clock.ts";
import { type Reading, Series } from "../../src/core/series.ts";

/** A series whose samples are taken by `step`, and what it reads. */
function createSeries() {
  const reading: Reading = { sessions: 0, messagesReceived: 0, messagesSent: 0, lagMs: 0, memoryBytes: 0 };
  let nowMs = 5000;
  let offsetMs = 1_000_000_000;
  let call: (() => void) | undefined;
  const clock: Clock = {
    now: () => nowMs,
    date: () => nowMs + offsetMs,
    setTimeout: () => ({}),
    setInterval: (given) => {
      call = given;
      return {};
    },
    clear: () => (call = undefined),
  };
  const series = new Series(() => ({ ...reading }), clock);
  const step = (next: Partial<Reading>, ms = 1000) => {
    Object.assign(reading, next);
    nowMs += ms;
    call?.();
  };
  return { series, step, jump: (ms: number) => (offsetMs += ms) };
}

test("Series has what is now, and rates since the sample before", () => {
  const { series, step } = createSeries();
  series.start();
  step({ sessions: 3, messagesReceived: 10, messagesSent: 500, lagMs: 1.26, memoryBytes: 4096 });
  step({ sessions: 2, messagesReceived: 40, messagesSent: 500, lagMs: 0 }, 2000);
  expect(series.readAfter(0)).toEqual({
    at: [1_000_005, 1_000_006, 1_000_008],
    sessions: [0, 3, 2],
    received: [0, 10, 15],
    sent: [0, 500, 0],
    lagMs: [0, 1.3, 0],
    memoryBytes: [0, 4096, 4096],
  });
  series.stop();
  step({ sessions: 9 });
  expect(series.readAfter(0).at).toHaveLength(3);
});

test("Series keeps the samples of fifteen minutes, and gives those after a time", () => {
  const { series, step } = createSeries();
  series.start();
  for (let sessions = 1; sessions <= 2000; sessions += 1) step({ sessions });
  const { at, sessions } = series.readAfter(0);
  expect(at).toHaveLength(900);
  expect([at[0], at.at(-1), sessions[0], sessions.at(-1)]).toEqual([1_001_106, 1_002_005, 1101, 2000]);
  expect(series.readAfter(1_002_003).sessions).toEqual([1999, 2000]);
  expect(series.readAfter(1_002_005).at).toEqual([]);
});

test("Series stays together when the time of day is set", () => {
  const { series, step, jump } = createSeries();
  series.start();
  step({});
  jump(-3_600_000);
  step({});
  expect(series.readAfter(0).at).toEqual([996_405, 996_406, 996_407]);
});
