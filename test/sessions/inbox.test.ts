import { expect, test } from "bun:test";
import type { Message, SessionEvent } from "../../src/sessions/event.ts";
import { Inbox, type InboxLimits } from "../../src/sessions/inbox.ts";
import { createBareSession } from "../support/bare-session.ts";
import { startServer } from "../support/server.ts";

const MAX_EVENTS = 64;
const MAX_SIZE = 1024 ** 2;
const limits: InboxLimits = { maxEvents: MAX_EVENTS, maxSize: MAX_SIZE, filled: () => {} };
const session = { id: "1", path: "/chat", params: {} };
const message = (text: Message): SessionEvent => ({ type: "message", session, data: {}, message: text });
const close: SessionEvent = { type: "close", session, data: {}, closeReason: 1000, reason: "" };
const error: SessionEvent = { type: "error", session, data: {}, error: "lost" };

function fill(events: SessionEvent[]): Inbox {
  const inbox = new Inbox(limits);
  for (const event of events) inbox.push(event);
  return inbox;
}

test("Inbox.shift() gives the events in the order of push(), then nothing", () => {
  const events = [message("a"), error, message("b"), close];
  const inbox = fill(events);
  expect(events.map(() => inbox.shift())).toEqual(events);
  expect(inbox.shift()).toBeUndefined();
});

test("Inbox.isFull counts events of any type", () => {
  const inbox = fill(Array.from({ length: MAX_EVENTS - 1 }, () => error));
  expect(inbox.isFull).toBe(false);
  inbox.push(message("x"));
  expect(inbox.isFull).toBe(true);
  inbox.shift();
  expect(inbox.isFull).toBe(false);
});

test.each([
  ["text", "x".repeat(MAX_SIZE - 1), "x"],
  ["bytes", new Uint8Array(MAX_SIZE - 1), new Uint8Array(1)],
])("Inbox.isFull counts the bytes of messages: %s", (_, large, small) => {
  const inbox = fill([message(large)]);
  expect(inbox.isFull).toBe(false);
  inbox.push(message(small));
  expect(inbox.isFull).toBe(true);
  inbox.shift();
  expect(inbox.isFull).toBe(false);
});

test("Inbox.push() never refuses, not even when it is full", () => {
  const inbox = fill(Array.from({ length: 3 * MAX_EVENTS }, (_, n) => message(String(n))));
  for (let n = 0; n < 3 * MAX_EVENTS; n += 1) expect(inbox.shift()).toMatchObject({ message: String(n) });
});

test("Inbox.isLow holds from half of the events down", () => {
  const inbox = fill(Array.from({ length: MAX_EVENTS / 2 + 1 }, () => message("")));
  expect(inbox.isLow).toBe(false);
  inbox.shift();
  expect(inbox.isLow).toBe(true);
});

test("Inbox.isLow holds from half of the bytes down", () => {
  const inbox = fill([message("x"), message("x".repeat(MAX_SIZE / 2))]);
  expect(inbox.isLow).toBe(false);
  inbox.shift();
  expect(inbox.isLow).toBe(true);
});

test("Inbox.dropMessages() keeps the other events in order and says how many it dropped", () => {
  const inbox = fill([message("a"), error, message("b"), close]);
  expect(inbox.dropMessages()).toBe(2);
  expect(inbox.dropMessages()).toBe(0);
  expect([inbox.shift(), inbox.shift(), inbox.shift()]).toEqual([error, close, undefined]);
});

test("Inbox.dropMessages() forgets the bytes of what it dropped", () => {
  const inbox = fill([message("x".repeat(MAX_SIZE))]);
  inbox.dropMessages();
  expect([inbox.isFull, inbox.isLow]).toEqual([false, true]);
  inbox.push(message("x".repeat(MAX_SIZE - 1)));
  expect(inbox.isFull).toBe(false);
});

test("Inbox pauses the socket when it is full, and has it read again when it is low", () => {
  const socket = {
    isPaused: false,
    pause: () => void (socket.isPaused = true),
    resume: () => void (socket.isPaused = false),
  };
  let filled = 0;
  const inboxLimits = { ...limits, filled: () => void (filled += 1) };
  const slow = createBareSession({}, { run: () => false, inboxLimits });
  slow.open(socket as never);
  for (let n = 1; n < MAX_EVENTS; n += 1) slow.receive("x");
  expect(socket.isPaused).toBe(false);
  slow.receive("x");
  expect(socket.isPaused).toBe(true);
  expect(filled).toBe(1);
  for (let left = MAX_EVENTS; left > MAX_EVENTS / 2 + 1; left -= 1) slow.finishEvent();
  expect(socket.isPaused).toBe(true);
  slow.finishEvent();
  expect(socket.isPaused).toBe(false);
});

test("Inbox pauses a socket that sends faster than its handler, and loses nothing", async () => {
  await using server = await startServer({
    "slow.ts": `import { send } from "hubbub";
const gate = Promise.withResolvers();
export const get = () => ({ webSocket: {} });
export const post = () => { gate.resolve(undefined); return {}; };
export const webSocketEvent = async (event) => {
  if (event.type !== "message") return;
  await gate.promise;
  send(event.session.id, event.message.slice(0, 8).trim());
};`,
  });
  using session = await server.open("/slow");
  const count = 500;
  const sent = Array.from({ length: count }, (_, n) => String(n).padEnd(20_000));
  for (const text of sent) session.send(text);
  await server.fetch("/slow", { method: "POST" });
  for (const text of sent) expect(await session.next()).toBe(text.trim());
});
