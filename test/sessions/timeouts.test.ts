import { expect, spyOn, test } from "bun:test";
import { systemClock } from "../../src/core/clock.ts";
import type { Session } from "../../src/sessions/session.ts";
import { Timeouts } from "../../src/sessions/timeouts.ts";
import { createBareSession } from "../support/bare-session.ts";

const STEP_MS = 250;

/** All that the wheel needs of a socket. */
type FakeSocket = { isPaused: boolean; pings: number; ping: () => void };

type Watched = { session: Session; socket: FakeSocket };

function createSession(timeoutSeconds: number): Watched {
  const session = createBareSession({ timeoutSeconds });
  const socket: FakeSocket = {
    isPaused: false,
    pings: 0,
    ping() {
      socket.pings += 1;
    },
  };
  session.open(socket as never);
  return { session, socket };
}

/** A wheel whose time a test moves; `expired` has the time of each session's end. */
function createWheel(pingSeconds = 0) {
  const expired = new Map<Session, number>();
  const clock = { now: 0 };
  const timeouts = new Timeouts({
    pingSeconds,
    expire: (session) => {
      if (expired.has(session)) throw new Error("A session expired twice");
      expired.set(session, clock.now);
    },
  });
  const advance = (ms: number) => {
    clock.now += ms;
    timeouts.advance(ms);
  };
  const pass = (seconds: number, stepMs = STEP_MS) => {
    for (let left = seconds * 1000; left > 0; left -= stepMs) advance(Math.min(stepMs, left));
  };
  return { timeouts, expired, clock, advance, pass };
}

/** Numbers from 0 to 1 that are the same in each run. */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return state / 2 ** 31;
  };
}

test("Timeouts expires a silent session not before its timeout and within a second, for 1 to 86400 s", () => {
  const { timeouts, expired, pass } = createWheel();
  const sessions = Array.from({ length: 86_400 }, (_, index) => createSession(index + 1).session);
  for (const session of sessions) timeouts.watch(session);
  pass(86_401);
  const wrong = sessions.filter((session) => {
    const lateMs = (expired.get(session) ?? Infinity) - session.timeoutMs;
    return lateMs < 0 || lateMs > 1000;
  });
  expect(wrong.map(({ timeoutMs }) => timeoutMs)).toEqual([]);
});

test("Timeouts keeps its promise with uneven steps, for sessions heard at any moment", () => {
  const random = createRandom(7);
  const { timeouts, expired, clock, advance } = createWheel();
  const heardAt = new Map<Session, number>();
  const early: number[] = [];
  const late: number[] = [];
  const sessions: Session[] = [];
  for (let step = 0; step < 20_000; step += 1) {
    const ms = 230 + Math.floor(random() * 20);
    // What is heard between two steps came at some moment between them.
    for (const session of sessions) {
      if (!expired.has(session) && random() < 0.02) {
        timeouts.hear(session);
        heardAt.set(session, clock.now + random() * ms);
      }
    }
    if (step % 100 === 0) {
      const { session } = createSession(1 + Math.floor(random() * 60));
      timeouts.watch(session);
      heardAt.set(session, clock.now);
      sessions.push(session);
    }
    advance(ms);
    for (const session of sessions.filter((each) => expired.get(each) === clock.now)) {
      const lateMs = clock.now - (heardAt.get(session) ?? 0) - session.timeoutMs;
      if (lateMs < 0) early.push(lateMs);
      if (lateMs > 1000) late.push(lateMs);
    }
  }
  expect({ early, late }).toEqual({ early: [], late: [] });
  expect(expired.size).toBeGreaterThan(150);
});

test("Timeouts takes timeouts that are no whole seconds", () => {
  const { timeouts, expired, pass } = createWheel();
  const { session } = createSession(1.3);
  timeouts.watch(session);
  pass(5, 10);
  expect(expired.get(session)).toBeWithin(1300, 2301);
});

test("Timeouts.hear() puts the end off by a whole timeout", () => {
  const { timeouts, expired, clock, pass } = createWheel();
  const { session } = createSession(10);
  timeouts.watch(session);
  for (let n = 0; n < 20; n += 1) {
    pass(9.75);
    timeouts.hear(session);
  }
  expect(expired.size).toBe(0);
  const heardAt = clock.now;
  pass(30);
  expect((expired.get(session) ?? 0) - heardAt).toBeWithin(10_000, 11_001);
});

test("Timeouts never expires a session whose timeout is 0", () => {
  const { timeouts, expired, pass } = createWheel(30);
  const { session, socket } = createSession(0);
  timeouts.watch(session);
  pass(100_000);
  expect(expired.size).toBe(0);
  expect(socket.pings).toBeGreaterThan(3000);
});

test("Timeouts never pings when the ping is 0", () => {
  const { timeouts, pass } = createWheel(0);
  const { session, socket } = createSession(100);
  timeouts.watch(session);
  pass(99);
  expect(socket.pings).toBe(0);
});

test("Timeouts pings a silent session at each interval until it expires", () => {
  const { timeouts, expired, pass } = createWheel(30);
  const { session, socket } = createSession(100);
  timeouts.watch(session);
  pass(29.75);
  expect(socket.pings).toBe(0);
  pass(1.25);
  expect(socket.pings).toBe(1);
  pass(68.5);
  expect(socket.pings).toBe(3);
  expect(expired.size).toBe(0);
  pass(1.5);
  expect(expired.size).toBe(1);
  pass(1000);
  expect(socket.pings).toBe(3);
});

test("Timeouts keeps a session that answers its pings", () => {
  const { timeouts, expired, pass } = createWheel(30);
  const { session, socket } = createSession(60);
  timeouts.watch(session);
  for (let answered = 0, n = 0; n < 4000; n += 1) {
    pass(1);
    if (socket.pings > answered) timeouts.hear(session);
    answered = socket.pings;
  }
  expect(expired.size).toBe(0);
  expect(socket.pings).toBeWithin(120, 135);
});

test("Timeouts does not ping a session that is heard more often", () => {
  const { timeouts, pass } = createWheel(30);
  const { session, socket } = createSession(100);
  timeouts.watch(session);
  for (let n = 0; n < 100; n += 1) {
    pass(29);
    timeouts.hear(session);
  }
  expect(socket.pings).toBe(0);
});

test("Timeouts expires by the session's own timeout also when that is shorter than the ping", () => {
  const { timeouts, expired, pass } = createWheel(30);
  const { session, socket } = createSession(2);
  timeouts.watch(session);
  pass(10);
  expect(expired.get(session)).toBeWithin(2000, 3001);
  expect(socket.pings).toBe(0);
});

test("Timeouts does not expire a session whose socket is paused, and watches it again when it is read", () => {
  const { timeouts, expired, clock, pass } = createWheel(5);
  const { session, socket } = createSession(10);
  timeouts.watch(session);
  socket.isPaused = true;
  pass(1000);
  expect(expired.size).toBe(0);
  socket.isPaused = false;
  timeouts.hear(session);
  const heardAt = clock.now;
  pass(30);
  expect((expired.get(session) ?? 0) - heardAt).toBeWithin(10_000, 11_001);
});

test("Timeouts.forget() ends the watch", () => {
  const { timeouts, expired, pass } = createWheel(5);
  const { session, socket } = createSession(10);
  timeouts.watch(session);
  pass(1);
  timeouts.forget(session);
  timeouts.forget(session);
  pass(100);
  expect(expired.size).toBe(0);
  expect(socket.pings).toBe(0);
});

test("Timeouts.forget() leaves the other sessions of the same slot", () => {
  const { timeouts, expired, pass } = createWheel();
  const [{ session: one }, { session: other }] = [createSession(10), createSession(10)];
  timeouts.watch(one);
  timeouts.watch(other);
  timeouts.forget(one);
  pass(11);
  expect([...expired.keys()]).toEqual([other]);
});

test("Timeouts leaves a session alone that has ended", () => {
  const { timeouts, expired, pass } = createWheel(1);
  const { session, socket } = createSession(5);
  timeouts.watch(session);
  session.end(1006, "");
  pass(100);
  expect(expired.size).toBe(0);
  expect(socket.pings).toBe(0);
});

/** Starts a wheel on a clock of the test's own; `tick` is what the runtime's timer would do after `ms`. */
function startOnClock(timeouts: Timeouts) {
  let now = 1000;
  let tickWheel = () => {};
  const clock = spyOn(systemClock, "now").mockImplementation(() => now);
  const timer = spyOn(systemClock, "setInterval").mockImplementation((tick) => {
    tickWheel = tick;
    return {};
  });
  timeouts.start();
  return {
    tick: (ms: number) => {
      now += ms;
      tickWheel();
    },
    [Symbol.dispose]: () => {
      clock.mockRestore();
      timer.mockRestore();
    },
  };
}

test("Timeouts.start() moves the time with the clock", () => {
  const { timeouts, expired } = createWheel();
  const { session } = createSession(60);
  using clock = startOnClock(timeouts);
  timeouts.watch(session);
  for (let n = 0; n < 239; n += 1) clock.tick(251);
  expect(expired.size).toBe(0);
  for (let n = 0; n < 4; n += 1) clock.tick(251);
  expect(expired.size).toBe(1);
});

test("Timeouts.start() expires nobody at once when the process was blocked or asleep", () => {
  const { timeouts, expired } = createWheel();
  const sessions = [1, 2, 60, 3600].map((seconds) => createSession(seconds).session);
  using clock = startOnClock(timeouts);
  for (const session of sessions) timeouts.watch(session);
  for (const ms of [3_600_000, 5000, 86_400_000]) {
    // What came while the process was blocked is read after the timers have run.
    clock.tick(ms);
    expect(expired.size).toBe(0);
    for (const session of sessions) timeouts.hear(session);
  }
});

test("Timeouts.start() does not count a block as silence of a session that was already quiet", () => {
  const { timeouts, expired } = createWheel();
  const { session } = createSession(10);
  using clock = startOnClock(timeouts);
  timeouts.watch(session);
  for (let n = 0; n < 38; n += 1) clock.tick(250);
  clock.tick(60_000);
  expect(expired.size).toBe(0);
});

test("Timeouts.stop() ends the wheel's timer", () => {
  const { timeouts } = createWheel();
  const clear = spyOn(systemClock, "clear");
  timeouts.start();
  timeouts.stop();
  expect(clear).toHaveBeenCalledTimes(1);
  clear.mockRestore();
});
