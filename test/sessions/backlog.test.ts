import { beforeEach, expect, test } from "bun:test";
import { Metrics } from "../../src/core/metrics.ts";
import { ThrottledLog } from "../../src/core/throttled-log.ts";
import { Backlog } from "../../src/sessions/backlog.ts";
import type { Session } from "../../src/sessions/session.ts";
import { openRaw } from "../support/raw.ts";
import { startServer } from "../support/server.ts";
import { waitFor } from "../support/session.ts";

/** The sessions that were cut. */
let closed: Session[] = [];

beforeEach(() => {
  closed = [];
});

/** Only what the backlog looks at, with so many bytes that wait. */
function sessionWith(bytes: number | undefined): Session {
  const session = {
    info: { id: "1", path: "/" },
    socket: bytes === undefined ? undefined : { getBufferedAmount: () => bytes },
    cut: (code: number, reason: string) => {
      Object.assign(session, { closingAs: { code, reason } });
      closed.push(session);
    },
  } as unknown as Session;
  return session;
}

function createBacklog(maxBytes: number, all: Session[]) {
  let looks = 0;
  const sessions = () => {
    looks += 1;
    return all;
  };
  const metrics = new Metrics();
  const backlog = new Backlog({ maxBytes, sessions, metrics, throttledLog: new ThrottledLog() });
  return { backlog, metrics, looks: () => looks };
}

test("Backlog.check() closes a session for which more waits than may", () => {
  const { backlog } = createBacklog(1000, []);
  const slow = sessionWith(1001);
  for (const session of [sessionWith(0), sessionWith(1000), slow]) backlog.check(session, "");
  expect(closed).toEqual([slow]);
});

test.each([
  ["text", "x".repeat(5000), 5000],
  ["bytes", new Uint8Array(5000), 5000],
  ["text of several bytes a character", "€".repeat(5000), 15_000],
])("Backlog.check() does not count the message that was sent just now: %s", (_, message, bytes) => {
  const { backlog } = createBacklog(1000, []);
  const slow = sessionWith(bytes + 1001);
  for (const session of [sessionWith(bytes), sessionWith(bytes + 1000), slow]) backlog.check(session, message);
  expect(closed).toEqual([slow]);
});

test("Backlog.check() cuts a session once, with 4008, and counts it", () => {
  const { backlog, metrics } = createBacklog(1000, []);
  const slow = sessionWith(5000);
  for (let n = 0; n < 3; n += 1) backlog.check(slow, "");
  expect(closed).toEqual([slow]);
  expect(slow.closingAs).toEqual({ code: 4008, reason: "too slow" });
  expect(metrics.slowSessionsClosed).toBe(1);
});

test("Backlog.check() leaves a session alone that has ended", () => {
  const { backlog } = createBacklog(1000, []);
  backlog.check(sessionWith(undefined), "x");
  expect(closed).toEqual([]);
});

test("Backlog.published() looks at every session each time that as much was published as may wait, frames included", () => {
  const [slow, fast] = [sessionWith(5000), sessionWith(0)];
  const { backlog, looks } = createBacklog(1000, [slow, fast]);
  backlog.published("x".repeat(995));
  expect(looks()).toBe(0);
  backlog.published("x".repeat(1));
  expect(looks()).toBe(1);
  expect(closed).toEqual([slow]);
  backlog.published("x".repeat(995));
  expect(looks()).toBe(1);
  backlog.published("x".repeat(5000));
  expect(looks()).toBe(2);
});

test("Backlog.nativeLimitBytes() lets a full backlog and one more message wait, and fits the runtime", () => {
  for (const maxBytes of [1024, 65_536, 2 ** 20, 2 ** 30]) {
    for (const maxMessageBytes of [1, 2 ** 20, 2 ** 30]) {
      const limit = Backlog.nativeLimitBytes(maxBytes, maxMessageBytes);
      expect(limit).toBeGreaterThan(Math.min(2 * maxBytes + maxMessageBytes - 1, 2 ** 32 - 2));
      expect(limit).toBeLessThan(2 ** 32);
    }
  }
});

const feed = `import { addToGroup, sendToGroup, send, kept } from "hubbub";
const log = kept("log", () => []);
export const get = () => ({ webSocket: {} });
export const post = ({ params }) => {
  const text = "x".repeat(Number(params.bytes));
  if (params.to) return { body: send(params.to, text) };
  sendToGroup("feed", text);
  return {};
};
export const put = () => ({ body: log });
export const webSocketEvent = (event) => {
  if (event.type === "open") addToGroup("feed", event.session.id);
  if (event.type === "open") send(event.session.id, event.session.id);
  if (event.type === "close" || event.type === "error") log.push([event.session.id, event.type, event.closeReason, event.reason]);
};`;

test("Backlog cuts a session that does not read with 4008, and the others get everything", async () => {
  await using server = await startServer({ "feed.js": feed }, { "max-backlog": "64KiB" });
  using fast = await server.open("/feed");
  await fast.next();
  using slow = await openRaw(server.url("/feed"));
  await waitFor(() => slow.received().length >= 38, "id");
  const id = slow.received().subarray(2, 38).toString();
  slow.socket.pause();
  let published = 0;
  const readLog = async () => (await (await server.fetch("/feed", { method: "PUT" })).json()) as unknown[];
  while ((await readLog()).length === 0 && published < 2000) {
    await server.fetch("/feed?bytes=32768", { method: "POST" });
    published += 1;
  }
  expect(await readLog()).toEqual([[id, "close", 4008, "too slow"]]);
  for (let n = 0; n < published; n += 1) expect(await fast.next()).toHaveLength(32_768);
  expect(fast.waiting).toEqual([]);
});

test("Backlog lets a session that reads have a message larger than the backlog", async () => {
  await using server = await startServer({ "feed.js": feed }, { "max-backlog": "64KiB" });
  using session = await server.open("/feed");
  const id = String(await session.next());
  const bytes = 16 * 1024 * 1024;
  const answer = await server.fetch(`/feed?bytes=${bytes}&to=${id}`, { method: "POST" });
  expect(await answer.text()).toBe("true");
  expect(await session.next()).toHaveLength(bytes);
});
