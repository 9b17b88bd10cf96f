import { expect, test } from "bun:test";
import { startServer } from "../support/server.ts";
import { waitFor } from "../support/session.ts";

/** Sends each message's length back, and tells how sessions ended. */
const files = {
  "a.js": `import { addToGroup, getGroups, getGroupSize, kept, removeFromGroup, send } from "hubbub";
const ends = kept("ends", () => []);
export const get = ({ webSocket }) => (webSocket ? { webSocket: {} } : { body: ends });
export const webSocketEvent = ({ type, session: { id }, message, closeReason, reason, error }) => {
  if (type === "close") ends.push([closeReason, reason]);
  if (type !== "message") return;
  const [what, group] = message.split(" ", 2);
  try {
    if (what === "join") addToGroup(group, id);
    else if (what === "leave") removeFromGroup(group, id);
    else return void send(id, String(message.length));
    send(id, getGroups(id).join() + " " + getGroupSize(group));
  } catch (error) {
    send(id, error.code + ": " + error.message);
  }
};`,
  "quiet.js": `export const get = () => ({ webSocket: {} });`,
};

test("--max-message-rate lets ten seconds' worth through at once, and closes with 4029 at one more", async () => {
  await using server = await startServer(files, { "max-message-rate": "5" });
  using calm = await server.open("/a");
  using session = await server.open("/a");
  for (let n = 0; n < 50; n += 1) session.send("x");
  for (let n = 0; n < 50; n += 1) expect(await session.next()).toBe("1");
  expect(server.app.metrics.floodingSessionsClosed).toBe(0);
  // The bucket holds ten seconds' worth, and is filled again by five a second meanwhile.
  for (let n = 0; n < 50; n += 1) session.send("x");
  expect(await session.closed).toEqual({ code: 4029, reason: "too many messages or bytes" });
  expect(session.waiting.length).toBeLessThan(25);
  expect(await (await server.fetch("/a")).json()).toEqual([[4029, "too many messages or bytes"]]);
  expect(server.app.metrics).toMatchObject({ floodingSessionsClosed: 1, sessionsOpened: 2 });
  expect(server.app.metrics.sessionsClosed.get(4029)).toBe(1);
  expect(server.app.metrics.messagesReceived).toBe(50 + session.waiting.length + 1);
  calm.send("still here");
  expect(await calm.next()).toBe("10");
});

test("--max-byte-rate lets ten seconds' worth through at once, and closes with 4029 at more", async () => {
  await using server = await startServer(files, { "max-byte-rate": "1KiB" });
  using session = await server.open("/a");
  for (let n = 0; n < 10; n += 1) session.send("x".repeat(1024));
  for (let n = 0; n < 10; n += 1) expect(await session.next()).toBe("1024");
  session.send("x".repeat(10_241));
  expect(await session.closed).toEqual({ code: 4029, reason: "too many messages or bytes" });
  expect(server.app.metrics.floodingSessionsClosed).toBe(1);
  using other = await server.open("/a");
  other.send("x".repeat(10_240));
  expect(await other.next()).toBe("10240");
});

test("--max-message-rate counts messages to a controller that hears none", async () => {
  await using server = await startServer(files, { "max-message-rate": "1" });
  using session = await server.open("/quiet");
  for (let n = 0; n < 50; n += 1) session.send("x");
  expect((await session.closed).code).toBe(4029);
});

test("limits that are 0 are off", async () => {
  await using server = await startServer(files, {
    "max-message-rate": "0",
    "max-byte-rate": "0",
    "max-groups": "0",
    "max-sessions": "0",
    "max-upgrades": "0",
    "max-sessions-per-address": "0",
  });
  using session = await server.open("/a");
  for (let n = 0; n < 20_000; n += 1) session.send("x");
  for (let n = 0; n < 20_000; n += 1) expect(await session.next()).toBe("1");
  for (let n = 0; n < 1500; n += 1) session.send(`join ${n}`);
  for (let n = 0; n < 1500; n += 1) expect(await session.next()).toEndWith(" 1");
  expect(Object.values(server.app.metrics.upgradesRefused).every((count) => count === 0)).toBe(true);
});

test("--max-groups refuses one group more with GROUP_LIMIT, and takes it when another was left", async () => {
  await using server = await startServer(files, { "max-groups": "2" });
  using session = await server.open("/a");
  using other = await server.open("/a");
  const ask = async (text: string, asked = session) => {
    asked.send(text);
    return asked.next();
  };
  expect(await ask("join a")).toBe("a 1");
  expect(await ask("join b")).toBe("a,b 1");
  const text = `GROUP_LIMIT: Cannot add a session to group "c": it is in 2 groups, expected fewer than --max-groups`;
  expect(await ask("join c")).toBe(text);
  expect(server.app.metrics.groupsRefused).toBe(1);
  // A group that it is in already is no group more.
  expect(await ask("join b")).toBe("a,b 1");
  expect(await ask("join c", other)).toBe("c 1");
  expect(await ask("leave a")).toBe("b 0");
  expect(await ask("join c")).toBe("b,c 2");
  expect(server.app.metrics.groupsRefused).toBe(1);
});

test("--max-groups that a controller does not catch ends the session with 1011", async () => {
  const joins = `import { addToGroup } from "hubbub";
export const get = () => ({ webSocket: {} });
export const webSocketEvent = ({ type, session: { id } }) => {
  if (type === "message") for (const name of ["a", "b"]) addToGroup(name, id);
};`;
  await using server = await startServer({ "a.js": joins }, { "max-groups": "1" });
  using session = await server.open("/a");
  session.send("go");
  expect((await session.closed).code).toBe(1011);
});

test("--max-inbox pauses a session at exactly that many waiting messages, counts it, and loses none", async () => {
  const slow = `import { kept, send } from "hubbub";
const state = kept("state", () => ({ ...Promise.withResolvers(), heard: 0 }));
export const get = ({ webSocket }) => (webSocket ? { webSocket: {} } : { body: state.heard });
export const post = () => { state.resolve(); return {}; };
export const webSocketEvent = async ({ type, session: { id }, message }) => {
  if (type !== "message") return;
  state.heard += 1;
  await state.promise;
  send(id, message);
};`;
  await using server = await startServer({ "a.js": slow }, { "max-inbox": "5" });
  using session = await server.open("/a");
  const { metrics } = server.app;
  // One runs, and four wait.
  for (let n = 0; n < 5; n += 1) session.send(String(n));
  await waitFor(() => metrics.messagesReceived === 5, "messages");
  expect(metrics.inboxesFull).toBe(0);
  session.send("5");
  await waitFor(() => metrics.messagesReceived === 6, "message");
  expect(metrics.inboxesFull).toBe(1);
  for (let n = 6; n < 200; n += 1) session.send(String(n));
  // What asks later is answered: all that the server would read from the session meanwhile would have been read.
  for (let n = 0; n < 5; n += 1) await server.fetch("/a");
  expect(metrics.messagesReceived).toBe(6);
  await server.fetch("/a", { method: "POST" });
  for (let n = 0; n < 200; n += 1) expect(await session.next()).toBe(String(n));
  expect(metrics.messagesReceived).toBe(200);
});
