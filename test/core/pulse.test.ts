import { afterEach, expect, mock, spyOn, test } from "bun:test";
import { Pulse, PULSE_MS } from "../../src/core/pulse.ts";

afterEach(() => mock.restore());

/** A pulse that beats when it is told to, while time stands still. */
function createPulse() {
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
    pulse: new Pulse(),
    set,
    clear,
    beat: (ms = PULSE_MS) => {
      now += ms;
      for (const call of beats) call();
    },
  };
}

test("Pulse has one timer for all, as long as there is any", () => {
  const { pulse, set, clear, beat } = createPulse();
  const calls: string[] = [];
  const quarter = pulse.add(() => calls.push("quarter"), 250);
  const half = pulse.add(() => calls.push("half"), 500);
  const second = pulse.add(() => calls.push("second"), 1000);
  expect(set.mock.calls.map(([, ms]) => ms)).toEqual([PULSE_MS]);
  for (let n = 0; n < 4; n += 1) beat();
  expect(calls).toEqual(["quarter", "quarter", "half", "quarter", "quarter", "half", "second"]);
  expect(pulse.delete(quarter)).toBe(true);
  expect(pulse.delete(half)).toBe(true);
  expect(clear).not.toHaveBeenCalled();
  expect(pulse.delete(second)).toBe(true);
  expect(clear).toHaveBeenCalledTimes(1);
  beat(1000);
  expect(calls).toHaveLength(7);
});

test("Pulse.delete() is false for what is not, or no longer, in it", () => {
  const { pulse, clear } = createPulse();
  const beat = pulse.add(() => {}, 250);
  expect(pulse.delete(beat)).toBe(true);
  for (const other of [beat, {}, undefined]) expect(pulse.delete(other)).toBe(false);
  expect(clear).toHaveBeenCalledTimes(1);
});

test("Pulse keeps its distance when beats are early, late, or begin in between", () => {
  const { pulse, beat } = createPulse();
  let quarters = 0;
  let halves = 0;
  pulse.add(() => (quarters += 1), 250);
  beat(180);
  pulse.add(() => (halves += 1), 500);
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

test("Pulse does not call at once what a call before it has added, nor what that has deleted", () => {
  const { pulse, beat } = createPulse();
  const calls: string[] = [];
  pulse.add(() => {
    pulse.delete(deleted);
    if (calls.length === 0) pulse.add(() => calls.push("added"), 250);
    calls.push("first");
  }, 250);
  const deleted = pulse.add(() => calls.push("deleted"), 250);
  beat();
  expect(calls).toEqual(["first"]);
  beat();
  expect(calls).toEqual(["first", "first", "added"]);
});
