import { expect, test } from "bun:test";
import { call, idOf, recorder, remote, waitForClose } from "../compat/controllers.ts";
import { openRaw } from "../support/raw.ts";
import { startServer } from "../support/server.ts";
import { waitFor } from "../support/session.ts";

const inEvent = (type: string, source: string) => `if (event.type === '${type}') { ${source} }`;

/** Lets the event loop turn, so that whatever is due happens within an event that is still handled. */
const turn = "await new Promise(function (done) { setImmediate(done); });";

test("close() ends a session from an event", async () => {
  await using server = await startServer({
    "recorder.js": recorder({
      onEvent: inEvent("message", "heard.result = lib.close(event.session.id, 4400, 'go away');"),
    }),
  });
  using session = await server.open("/recorder");
  session.send("close me");
  expect(await session.closed).toEqual({ code: 4400, reason: "go away" });
  const events = await waitForClose(server, "/recorder");
  expect(events.map(({ type }) => type)).toEqual(["open", "message", "close"]);
  expect(events[1]).toHaveProperty("result", true);
  expect(events[2]).toMatchObject({ closeReason: 4400, reason: "go away" });
});

test("close() ends a session from an HTTP method", async () => {
  await using server = await startServer({ "remote.js": remote("hubbub") });
  using session = await server.open("/remote");
  using other = await server.open("/remote");
  const body = JSON.stringify({ name: "close", args: [await idOf(session), 4001, "from post"] });
  const headers = { "Content-Type": "application/json" };
  const answer = await server.fetch("/remote", { method: "POST", headers, body });
  expect(await answer.json()).toMatchObject({ result: true });
  expect(await session.closed).toEqual({ code: 4001, reason: "from post" });
  expect(await idOf(other)).toBeString();
});

test("close() ends a session from a timer", async () => {
  const later = "setTimeout(function () { lib.close(event.session.id, 4002, 'from a timer'); }, 1);";
  await using server = await startServer({ "recorder.js": recorder({ onEvent: inEvent("open", later) }) });
  using session = await server.open("/recorder");
  expect(await session.closed).toEqual({ code: 4002, reason: "from a timer" });
  expect((await waitForClose(server, "/recorder")).at(-1)).toMatchObject({ closeReason: 4002, reason: "from a timer" });
});

test("close() without a code is 1000 without a reason", async () => {
  await using server = await startServer({
    "recorder.js": recorder({ onEvent: inEvent("open", "lib.close(event.session.id);") }),
  });
  using session = await server.open("/recorder");
  expect(await session.closed).toEqual({ code: 1000, reason: "" });
  expect((await waitForClose(server, "/recorder")).at(-1)).toMatchObject({ closeReason: 1000, reason: "" });
});

test.each([1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 4999])(
  "close() with %d sends that code, and the controller gets it",
  async (code) => {
    await using server = await startServer({
      "recorder.js": recorder({ onEvent: inEvent("message", `lib.close(event.session.id, ${code}, 'why');`) }),
    });
    using session = await server.open("/recorder");
    session.send("close me");
    expect(await session.closed).toEqual({ code, reason: "why" });
    const events = await waitForClose(server, "/recorder");
    expect(events.map(({ type }) => type)).toEqual(["open", "message", "close"]);
    expect(events.at(-1)).toMatchObject({ closeReason: code, reason: "why" });
  },
);

test.each([0, -1, 999, 1004, 1005, 1006, 1015, 2999, 5000, 1000.5, "1000", null, {}])(
  "close() with the code %p is a clear error, and the session stays",
  async (code) => {
    await using server = await startServer({ "remote.js": remote("hubbub") });
    using session = await server.open("/remote");
    const answer = await call(session, "close", "$me", code);
    expect(answer.code).toBe("CLOSE_CODE");
    expect(answer.error).toStartWith("Cannot close a session with code ");
    expect((await call(session, "isOpen", "$me")).result).toBe(true);
  },
);

test("close() with a reason of more than 123 bytes, or that is no text, is a clear error", async () => {
  await using server = await startServer({ "remote.js": remote("hubbub") });
  using session = await server.open("/remote");
  for (const reason of ["x".repeat(124), "ü".repeat(62), 7, {}]) {
    expect(await call(session, "close", "$me", 1000, reason)).toMatchObject({ code: "CLOSE_CODE" });
  }
  session.send(JSON.stringify({ name: "close", args: ["$me", 1000, "x".repeat(123)] }));
  expect(await session.closed).toEqual({ code: 1000, reason: "x".repeat(123) });
});

test("send(), close() and isOpen() of a dead or unknown session return false", async () => {
  await using server = await startServer({ "remote.js": remote("hubbub") });
  using session = await server.open("/remote");
  using dead = await server.open("/remote");
  const id = await idOf(dead);
  expect((await call(session, "isOpen", id)).result).toBe(true);
  dead.close(1000);
  await dead.closed;
  await waitFor(() => server.app.sessionCount === 1, "end of the session");
  for (const each of [id, "nobody"]) {
    expect(await call(session, "send", each, "hello")).toMatchObject({ result: false });
    expect(await call(session, "send", each, "")).toMatchObject({ result: false });
    expect(await call(session, "close", each)).toMatchObject({ result: false });
    expect(await call(session, "isOpen", each)).toMatchObject({ result: false });
    expect(await call(session, "getGroups", each)).toMatchObject({ result: [] });
  }
});

const look = `heard.seen = {
  send: lib.send(event.session.id, 'x'), empty: lib.send(event.session.id, ''), isOpen: lib.isOpen(event.session.id),
  groups: lib.getGroups(event.session.id), size: lib.getGroupSize('chat'), close: lib.close(event.session.id) };`;

const nothing = { send: false, empty: false, isOpen: false, groups: [], size: 0, close: false };

test("a session is not open any more once close() was called", async () => {
  await using server = await startServer({
    "recorder.js": recorder({
      onEvent: inEvent(
        "message",
        `lib.addToGroup('chat', event.session.id); lib.close(event.session.id); lib.addToGroup('chat', event.session.id); ${look}`,
      ),
    }),
  });
  using session = await server.open("/recorder");
  session.send("go");
  const events = await waitForClose(server, "/recorder");
  expect(events[1]).toMatchObject({ seen: nothing });
  await session.closed;
  expect(session.waiting).toEqual([]);
});

test.each([
  ["that runs at once", ""],
  ["that had to wait", inEvent("message", `return (async function () { ${turn} ${turn} })();`)],
])("a session is not open any more in a close event %s", async (_what, before) => {
  const onEvent = `${inEvent("open", "lib.addToGroup('chat', event.session.id);")} ${inEvent("close", look)} ${before}`;
  await using server = await startServer({ "recorder.js": recorder({ onEvent }) });
  using session = await server.open("/recorder");
  session.send("go");
  session.close(1000);
  expect((await waitForClose(server, "/recorder")).at(-1)).toMatchObject({ seen: nothing });
});

test("a session is not open any more in the error event of a message that is too big", async () => {
  const onEvent = inEvent("error", `lib.addToGroup('chat', event.session.id); ${look}`);
  await using server = await startServer({ "recorder.js": recorder({ onEvent }) }, { "max-message": "1KiB" });
  using session = await server.open("/recorder");
  session.send("x".repeat(2000));
  const events = await waitForClose(server, "/recorder");
  expect(events[1]).toMatchObject({ type: "error", seen: nothing });
});

test("a session is open in the error event of a controller's fault", async () => {
  const onEvent =
    inEvent("message", "throw new Error('no');") + inEvent("error", "lib.send(event.session.id, 'sorry');");
  await using server = await startServer({ "recorder.js": recorder({ onEvent }) });
  using session = await server.open("/recorder");
  session.send("go");
  expect(await session.next()).toBe("sorry");
  expect(await session.closed).toHaveProperty("code", 1011);
});

test.each([
  [
    "an object with a cycle",
    "(function () { var o = {}; o.self = o; return o; })()",
    /^Cannot send an object: .*cycl/i,
  ],
  ["undefined", "undefined", /^Cannot send undefined: /],
  ["a function", "function () {}", /^Cannot send a function: /],
  ["a symbol", "Symbol('s')", /^Cannot send a symbol: /],
])("send() and sendToGroup() of %s are a clear error", async (_what, source, message) => {
  await using server = await startServer({
    "recorder.js": recorder({
      onEvent: inEvent(
        "open",
        `heard.errors = ['send', 'sendToGroup'].map(function (name) {
          try { lib[name](event.session.id, ${source}); } catch (error) { return [error.code, error.message]; }
        });`,
      ),
    }),
  });
  using session = await server.open("/recorder");
  session.close(1000);
  const events = await waitForClose(server, "/recorder");
  const error = ["MESSAGE", expect.stringMatching(message)];
  expect(events[0]).toMatchObject({ errors: [error, error] });
  expect(events.map(({ type }) => type)).toEqual(["open", "close"]);
});

test("send() and sendToGroup() send an object as JSON and bytes as bytes", async () => {
  const onEvent = `if (event.type !== 'open') return;
    lib.addToGroup('chat', event.session.id);
    [{ a: [1] }, [2], 3, true, null, new Uint8Array([0, 255]), new Uint8Array([9, 8, 7]).buffer, Buffer.from('b')].forEach(
      function (message) { lib.send(event.session.id, message); lib.sendToGroup('chat', message); });`;
  await using server = await startServer({ "recorder.js": recorder({ onEvent }) });
  using session = await server.open("/recorder");
  const bytes = [new Uint8Array([0, 255]), new Uint8Array([9, 8, 7]), new Uint8Array([98])];
  for (const message of ['{"a":[1]}', "[2]", "3", "true", "null", ...bytes]) {
    expect(await session.next()).toEqual(message);
    expect(await session.next()).toEqual(message);
  }
});

test.each([
  ["a member", "bob", ["ada"]],
  ["a session that is no member", "eve", ["ada", "bob"]],
  ["an unknown id", "nobody", ["ada", "bob"]],
] as const)("sendToGroup() with except of %s reaches all the others", async (_what, except, reached) => {
  await using server = await startServer({ "remote.js": remote("hubbub") });
  using ada = await server.open("/remote");
  using bob = await server.open("/remote");
  using eve = await server.open("/remote");
  const sessions = { ada, bob, eve };
  const ids: Record<string, string> = { nobody: "nobody" };
  for (const [name, session] of Object.entries(sessions)) ids[name] = await idOf(session);
  for (const session of [ada, bob]) await call(session, "addToGroup", "chat", "$me");
  await call(eve, "sendToGroup", "chat", "hello", { except: ids[except] });
  await call(eve, "sendToGroup", "chat", "end");
  for (const name of ["ada", "bob"] as const) {
    if ((reached as readonly string[]).includes(name)) expect(await sessions[name].next()).toBe("hello");
    expect(await sessions[name].next()).toBe("end");
  }
  expect(eve.waiting).toEqual([]);
});

test.each([
  ["an event", "message"],
  ["a timer", "timer"],
])("send() and sendToGroup() reach one session in the order of the calls, from %s", async (_what, from) => {
  const burst = `for (var i = 0; i < 300; i += 3) {
      lib.send(id, String(i));
      lib.sendToGroup('chat', String(i + 1));
      lib.sendToGroup('chat', String(i + 2), { except: first });
    }`;
  await using server = await startServer({
    "order.js": `var lib = require('hubbub'), first;
      exports.get = function () { return { webSocket: {} }; };
      exports.webSocketEvent = function (event) {
        var id = event.session.id;
        if (event.type === 'open') { first = first || id; lib.addToGroup('chat', id); }
        if (event.message === 'message') { ${burst} }
        if (event.message === 'timer') setTimeout(function () { ${burst} }, 1);
      };`,
  });
  using other = await server.open("/order");
  using session = await server.open("/order");
  session.send(from);
  for (let i = 0; i < 300; i += 1) expect(await session.next()).toBe(String(i));
  for (let i = 1; i < 300; i += 3) expect(await other.next()).toBe(String(i));
});

test("getGroups() gives the sorted names of a session's groups", async () => {
  await using server = await startServer({ "remote.js": remote("hubbub") });
  using session = await server.open("/remote");
  expect((await call(session, "getGroups", "$me")).result).toEqual([]);
  for (const group of ["b", "a:1", "grün", 7]) await call(session, "addToGroup", group, "$me");
  expect((await call(session, "getGroups", "$me")).result).toEqual(["7", "a:1", "b", "grün"]);
  await call(session, "removeFromGroup", "b", "$me");
  expect((await call(session, "getGroups", "$me")).result).toEqual(["7", "a:1", "grün"]);
});

test("getGroupSize() follows members that leave and sockets that drop", async () => {
  await using server = await startServer({ "remote.js": remote("hubbub"), "recorder.js": recorder({ onEvent: join }) });
  using watcher = await server.open("/remote");
  const size = async () => (await call(watcher, "getGroupSize", "chat")).result;
  using leaver = await server.open("/remote");
  using closer = await server.open("/recorder");
  using dropped = await openRaw(server.url("/recorder"));
  await call(leaver, "addToGroup", "chat", "$me");
  await waitFor(async () => (await size()) === 3, "three members");
  await call(leaver, "removeFromGroup", "chat", "$me");
  expect(await size()).toBe(2);
  closer.close(1000);
  await waitForClose(server, "/recorder", 1);
  expect(await size()).toBe(1);
  dropped.socket.resetAndDestroy();
  const events = await waitForClose(server, "/recorder", 2);
  expect(await size()).toBe(0);
  expect(events.flatMap((event) => (event.type === "close" ? [event] : []))).toMatchObject([{ size: 1 }, { size: 0 }]);
});

const join = `${inEvent("open", "lib.addToGroup('chat', event.session.id);")} ${inEvent("close", "heard.size = lib.getGroupSize('chat');")}`;

test.each([
  ["", 'Cannot use group "": '],
  ["x".repeat(201), 'Cannot use group "xxxxxxxxxxxxxxxxxxxx…": '],
  ["ü".repeat(101), 'Cannot use group "üüüüüüüüüüüüüüüüüüüü…": '],
  [null, "Cannot use a group: its name is null"],
  [{}, "Cannot use a group: its name is an object"],
  [true, "Cannot use a group: its name is a boolean"],
])("a group that is named %p is a clear error", async (group, message) => {
  await using server = await startServer({ "remote.js": remote("hubbub") });
  using session = await server.open("/remote");
  for (const [name, argument] of Object.entries({
    addToGroup: "$me",
    removeFromGroup: "$me",
    sendToGroup: "hello",
    getGroupSize: undefined,
  })) {
    const answer = await call(session, name, group, argument);
    expect([name, answer.code]).toEqual([name, "GROUP_NAME"]);
    expect(answer.error).toStartWith(message);
  }
});

test("a group's name may have 200 bytes", async () => {
  await using server = await startServer({ "remote.js": remote("hubbub") });
  using session = await server.open("/remote");
  for (const group of ["x".repeat(200), "ü".repeat(100)]) {
    await call(session, "addToGroup", group, "$me");
    expect((await call(session, "getGroupSize", group)).result).toBe(1);
  }
});
