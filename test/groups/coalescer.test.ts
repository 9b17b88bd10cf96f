import { expect, test } from "bun:test";
import { Coalescer } from "../../src/groups/coalescer.ts";
import type { Group, Member } from "../../src/groups/group.ts";
import { waitFor } from "../support/session.ts";

const createGroup = (name: string, shared = 0): Group => ({
  name,
  topic: name,
  size: 1,
  shared,
  writtenAt: -Infinity,
  sent: { messages: 0, size: 0 },
  queue: undefined,
});

const memberOf = (...memberships: Group[]): Member => ({
  publisher: { publish: () => undefined },
  socket: undefined,
  memberships,
});

/** A coalescer, and what it published so far: `group message`. */
function createCoalescer() {
  const published: string[] = [];
  const times: number[] = [];
  const coalescer = new Coalescer((group, message, except) => {
    published.push(`${group.name} ${String(message)}${except === undefined ? "" : " except"}`);
    times.push(performance.now());
  });
  return { coalescer, published, times };
}

/** Longer than any test: what waits for the end of it is published by something else. */
const LONG_MS = 60_000;

test("Coalescer.send() publishes at once what goes to a quiet group", () => {
  const { coalescer, published } = createCoalescer();
  coalescer.send(createGroup("chat"), "1", LONG_MS, undefined);
  coalescer.send(createGroup("news"), "2", LONG_MS, undefined);
  expect(published).toEqual(["chat 1", "news 2"]);
});

test("Coalescer.send() publishes everything at once with a window of 0", () => {
  const { coalescer, published } = createCoalescer();
  const chat = createGroup("chat");
  for (const text of ["1", "2", "3"]) coalescer.send(chat, text, 0, undefined);
  expect(published).toEqual(["chat 1", "chat 2", "chat 3"]);
});

test("Coalescer.send() lets what follows wait until the window ends, and publishes it together", async () => {
  const { coalescer, published, times } = createCoalescer();
  const chat = createGroup("chat");
  for (const text of ["1", "2", "3", "4"]) coalescer.send(chat, text, 50, undefined);
  expect(published).toEqual(["chat 1"]);
  await waitFor(() => published.length > 1, "end of the window");
  expect(published).toEqual(["chat 1", "chat 2", "chat 3", "chat 4"]);
  const [first = 0, second = 0] = times;
  expect(second - first).toBeGreaterThanOrEqual(49);
});

test("Coalescer.send() takes a group for busy from the last time that it was written", async () => {
  const { coalescer, published } = createCoalescer();
  const chat = createGroup("chat");
  for (const text of ["1", "2"]) coalescer.send(chat, text, 20, undefined);
  await waitFor(() => published.length === 2, "end of the window");
  coalescer.send(chat, "3", LONG_MS, undefined);
  expect(published).toHaveLength(2);
  coalescer.flush();
  await waitFor(() => performance.now() > chat.writtenAt + 20, "quiet");
  coalescer.send(chat, "4", 20, undefined);
  expect(published).toEqual(["chat 1", "chat 2", "chat 3", "chat 4"]);
});

test("Coalescer keeps the order when a message has a shorter window than one that waits", async () => {
  const { coalescer, published, times } = createCoalescer();
  const chat = createGroup("chat");
  coalescer.send(chat, "1", LONG_MS, undefined);
  coalescer.send(chat, "2", LONG_MS, undefined);
  coalescer.send(chat, "3", 20, undefined);
  await waitFor(() => published.length === 3, "end of the shorter window");
  expect((times[1] ?? 0) - (times[0] ?? 0)).toBeLessThan(1000);
  coalescer.send(chat, "4", LONG_MS, undefined);
  coalescer.send(chat, "5", 0, undefined);
  expect(published).toEqual(["chat 1", "chat 2", "chat 3", "chat 4", "chat 5"]);
});

test("Coalescer publishes each group when its own window ends", async () => {
  const { coalescer, published } = createCoalescer();
  const [slow, fast] = [createGroup("slow"), createGroup("fast")];
  for (const text of ["1", "2"]) coalescer.send(slow, text, LONG_MS, undefined);
  for (const text of ["1", "2"]) coalescer.send(fast, text, 10, undefined);
  await waitFor(() => published.length > 2, "end of the shorter window");
  coalescer.flush();
  expect(published).toEqual(["slow 1", "fast 1", "fast 2", "slow 2"]);
});

test("Coalescer publishes groups that share members in the order in which they were sent to", async () => {
  const { coalescer, published } = createCoalescer();
  const [chat, news] = [createGroup("chat", 1), createGroup("news", 1)];
  coalescer.send(chat, "1", 100, undefined);
  coalescer.send(news, "2", 100, undefined);
  coalescer.send(chat, "3", 100, undefined);
  coalescer.send(news, "4", 10, undefined);
  coalescer.send(chat, "5", 100, undefined);
  await waitFor(() => published.length > 2, "end of the shortest window");
  expect(published).toEqual(["chat 1", "news 2", "chat 3", "news 4", "chat 5"]);
});

test("Coalescer publishes what waits for a shared group before a message to a quiet one", () => {
  const { coalescer, published } = createCoalescer();
  const [chat, news, alone] = [createGroup("chat", 1), createGroup("news", 1), createGroup("alone")];
  for (const text of ["1", "2"]) coalescer.send(chat, text, LONG_MS, undefined);
  coalescer.send(alone, "3", LONG_MS, undefined);
  expect(published).toEqual(["chat 1", "alone 3"]);
  coalescer.send(news, "4", LONG_MS, undefined);
  expect(published).toEqual(["chat 1", "alone 3", "chat 2", "news 4"]);
});

test.each([
  ["32 messages", "", 32],
  ["64 KiB", "x".repeat(8 * 1024), 8],
  ["one message of 64 KiB", "x".repeat(64 * 1024), 1],
])("Coalescer does not let more than %s wait", (_, text, limit) => {
  const { coalescer, published } = createCoalescer();
  const chat = createGroup("chat");
  coalescer.send(chat, "at once", LONG_MS, undefined);
  for (let n = 1; n < limit; n += 1) coalescer.send(chat, text, LONG_MS, undefined);
  expect(published).toHaveLength(1);
  coalescer.send(chat, text, LONG_MS, undefined);
  expect(published).toHaveLength(1 + limit);
});

test("Coalescer.flushFor() and flushGroup() publish what waits for these members, and nothing else", () => {
  const { coalescer, published } = createCoalescer();
  const [chat, news] = [createGroup("chat"), createGroup("news")];
  for (const group of [chat, news]) for (const text of ["1", "2"]) coalescer.send(group, text, LONG_MS, undefined);
  coalescer.flushFor(memberOf());
  coalescer.flushFor({ ...memberOf(), memberships: undefined });
  coalescer.flushFor(memberOf(createGroup("empty")));
  expect(published).toEqual(["chat 1", "news 1"]);
  coalescer.flushFor(memberOf(news));
  expect(published).toEqual(["chat 1", "news 1", "news 2"]);
  coalescer.flushGroup(chat);
  coalescer.flush();
  expect(published).toEqual(["chat 1", "news 1", "news 2", "chat 2"]);
});

test("Coalescer keeps who is left out, and drops what waits for a group that nobody is in any more", () => {
  const { coalescer, published } = createCoalescer();
  const [chat, gone] = [createGroup("chat"), createGroup("gone")];
  const ada = memberOf(chat);
  for (const group of [chat, gone]) for (const text of ["1", "2"]) coalescer.send(group, text, LONG_MS, ada);
  gone.size = 0;
  coalescer.flush();
  expect(published).toEqual(["chat 1 except", "gone 1 except", "chat 2 except"]);
});
