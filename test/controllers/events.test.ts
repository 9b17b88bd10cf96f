import { expect, test } from "bun:test";
import { idOf, recorder, remote, waitForClose } from "../compat/controllers.ts";
import { createFolder } from "../support/folder.ts";
import { formatFrame, openRaw } from "../support/raw.ts";
import { root, startServer } from "../support/server.ts";
import { openSession, type TestSession, waitFor } from "../support/session.ts";

const inEvent = (type: string, source: string) => `if (event.type === '${type}') { ${source} }`;

/** Lets the event loop turn, so that whatever is due happens within an event that is still handled. */
const turn = "await new Promise(function (done) { setImmediate(done); });";

type Scenario = [what: string, onEvent: string, act: (session: TestSession) => void];

const scenarios: Scenario[] = [
  ["the session closes", "", (session) => session.close(1000)],
  ["the session's connection is cut", "", (session) => session.socket.terminate()],
  ["open throws", inEvent("open", "throw new Error('no');"), () => {}],
  ["open rejects", `return (async function () { ${inEvent("open", `${turn} throw new Error('no');`)} })();`, () => {}],
  ["open closes", inEvent("open", "lib.close(event.session.id, 4000, 'no');"), () => {}],
  [
    "open closes twice",
    inEvent("open", "lib.close(event.session.id, 4000); lib.close(event.session.id, 4001);"),
    () => {},
  ],
  ["close closes", inEvent("close", "lib.close(event.session.id, 4000);"), (session) => session.close(1000)],
  ["close throws", inEvent("close", "throw new Error('no');"), (session) => session.close(1000)],
  [
    "message throws and error closes",
    inEvent("message", "throw new Error('no');") + inEvent("error", "lib.close(event.session.id, 4000);"),
    (session) => session.send("go"),
  ],
  [
    "message closes and throws",
    inEvent("message", "lib.close(event.session.id, 4000); throw new Error('no');"),
    (session) => session.send("go"),
  ],
  [
    "message closes while others wait",
    inEvent("message", `return (async function () { ${turn} lib.close(event.session.id, 4000); })();`),
    (session) => {
      for (let i = 0; i < 100; i += 1) session.send("go");
    },
  ],
  [
    "the session closes while open is handled",
    inEvent("open", `return (async function () { ${turn} ${turn} })();`),
    (session) => session.close(1000),
  ],
  [
    "both sides close at once",
    inEvent("message", "lib.close(event.session.id, 4000);"),
    (session) => {
      session.send("go");
      session.close(1000);
    },
  ],
  [
    "a message is too big while another is handled",
    inEvent("message", `return (async function () { ${turn} })();`),
    (session) => {
      session.send("go");
      session.send("x".repeat(2000));
    },
  ],
  [
    "a message is too big and error throws",
    inEvent("error", "throw new Error('no');"),
    (session) => session.send("x".repeat(2000)),
  ],
];

test.each(scenarios)("a session has one open and one close, as first and last: %s", async (_what, onEvent, act) => {
  await using server = await startServer({ "recorder.js": recorder({ onEvent }) }, { "max-message": "1KiB" });
  using session = await server.open("/recorder");
  act(session);
  await session.closed;
  await waitForClose(server, "/recorder");
  // Whatever else the first session brought comes before the end of a second one.
  using second = await server.open("/recorder");
  second.close(1000);
  const events = await waitForClose(server, "/recorder", 2);
  const own = events.filter((event) => event.session.id === events[0]?.session.id).map(({ type }) => type);
  expect([own[0], own.at(-1)]).toEqual(["open", "close"]);
  expect(own.filter((type) => type === "open" || type === "close")).toHaveLength(2);
  expect(own.filter((type) => type === "error").length).toBeLessThanOrEqual(1);
});

const serial = `
  import { send } from "hubbub";
  const steps: string[] = [];
  export const get = (request: { webSocket: boolean }) => request.webSocket ? { webSocket: {} } : { body: steps };
  export const webSocketEvent = async (event: any) => {
    const name = event.message ?? event.type;
    steps.push("begin " + name);
    for (let i = 0; i < 3; i += 1) await new Promise((done) => setImmediate(done));
    steps.push("end " + name);
  };`;

test("webSocketEvent() of one session runs one event after another, also when it is async", async () => {
  await using server = await startServer({ "serial.ts": serial });
  using session = await server.open("/serial");
  const names = ["open", ...Array.from({ length: 200 }, (_, index) => String(index)), "close"];
  for (const name of names.slice(1, -1)) session.send(name);
  session.close(1000);
  let steps: string[] = [];
  await waitFor(async () => {
    steps = (await (await server.fetch("/serial")).json()) as string[];
    return steps.at(-1) === "end close";
  }, "end of close");
  expect(steps).toEqual(names.flatMap((name) => [`begin ${name}`, `end ${name}`]));
});

test("webSocketEvent() of one session does not wait for another session's", async () => {
  await using server = await startServer({
    "gate.js": `var lib = require('hubbub'), open, gate = new Promise(function (done) { open = done; });
      exports.get = function () { return { webSocket: {} }; };
      exports.webSocketEvent = async function (event) {
        if (event.message === 'open the gate') open();
        if (event.message === 'wait') { await gate; lib.send(event.session.id, 'through'); }
      };`,
  });
  using ada = await server.open("/gate");
  using bob = await server.open("/gate");
  ada.send("wait");
  bob.send("open the gate");
  expect(await ada.next()).toBe("through");
});

/** Messages are handled one at a time, and the first of them only ends once somebody posts. */
const gated = `
  var release, gate = new Promise(function (done) { release = done; }), handled = [], types = [];
  exports.get = function (req) {
    return req.webSocket ? { webSocket: {} } : {
      body: { count: handled.length, isInOrder: handled.every(function (n, i) { return n === i; }), types: types }
    };
  };
  exports.post = function () { release(); return {}; };
  exports.webSocketEvent = async function (event) {
    if (event.type !== 'message') { types.push(event.type + (event.closeReason || '')); return; }
    handled.push(parseInt(event.message, 10));
    await gate;
  };`;

test("the inbox pauses a socket whose handler does not return, and loses nothing", async () => {
  await using server = await startServer({ "gated.js": gated });
  const read = async () => (await (await server.fetch("/gated")).json()) as { count: number; isInOrder: boolean };
  using raw = await openRaw(server.url("/gated"));
  const count = 5000;
  let taken = 0;
  for (let i = 0; i < count; i += 1) {
    raw.socket.write(formatFrame(0x1, String(i).padEnd(8192)), () => {
      taken += 1;
    });
  }
  // Stalled: a hundred answers of the server, and it took no more of the flood meanwhile.
  await waitFor(async () => {
    const before = taken;
    for (let i = 0; i < 100; i += 1) await read();
    return taken === before;
  }, "stalled flood");
  expect(await read()).toMatchObject({ count: 1 });
  expect(taken).toBeLessThan(count * 0.6);
  await server.fetch("/gated", { method: "POST" });
  await waitFor(async () => (await read()).count >= count, "end of the flood");
  expect(await read()).toMatchObject({ count, isInOrder: true });
  expect(taken).toBe(count);
});

test("a session that vanishes while it is paused gets its one close", async () => {
  await using server = await startServer({ "gated.js": gated });
  const read = async () => (await (await server.fetch("/gated")).json()) as { types: string[]; isInOrder: boolean };
  using raw = await openRaw(server.url("/gated"));
  for (let i = 0; i < 1000; i += 1) raw.socket.write(formatFrame(0x1, String(i).padEnd(1024)));
  await waitFor(async () => ((await read()) as unknown as { count: number }).count === 1, "first message");
  raw.socket.resetAndDestroy();
  await server.fetch("/gated", { method: "POST" });
  await waitFor(async () => (await read()).types.length >= 2, "close event");
  expect(await read()).toMatchObject({ types: ["open", "close1006"], isInOrder: true });
});

test.each([
  ["an Error", "new RangeError('broken later')", "broken later", "RangeError: broken later"],
  ["a text", "'just a text'", "just a text", "just a text"],
  ["undefined", "undefined", "undefined", "undefined"],
])("a rejection with %s in message is one error, then 1011", async (_what, reason, error, cause) => {
  await using server = await startServer({
    "recorder.js": recorder({ onEvent: inEvent("message", `return Promise.reject(${reason});`) }),
  });
  using session = await server.open("/recorder");
  session.send("go");
  expect(await session.closed).toHaveProperty("code", 1011);
  const events = await waitForClose(server, "/recorder");
  expect(events.map(({ type }) => type)).toEqual(["open", "message", "error", "close"]);
  expect(events[2]).toMatchObject({ error, cause });
  expect(events[3]).toHaveProperty("closeReason", 1011);
});

test.each(["open", "message", "error", "close"])(
  "a rejection in %s is contained: other sessions go on",
  async (type) => {
    const onEvent = `${inEvent(type, "return Promise.reject(new Error('no'));")}
    ${inEvent("message", "if (event.message === 'throw') throw new Error('no'); lib.send(event.session.id, 'heard');")}`;
    await using server = await startServer({
      "recorder.js": recorder({ onEvent }),
      "other.js": remote("hubbub"),
    });
    using other = await server.open("/other");
    using session = await server.open("/recorder");
    session.send("throw");
    await session.closed;
    const events = await waitForClose(server, "/recorder");
    expect(events.filter((event) => event.type === "close")).toHaveLength(1);
    expect(await idOf(other)).toBeString();
  },
);

test("the messages that wait behind one that failed are not handled", async () => {
  await using server = await startServer({
    "recorder.js": recorder({
      onEvent: inEvent("message", `return (async function () { ${turn} throw new Error('no'); })();`),
    }),
  });
  using session = await server.open("/recorder");
  for (let i = 0; i < 10; i += 1) session.send(String(i));
  await session.closed;
  const events = await waitForClose(server, "/recorder");
  expect(events.filter(({ type }) => type === "message").map(({ message }) => message)).toEqual(["0"]);
  expect(events.filter(({ type }) => type === "error")).toHaveLength(1);
});

/** Throws in every way that no caller can catch; answers each message. */
const lateFaults = `
  import { send } from "hubbub";
  const throwLater = () => {
    setTimeout(() => { throw new Error("timeout"); }, 0);
    setImmediate(() => { throw new Error("immediate"); });
    queueMicrotask(() => { throw new Error("microtask"); });
    process.nextTick(() => { throw new Error("tick"); });
    void Promise.reject(new Error("floating"));
    setTimeout(async () => { throw new Error("async timeout"); }, 0);
    const interval = setInterval(() => { clearInterval(interval); throw new Error("interval"); }, 1);
  };
  export const get = (request: { webSocket: boolean }) => {
    if (request.webSocket) return { webSocket: {} };
    throwLater();
    return { body: "answered" };
  };
  export const webSocketEvent = (event: any) => {
    if (event.type !== "message") return;
    if (event.message === "throw") throwLater();
    setTimeout(() => send(event.session.id, "after " + event.message), 5);
  };`;

test("a throw in a timer or a floating promise does not end the session", async () => {
  await using server = await startServer({ "late.ts": lateFaults });
  using session = await server.open("/late");
  session.send("throw");
  expect(await session.next()).toBe("after throw");
  expect(await (await server.fetch("/late")).text()).toBe("answered");
  session.send("more");
  expect(await session.next()).toBe("after more");
});

test("a throw in a timer or a floating promise does not end the process", async () => {
  using folder = createFolder({ "controllers/late.ts": lateFaults });
  const flags = ["--port", "0", "--log-format", "json"];
  const server = Bun.spawn([process.execPath, `${root}/src/main.ts`, "serve", ...flags], {
    cwd: folder.path,
    env: {},
    stderr: "inherit",
  });
  try {
    const seen = new Set(["timeout", "immediate", "microtask", "tick", "floating", "async timeout", "interval"]);
    let url: string | undefined;
    let text = "";
    for await (const chunk of server.stdout.pipeThrough(new TextDecoderStream())) {
      text += chunk;
      if (url === undefined) {
        url = /"url":"([^"]+)"/.exec(text)?.[1];
        if (url === undefined) continue;
        expect(await (await fetch(`${url}late`)).text()).toBe("answered");
      }
      for (const name of seen) if (text.includes(`: ${name}"`)) seen.delete(name);
      if (seen.size === 0) break;
    }
    expect([...seen]).toEqual([]);
    using session = await openSession(`${url}late`);
    session.send("still here");
    expect(await session.next()).toBe("after still here");
    expect(server.exitCode).toBeNull();
  } finally {
    server.kill();
    await server.exited;
  }
});
