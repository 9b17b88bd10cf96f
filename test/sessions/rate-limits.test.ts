import { expect, test } from "bun:test";
import fc from "fast-check";
import { RateLimits, unlimited } from "../../src/sessions/rate-limits.ts";
import type { Session } from "../../src/sessions/session.ts";

/** A session's buckets under a clock that the test moves, in seconds. */
function createBucket(messagesPerSecond: number, bytesPerSecond: number) {
  let seconds = 0;
  let heldSeconds = 0;
  const limits = new RateLimits({
    messagesPerSecond,
    bytesPerSecond,
    now: () => seconds * 1000,
    heldMs: () => heldSeconds * 1000,
  });
  const session = { credit: unlimited } as Session;
  limits.begin(session);
  return {
    wait: (more: number) => (seconds += more),
    sleep: (more: number) => (heldSeconds += more),
    take: (size: number) => limits.take(session, size),
    /** How many messages of `size` go through before one is refused. */
    count(size: number, most = 100_000) {
      let taken = 0;
      while (taken < most && limits.take(session, size)) taken += 1;
      return taken;
    },
  };
}

test.each([
  [1, 0],
  [10, 59],
  [1000, 12.5],
])(
  "RateLimits lets %p messages a second through for ten seconds at once, and not one more, after %p s of silence",
  (rate, silence) => {
    const bucket = createBucket(rate, 0);
    bucket.wait(silence);
    expect(bucket.count(1)).toBe(10 * rate);
  },
);

test("RateLimits lets ten seconds' worth of bytes through at once, and not one more", () => {
  expect(createBucket(0, 1024).take(10_240)).toBe(true);
  expect(createBucket(0, 1024).take(10_241)).toBe(false);
  expect(createBucket(0, 1024).count(1024)).toBe(10);
});

test("RateLimits gives no more than ten seconds' worth after a silence that began with a part used", () => {
  const messages = createBucket(10, 0);
  for (let n = 0; n < 40; n += 1) expect(messages.take(1)).toBe(true);
  messages.wait(3600);
  expect(messages.count(1)).toBe(100);
  const bytes = createBucket(0, 1000);
  expect(bytes.take(4000)).toBe(true);
  bytes.wait(3600);
  expect(bytes.count(100)).toBe(100);
});

test("RateLimits lets a session go on for ever at its rate", () => {
  const bucket = createBucket(10, 1000);
  for (let n = 0; n < 10_000; n += 1) {
    expect(bucket.take(100)).toBe(true);
    bucket.wait(0.1);
  }
});

test("RateLimits refuses at last what comes at a rate that is a tenth too high", () => {
  const bucket = createBucket(10, 0);
  let taken = 0;
  for (; bucket.take(1); taken += 1) bucket.wait(1 / 11);
  // Ten seconds' worth is used up after a hundred seconds and a bit.
  expect(taken).toBeGreaterThan(1050);
  expect(taken).toBeLessThan(1150);
});

test.each([
  [0, 0, 100_000],
  [0, 1, 10],
  [1, 0, 10],
])(
  "RateLimits with %p messages and %p bytes a second lets %p messages of one byte through: 0 is off",
  (messages, bytes, taken) => {
    const bucket = createBucket(messages, bytes);
    expect(bucket.count(1)).toBe(taken);
  },
);

test("RateLimits takes an empty message for a message of no bytes", () => {
  expect(createBucket(3, 1).count(0)).toBe(30);
});

test("RateLimits never lets more through in any time than ten seconds' worth and that time's", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 50 }),
      fc.array(fc.record({ wait: fc.double({ min: 0, max: 30, noNaN: true }), messages: fc.nat(600) }), {
        maxLength: 20,
      }),
      (rate, bursts) => {
        const bucket = createBucket(rate, 0);
        let now = 0;
        const taken: number[] = [];
        for (const { wait, messages } of bursts) {
          bucket.wait(wait);
          now += wait;
          for (let n = bucket.count(1, messages); n > 0; n -= 1) taken.push(now);
        }
        for (const [first, from] of taken.entries()) {
          for (let last = first; last < taken.length; last += 50) {
            const until = taken[last] ?? 0;
            expect(last - first + 1).toBeLessThanOrEqual(rate * (10 + until - from) + 1e-6);
          }
        }
      },
    ),
    { seed: 8, numRuns: 100 },
  );
});

test("RateLimits gives what was sent while the process slept the credit of that time, once", () => {
  const bucket = createBucket(10, 0);
  bucket.sleep(60);
  expect(bucket.count(1, 650)).toBe(650);
  bucket.sleep(2);
  expect(bucket.count(1)).toBe(50 + 20);
  expect(bucket.take(1)).toBe(false);
});
