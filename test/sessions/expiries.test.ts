import { expect, test } from "bun:test";
import { Expiries } from "../../src/sessions/expiries.ts";
import type { Session } from "../../src/sessions/session.ts";
import { createBareSession } from "../support/bare-session.ts";

const START = 1_800_000_000_000;
const DAY_MS = 86_400_000;

function createSession(expiresAt?: number): Session {
  const session = createBareSession();
  if (expiresAt !== undefined) identify(session, expiresAt);
  return session;
}

function identify(session: Session, expiresAt: number): void {
  session.identify({ user: {}, issuer: undefined, subject: "ada", expiresAt, check: "" });
}

/** Expiries whose clock a test moves in steps of 250 ms; `expired` has the time of each session's end. */
function createExpiries() {
  const expired = new Map<Session, number>();
  const clock = { now: START };
  const expiries = new Expiries((session) => {
    if (expired.has(session)) throw new Error("A session expired twice");
    expired.set(session, clock.now);
  });
  const jump = (ms: number) => {
    clock.now += ms;
    expiries.advance(clock.now);
  };
  const pass = (ms: number) => {
    for (let left = ms; left > 0; left -= 250) jump(Math.min(left, 250));
  };
  expiries.advance(clock.now);
  return { expiries, expired, clock, jump, pass };
}

test("Expiries closes a session not before its token has expired, and within a second and a step", () => {
  const { expiries, expired, pass } = createExpiries();
  const sessions = Array.from({ length: 2000 }, (_, index) => createSession(START + index * 137));
  for (const session of sessions) expiries.watch(session);
  pass(2000 * 137 + 2000);
  const late = sessions.map((session, index) => (expired.get(session) ?? Infinity) - (START + index * 137));
  expect(Math.min(...late)).toBeGreaterThanOrEqual(0);
  expect(Math.max(...late)).toBeLessThanOrEqual(1250);
});

test("Expiries closes at a whole second within a step", () => {
  const { expiries, expired, pass } = createExpiries();
  const session = createSession(START + 7000);
  expiries.watch(session);
  pass(6999);
  expect(expired.size).toBe(0);
  pass(250);
  expect(expired.get(session)).toBeWithin(START + 7000, START + 7251);
});

test.each([25, 50, 365 * 100, 365 * 100_000])("Expiries waits for a token of %d days", (days) => {
  const { expiries, expired, jump } = createExpiries();
  const session = createSession(START + days * DAY_MS);
  expiries.watch(session);
  jump(days * DAY_MS - 1000);
  expect(expired.size).toBe(0);
  jump(1000);
  expect(expired.size).toBe(1);
});

test("Expiries leaves alone a session without a token, and one whose token never expires", () => {
  const { expiries, expired, jump } = createExpiries();
  expiries.watch(createSession());
  expiries.watch(createSession(Infinity));
  expiries.watch(createSession(1e300));
  jump(365 * 1000 * DAY_MS);
  expect(expired.size).toBe(0);
});

test("Expiries closes at the next step what has expired before it is watched", () => {
  const { expiries, expired, jump } = createExpiries();
  const session = createSession(START - DAY_MS);
  expiries.watch(session);
  expect(expired.size).toBe(0);
  jump(1000);
  expect(expired.size).toBe(1);
});

test("Expiries.watch() moves a session that has a newer token", () => {
  const { expiries, expired, pass } = createExpiries();
  const session = createSession(START + 5000);
  expiries.watch(session);
  pass(4000);
  identify(session, START + 20_000);
  expiries.watch(session);
  pass(15_000);
  expect(expired.size).toBe(0);
  pass(1250);
  expect(expired.size).toBe(1);
  identify(session, Infinity);
  expiries.watch(session);
  pass(60_000);
});

test("Expiries.watch() lets a session go whose newer token never expires", () => {
  const { expiries, expired, jump } = createExpiries();
  const session = createSession(START + 5000);
  expiries.watch(session);
  identify(session, Infinity);
  expiries.watch(session);
  jump(DAY_MS);
  expect(expired.size).toBe(0);
});

test("Expiries.forget() ends the watch of one session, and not of those beside it", () => {
  const { expiries, expired, pass } = createExpiries();
  const [one, other] = [createSession(START + 5000), createSession(START + 5000)];
  expiries.watch(one);
  expiries.watch(other);
  expiries.forget(one);
  expiries.forget(one);
  pass(10_000);
  expect([...expired.keys()]).toEqual([other]);
});

test("Expiries closes what expired while the process slept", () => {
  const { expiries, expired, jump } = createExpiries();
  const sessions = [1, 3600, 7200].map((seconds) => createSession(START + seconds * 1000));
  for (const session of sessions) expiries.watch(session);
  jump(3_600_000);
  expect([...expired.keys()]).toEqual(sessions.slice(0, 2));
});

test("Expiries closes at the right time after the clock was set back", () => {
  const { expiries, expired, clock, jump, pass } = createExpiries();
  jump(DAY_MS);
  jump(-DAY_MS + 5000);
  const session = createSession(clock.now + 10_000);
  expiries.watch(session);
  pass(9750);
  expect(expired.size).toBe(0);
  pass(1500);
  expect(expired.size).toBe(1);
});

test("Expiries may forget and watch others while it closes one", () => {
  const closed: Session[] = [];
  const sessions = Array.from({ length: 10 }, () => createSession(START + 1000));
  const later = createSession(START + 2000);
  const expiries = new Expiries((session) => {
    closed.push(session);
    expiries.forget(session);
    expiries.watch(later);
  });
  expiries.advance(START);
  for (const session of sessions) expiries.watch(session);
  expiries.advance(START + 1000);
  expect(closed).toEqual(sessions);
  expiries.advance(START + 2000);
  expect(closed.at(-1)).toBe(later);
});
