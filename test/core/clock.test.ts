import { expect, spyOn, test } from "bun:test";
import { type ClockTimer, systemClock } from "../../src/core/clock.ts";
import { PULSE_MS } from "../../src/core/pulse.ts";

/** Resolves when an interval has called so many times; the interval goes on. */
async function hear(ms: number, times: number): Promise<{ timer: ClockTimer; count: () => number }> {
  const { promise, resolve } = Promise.withResolvers<void>();
  let count = 0;
  const timer = systemClock.setInterval(() => {
    count += 1;
    if (count === times) resolve();
  }, ms);
  await promise;
  return { timer, count: () => count };
}

test.each([PULSE_MS, 10])(
  "systemClock.setInterval() of %d ms calls again and again, until it is cleared",
  async (ms) => {
    const heard = await hear(ms, 2);
    systemClock.clear(heard.timer);
    systemClock.clear((await hear(ms, 2)).timer);
    expect(heard.count()).toBe(2);
  },
);

test("systemClock.setInterval() needs a timer of its own only for what is no whole number of pulses", () => {
  using set = spyOn(globalThis, "setInterval");
  const timers = [PULSE_MS, 2 * PULSE_MS, 100, 0].map((ms) => systemClock.setInterval(() => {}, ms));
  const ownTimers = set.mock.calls.map(([, ms]) => ms).filter((ms) => ms !== PULSE_MS);
  for (const timer of timers) systemClock.clear(timer);
  expect(ownTimers).toEqual([100, 0]);
});

test("systemClock.setInterval() of whole pulses does not keep a process alive", async () => {
  const script = `import { systemClock } from ${JSON.stringify(require.resolve("../../src/core/clock.ts"))};
    systemClock.setInterval(() => {}, ${PULSE_MS}); console.log("done");`;
  await using child = Bun.spawn([process.execPath, "-e", script], { stdout: "pipe", env: {} });
  expect(await child.stdout.text()).toBe("done\n");
  expect(await child.exited).toBe(0);
});
