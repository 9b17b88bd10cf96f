import { expect, test } from "bun:test";
import { Traffic } from "../../../src/groups/traffic.ts";
import { type SessionQuery, sessionSorts } from "../../../src/http/admin/backend.ts";
import { createLocalBackend } from "../../../src/http/admin/local-backend.ts";
import { createBareSession } from "../../support/bare-session.ts";

const SESSIONS = 10_000;

/** What a page may take of the event loop, in milliseconds: a fifth of this on a machine that does nothing else. */
const LIMIT_MS = 100;

const group = { name: "all", topic: "g:all", size: SESSIONS, shared: 0, writtenAt: 0, sent: { messages: 7, size: 70 } };

const sessions = Array.from({ length: SESSIONS }, (_, index) => {
  const id = crypto.randomUUID();
  const address = `10.0.${index >> 8}.${index & 255}`;
  const session = createBareSession({ info: { id, path: `/room/${index % 100}`, params: {} }, address });
  session.traffic = new Traffic(index);
  for (let count = (index * 7919) % 50; count > 0; count -= 1) session.traffic.countReceived(count);
  session.memberships = [{ ...group, queue: undefined }];
  return session;
});

const backend = createLocalBackend({
  api: { send: () => false, sendToGroup: () => {}, close: () => false, getGroupSize: () => 0, getGroups: () => [] },
  sessions: { values: () => sessions, get: () => undefined },
  groupNames: () => [],
  readHealth: () => {
    throw new Error("Nobody asks");
  },
});

const page = { offset: 0, limit: 50, path: undefined, group: undefined };

const queries: [name: string, query: SessionQuery][] = [
  ...sessionSorts.map((sort): [string, SessionQuery] => [`sorted by ${sort}`, { ...page, sort: `-${sort}` }]),
  ["in the middle", { ...page, offset: 5000, sort: "received" }],
  ["with a text", { ...page, sort: "-opened", text: "no such thing" }],
  ["of a group", { ...page, sort: "-opened", group: "all" }],
];

test.each(queries)("a page of 10,000 sessions, %s, holds the event loop for a moment only", async (_, query) => {
  await backend.listSessions(query);
  const times: number[] = [];
  for (let count = 0; count < 5; count += 1) {
    const startedAt = performance.now();
    await backend.listSessions(query);
    times.push(performance.now() - startedAt);
  }
  expect(Math.min(...times)).toBeLessThan(LIMIT_MS);
});
