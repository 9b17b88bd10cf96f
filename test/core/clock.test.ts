import { afterEach, expect, mock, spyOn, test } from "bun:test";
import { type ClockTimer, PULSE_MS, systemClock } from "../../src/core/clock.ts";

const timers: ClockTimer[] = [];

afterEach(() => {
  for (const timer of timers.splice(0)) systemClock.clear(timer);
  mock.restore();
});

function every(ms: number, call: () => void): ClockTimer {
  const timer = systemClock.setInterval(call, ms);
  timers.push(timer);
  return timer;
}

/** Holds the time, and beats when it is told to. */
function holdTime() {
  let now = 1000;
  const beats = new Set<() => void>();
  spyOn(performance, "now").mockImplementation(() => now);
  const set = spyOn(globalThis, "setInterval").mockImplementation(((beat: () => void) => {
    beats.add(beat);
    return { unref: () => {}, beat };
  }) as never);
  const clear = spyOn(globalThis, "clearInterval").mockImplementation(((timer: { beat: () => void }) => {
    beats.delete(timer.beat);
  }) as never);
  return {
    set,
    clear,
    beat: (ms = PULSE_MS) => {
      now += ms;
      for (const call of beats) call();
    },
  };
}

test("systemClock.setInterval() calls again and again, until it is cleared", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  let count = 0;
  const timer = every(PULSE_MS, () => {
    count += 1;
    if (count === 2) resolve();
  });
  await promise;
  systemClock.clear(timer);
  const later = Promise.withResolvers<void>();
  every(PULSE_MS, later.resolve);
  await later.promise;
  expect(count).toBe(2);
});

test("systemClock.setInterval() has one timer for all that wait for whole quarters of a second", () => {
  const { set, clear, beat } = holdTime();
  const calls: string[] = [];
  const quarter = every(250, () => calls.push("quarter"));
  const half = every(500, () => calls.push("half"));
  const second = every(1000, () => calls.push("second"));
  expect(set).toHaveBeenCalledTimes(1);
  for (let n = 0; n < 4; n += 1) beat();
  expect(calls).toEqual(["quarter", "quarter", "half", "quarter", "quarter", "half", "second"]);
  systemClock.clear(quarter);
  systemClock.clear(half);
  expect(clear).not.toHaveBeenCalled();
  systemClock.clear(second);
  expect(clear).toHaveBeenCalledTimes(1);
  beat(1000);
  expect(calls).toHaveLength(7);
});

test("systemClock.setInterval() keeps its distance when beats are early, late, or begin in between", () => {
  const { beat } = holdTime();
  let quarters = 0;
  let halves = 0;
  every(250, () => (quarters += 1));
  beat(180);
  every(500, () => (halves += 1));
  expect({ quarters, halves }).toEqual({ quarters: 1, halves: 0 });
  beat(240);
  expect({ quarters, halves }).toEqual({ quarters: 2, halves: 0 });
  beat(260);
  expect({ quarters, halves }).toEqual({ quarters: 3, halves: 1 });
  beat(5000);
  expect({ quarters, halves }).toEqual({ quarters: 4, halves: 2 });
  beat(250);
  expect({ quarters, halves }).toEqual({ quarters: 5, halves: 2 });
});

test("systemClock.setInterval() calls one that a call before it has added or cleared, or not", () => {
  const { beat } = holdTime();
  const calls: string[] = [];
  every(250, () => {
    systemClock.clear(cleared);
    if (calls.length === 0) every(250, () => calls.push("added"));
    calls.push("first");
  });
  const cleared = every(250, () => calls.push("cleared"));
  beat();
  expect(calls).toEqual(["first"]);
  beat();
  expect(calls).toEqual(["first", "first", "added"]);
});

test("systemClock.setInterval() has a timer of its own for other times", () => {
  const { set } = holdTime();
  every(250, () => {});
  every(100, () => {});
  every(0, () => {});
  expect(set.mock.calls.map(([, ms]) => ms)).toEqual([PULSE_MS, 100, 0]);
});

test("systemClock.setInterval() does not keep a process alive", async () => {
  const script = `import { systemClock } from ${JSON.stringify(require.resolve("../../src/core/clock.ts"))};
    systemClock.setInterval(() => {}, 250); console.log("done");`;
  await using child = Bun.spawn([process.execPath, "-e", script], { stdout: "pipe", env: {} });
  expect(await child.stdout.text()).toBe("done\n");
  expect(await child.exited).toBe(0);
});
