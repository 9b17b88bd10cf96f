import { expect, test } from "bun:test";
import { startServer } from "../support/server.ts";
import { call, idOf, recorder, remote, waitForClose } from "./controllers.ts";

test("addToGroup() creates the group and is idempotent", async () => {
  await using server = await startServer({ "remote.js": remote() });
  using session = await server.open("/remote");
  expect((await call(session, "getGroupSize", "chat")).result).toBe(0);
  expect((await call(session, "addToGroup", "chat", "$me")).kind).toBe("undefined");
  await call(session, "addToGroup", "chat", "$me");
  expect((await call(session, "getGroupSize", "chat")).result).toBe(1);
  session.send(JSON.stringify({ name: "sendToGroup", args: ["chat", "once"] }));
  expect(await session.next()).toBe("once");
  expect(await session.nextJson()).toHaveProperty("kind", "undefined");
});

test("addToGroup() ignores an unknown id", async () => {
  await using server = await startServer({ "remote.js": remote() });
  using session = await server.open("/remote");
  expect(await call(session, "addToGroup", "chat", "nobody")).not.toHaveProperty("error");
  expect((await call(session, "getGroupSize", "chat")).result).toBe(0);
});

test("addToGroup() without an id does not throw", async () => {
  await using server = await startServer({ "remote.js": remote() });
  using session = await server.open("/remote");
  expect(await call(session, "addToGroup", "chat")).not.toHaveProperty("error");
  expect((await call(session, "getGroupSize", "chat")).result).toBe(0);
});

test("addToGroup() takes a number as the text of a group's name", async () => {
  await using server = await startServer({ "remote.js": remote() });
  using session = await server.open("/remote");
  expect(await call(session, "addToGroup", 1234, "$me")).not.toHaveProperty("error");
  expect((await call(session, "getGroupSize", "1234")).result).toBe(1);
  expect((await call(session, "getGroupSize", 1234)).result).toBe(1);
  session.send(JSON.stringify({ name: "sendToGroup", args: ["1234", "by text"] }));
  expect(await session.next()).toBe("by text");
  await session.next();
  await call(session, "removeFromGroup", "1234", "$me");
  expect((await call(session, "getGroupSize", 1234)).result).toBe(0);
});

test("removeFromGroup() ends the membership", async () => {
  await using server = await startServer({ "remote.js": remote() });
  using ada = await server.open("/remote");
  using bob = await server.open("/remote");
  for (const session of [ada, bob]) await call(session, "addToGroup", "chat", "$me");
  expect((await call(ada, "removeFromGroup", "chat", "$me")).kind).toBe("undefined");
  expect((await call(bob, "getGroupSize", "chat")).result).toBe(1);
  // The group's message would come before the answer.
  expect(await call(ada, "sendToGroup", "chat", "hello")).toHaveProperty("id");
  expect(await bob.next()).toBe("hello");
});

test("removeFromGroup() ignores an unknown group, an unknown id and no id", async () => {
  await using server = await startServer({ "remote.js": remote() });
  using session = await server.open("/remote");
  await call(session, "addToGroup", "chat", "$me");
  expect(await call(session, "removeFromGroup", "nowhere", "$me")).not.toHaveProperty("error");
  expect(await call(session, "removeFromGroup", "chat", "nobody")).not.toHaveProperty("error");
  expect(await call(session, "removeFromGroup", "chat")).not.toHaveProperty("error");
  expect((await call(session, "getGroupSize", "chat")).result).toBe(1);
});

test("send() sends a text to one session and returns true", async () => {
  await using server = await startServer({ "remote.js": remote() });
  using ada = await server.open("/remote");
  using bob = await server.open("/remote");
  expect((await call(ada, "send", await idOf(bob), "only bob")).result).toBe(true);
  expect(await bob.next()).toBe("only bob");
  expect(ada.waiting).toEqual([]);
});

test("send() ignores an unknown id and no id, and returns false", async () => {
  await using server = await startServer({ "remote.js": remote() });
  using session = await server.open("/remote");
  expect(await call(session, "send", "nobody", "hello")).toMatchObject({ result: false });
  expect(await call(session, "send", 7, "hello")).toMatchObject({ result: false });
  expect(await call(session, "send", null, "hello")).toMatchObject({ result: false });
});

test("send() delivers an empty text", async () => {
  await using server = await startServer({ "remote.js": remote() });
  using session = await server.open("/remote");
  session.send(JSON.stringify({ name: "send", args: ["$me", ""] }));
  expect(await session.next()).toBe("");
  expect(await session.nextJson()).toMatchObject({ result: true });
});

test("send() in close does nothing, does not throw and returns false", async () => {
  await using server = await startServer({
    "recorder.js": recorder({
      onEvent: `if (event.type === 'close') {
        heard.sent = lib.send(event.session.id, 'too late');
        heard.sentEmpty = lib.send(event.session.id, '');
      }`,
    }),
  });
  using session = await server.open("/recorder");
  session.close(1000);
  const events = await waitForClose(server, "/recorder");
  expect(events.map(({ type }) => type)).toEqual(["open", "close"]);
  expect(events.at(-1)).toMatchObject({ sent: false, sentEmpty: false });
  await session.closed;
  expect(session.waiting).toEqual([]);
});

test("sendToGroup() reaches every member, the sender included", async () => {
  await using server = await startServer({ "remote.js": remote() });
  using ada = await server.open("/remote");
  using bob = await server.open("/remote");
  using eve = await server.open("/remote");
  for (const session of [ada, bob]) await call(session, "addToGroup", "chat", "$me");
  ada.send(JSON.stringify({ name: "sendToGroup", args: ["chat", "to all"] }));
  expect(await ada.next()).toBe("to all");
  expect(await ada.nextJson()).toMatchObject({ kind: "undefined" });
  expect(await bob.next()).toBe("to all");
  expect(await call(eve, "getGroupSize", "chat")).toMatchObject({ result: 2 });
});

test("sendToGroup() to an empty group does nothing", async () => {
  await using server = await startServer({ "remote.js": remote() });
  using session = await server.open("/remote");
  expect(await call(session, "sendToGroup", "nowhere", "hello")).not.toHaveProperty("error");
});

test("sendToGroup() from an HTTP method reaches the group's members", async () => {
  await using server = await startServer({ "remote.js": remote() });
  using session = await server.open("/remote");
  await call(session, "addToGroup", "feed", "$me");
  const headers = { "Content-Type": "application/json" };
  const body = JSON.stringify({ name: "sendToGroup", args: ["feed", "news"] });
  expect((await server.fetch("/remote", { method: "POST", headers, body })).status).toBe(200);
  expect(await session.next()).toBe("news");
});

test("sendToGroup() with except leaves one member out", async () => {
  await using server = await startServer({ "remote.js": remote() });
  using ada = await server.open("/remote");
  using bob = await server.open("/remote");
  for (const session of [ada, bob]) await call(session, "addToGroup", "chat", "$me");
  const except = await idOf(ada);
  // Ada's next message is the answer: she got no other.
  expect(await call(ada, "sendToGroup", "chat", "hello", { except })).toHaveProperty("id", except);
  expect(await bob.next()).toBe("hello");
});

test("a session that ends leaves its groups", async () => {
  await using server = await startServer({ "remote.js": remote(), "recorder.js": recorder({ onEvent: joinOnOpen }) });
  using session = await server.open("/remote");
  using member = await server.open("/recorder");
  expect(await member.next()).toBe("joined");
  expect((await call(session, "getGroupSize", "chat")).result).toBe(1);
  member.close(1000);
  expect((await waitForClose(server, "/recorder")).at(-1)).toHaveProperty("size", 0);
  expect((await call(session, "getGroupSize", "chat")).result).toBe(0);
});

const joinOnOpen = `
  if (event.type === 'open') { lib.addToGroup('chat', event.session.id); lib.send(event.session.id, 'joined'); }
  if (event.type === 'close') heard.size = lib.getGroupSize('chat');`;

test("require('/lib/xp/websocket') works from a library of the folder", async () => {
  await using server = await startServer({
    "lib/greeter.js": "var ws = require('/lib/xp/websocket'); exports.greet = function (id) { ws.send(id, 'hi'); };",
    "chat.js": `var greeter = require('/lib/greeter');
      exports.get = function () { return { webSocket: {} }; };
      exports.webSocketEvent = function (event) { if (event.type === 'open') greeter.greet(event.session.id); };`,
  });
  using session = await server.open("/chat");
  expect(await session.next()).toBe("hi");
});
