import { expect, test } from "bun:test";
import { symlinkSync } from "node:fs";
import { join } from "node:path";
import { createFolder } from "../support/folder.ts";
import { root, startServer, startServerIn } from "../support/server.ts";
import { type TestSession, waitFor } from "../support/session.ts";
import { listTold, type Refusal, Said, typed } from "../support/typed.ts";

/** Sends what must be refused; returns the answer. */
async function refuse(session: TestSession, message: string | Uint8Array<ArrayBuffer>): Promise<Refusal["error"]> {
  session.send(message);
  return ((await session.nextJson()) as Refusal).error;
}

test("a typed message reaches the handler as what the schema makes of it", async () => {
  await using server = await startServer({ "said.ts": typed(Said) });
  using session = await server.open("/said");
  session.send('{ "text": " hello ", "extra": true }');
  expect(await session.nextJson()).toEqual({ got: { text: "hello", count: 1 } });
});

test("a message that is no JSON, not valid or binary is answered, told to error, counted, and ends nothing", async () => {
  await using server = await startServer({ "said.ts": typed(Said) });
  using session = await server.open("/said");
  expect(await refuse(session, "hello")).toEqual({
    code: "not-json",
    message: 'The message is not JSON: JSON Parse error: Unexpected identifier "hello"',
    issues: [],
  });
  expect(await refuse(session, '{"text":1,"count":"2"}')).toEqual({
    code: "not-valid",
    message: "The message does not match the schema",
    issues: [
      { path: ["text"], message: "Invalid type: Expected string but received 1" },
      { path: ["count"], message: 'Invalid type: Expected number but received "2"' },
    ],
  });
  expect(await refuse(session, new TextEncoder().encode('{"text":"hello"}'))).toEqual({
    code: "not-text",
    message: "The message is binary, expected JSON as text",
    issues: [],
  });
  session.send('{"text":"still here"}');
  expect(await session.nextJson()).toEqual({ got: { text: "still here", count: 1 } });
  expect(await listTold(server, "/said")).toEqual([
    {
      error: 'The message is not JSON: JSON Parse error: Unexpected identifier "hello"',
      paths: [],
      cause: "undefined",
    },
    {
      error: "text: Invalid type: Expected string but received 1 (and 1 more)",
      paths: [["text"], ["count"]],
      cause: "undefined",
    },
    { error: "The message is binary, expected JSON as text", paths: [], cause: "undefined" },
  ]);
  expect(server.app.metrics.messagesInvalid).toBe(3);
  expect(server.app.metrics.messagesReceived).toBe(4);
});

test('onInvalid "close" closes with 4400 after the answer and the error event', async () => {
  await using server = await startServer({ "said.ts": typed(Said, 'onInvalid: "close",') });
  using session = await server.open("/said");
  session.send("{}");
  session.send('{"text":"not handled any more"}');
  expect(await session.nextJson()).toMatchObject({ error: { code: "not-valid" } });
  expect(await session.closed).toEqual({ code: 4400, reason: "invalid message" });
  expect(await listTold(server, "/said")).toHaveLength(1);
  expect(session.waiting).toEqual([]);
});

test("webSocketEvent gets typed messages too, from an ES module and from CommonJS", async () => {
  const handler = `
    webSocketEvent(event) {
      if (event.type === "message") send(event.session.id, { sum: event.message.reduce((a, b) => a + b, 0) });
      if (event.type === "error") send(event.session.id, { issues: event.issues.length });
    },`;
  await using server = await startServer({
    "es.ts": `import { defineController, send } from "hubbub"; import * as v from "valibot";
      export default defineController({ message: v.array(v.number()), ${handler} });`,
    "common.cjs": `const { defineController, send } = require("hubbub"); const v = require("valibot");
      module.exports = defineController({ message: v.array(v.number()), ${handler} });`,
    "services/pin/pin.js": `var send = require("/lib/xp/websocket").send; var v = require("valibot");
      module.exports = require("/lib/xp/websocket").defineController({ message: v.array(v.number()), ${handler} });`,
  });
  for (const path of ["/es", "/common", "/services/pin"]) {
    using session = await server.open(path);
    session.send("[1, 2, 3]");
    expect(await session.nextJson()).toEqual({ sum: 6 });
    session.send('["1"]');
    expect(await session.nextJson()).toMatchObject({ error: { code: "not-valid" } });
    expect(await session.nextJson()).toEqual({ issues: 1 });
  }
});

test.each([
  ["zod", `import { z } from "zod"; const schema = z.object({ text: z.string().trim(), at: z.coerce.date() });`],
  [
    "arktype",
    `import { type } from "arktype"; const schema = type({ text: "string.trim", at: "string.date.parse", "+": "delete" });`,
  ],
  [
    "valibot",
    `const schema = v.object({ text: v.pipe(v.string(), v.trim()), at: v.pipe(v.string(), v.transform((at) => new Date(at))) });`,
  ],
  [
    "zod, asynchronous",
    `import { z } from "zod";
     const schema = z.object({ text: z.string().trim().refine(async () => { await Bun.sleep(1); return true; }), at: z.coerce.date() });`,
  ],
  [
    "valibot, asynchronous",
    `const schema = v.objectAsync({ text: v.pipeAsync(v.string(), v.trim(), v.checkAsync(async () => { await Bun.sleep(1); return true; })), at: v.pipe(v.string(), v.transform((at) => new Date(at))) });`,
  ],
])("a schema of %s types messages", async (_library, code) => {
  using folder = createFolder({ "said.ts": `${code}\n${typed("schema")}` });
  symlinkSync(join(root, "node_modules"), join(folder.path, "node_modules"));
  await using server = await startServerIn(folder.path);
  using session = await server.open("/said");
  session.send('{"text":" hello ","at":"2026-01-02","extra":1}');
  expect(await session.nextJson()).toEqual({ got: { text: "hello", at: "2026-01-02T00:00:00.000Z" } });
  const { code: refusal, issues } = await refuse(session, '{"text":7,"at":"2026-01-02"}');
  expect([refusal, issues[0]?.path]).toEqual(["not-valid", ["text"]]);
  expect((await listTold(server, "/said")).map(({ paths }) => paths)).toEqual([[["text"]]]);
});

test("messages of an asynchronous schema are handled in the order in which they came", async () => {
  const schema = `v.pipeAsync(v.number(), v.checkAsync(async (ms) => { await Bun.sleep(ms); return ms !== 3; }, "three"))`;
  await using server = await startServer({ "later.ts": typed(schema) });
  using session = await server.open("/later");
  for (const message of ["20", "x", "3", "0", "5", "1"]) session.send(message);
  const answers: unknown[] = [];
  while (answers.length < 6) answers.push(await session.nextJson());
  expect(answers).toMatchObject([
    { got: 20 },
    { error: { code: "not-json" } },
    { error: { code: "not-valid", issues: [{ path: [], message: "three" }] } },
    { got: 0 },
    { got: 5 },
    { got: 1 },
  ]);
});

test("an asynchronous schema's refusal and error event come before the close event", async () => {
  const more = `close() { told.push({ error: "closed" }); },`;
  const schema = `v.pipeAsync(v.any(), v.checkAsync(async () => { await Bun.sleep(20); return false; }, "never"))`;
  await using server = await startServer({ "later.ts": typed(schema, more) });
  using session = await server.open("/later");
  session.send("1");
  session.close();
  await session.closed;
  await waitFor(async () => (await listTold(server, "/later")).length === 2, "close event");
  expect((await listTold(server, "/later")).map(({ error }) => error)).toEqual(["never", "closed"]);
});

test("a schema that throws, or rejects, is the controller's fault: 1011", async () => {
  const schema = (validate: string) => `{ "~standard": { version: 1, vendor: "test", validate: ${validate} } }`;
  await using server = await startServer({
    "throws.ts": typed(schema(`() => { throw new Error("bad schema"); }`)),
    "rejects.ts": typed(schema(`async () => { throw new Error("bad schema"); }`)),
    "nothing.ts": typed(schema(`() => undefined`)),
    "odd.ts": typed(schema(`() => ({ issues: [{ message: { toString() { throw new Error("bad issue"); } } }] })`)),
  });
  for (const path of ["/throws", "/rejects", "/nothing", "/odd"]) {
    using session = await server.open(path);
    session.send("1");
    expect(await session.closed).toEqual({ code: 1011, reason: "controller error" });
    const [told] = await listTold(server, path);
    expect(told?.error).toMatch(path === "/odd" ? "bad issue" : path === "/nothing" ? /undefined/ : "bad schema");
    expect(told?.cause).not.toBe("undefined");
  }
  expect(server.app.metrics.messagesInvalid).toBe(0);
});

test("a handler that throws on a typed message closes with 1011", async () => {
  await using server = await startServer({
    "throws.ts": `import { defineController } from "hubbub"; import * as v from "valibot";
      export default defineController({ message: v.number(), onMessage() { throw new Error("no"); } });`,
  });
  using session = await server.open("/throws");
  session.send("1");
  expect(await session.closed).toEqual({ code: 1011, reason: "controller error" });
});

test("a schema that does not settle holds up its own session alone, which still idles out", async () => {
  const slow = `v.pipeAsync(v.number(), v.checkAsync((n) => (n === 0 ? released.promise : true)))`;
  const more = `post() { released.resolve(true); }, close({ closeReason }) { told.push({ error: String(closeReason) }); },`;
  await using server = await startServer(
    { "slow.ts": `const released = Promise.withResolvers();\n${typed(slow, more)}` },
    { timeout: "1", ping: "0" },
  );
  using held = await server.open("/slow");
  held.send("0");
  held.send("1");
  using other = await server.open("/slow");
  other.send("2");
  expect(await other.nextJson()).toEqual({ got: 2 });
  expect(await held.closed).toEqual({ code: 1001, reason: "idle timeout" });
  expect(held.waiting).toEqual([]);
  await server.fetch("/slow", { method: "POST" });
  await waitFor(async () => (await listTold(server, "/slow")).length > 0, "close event");
  expect((await listTold(server, "/slow"))[0]).toMatchObject({ error: "1001" });
});

test("a changed schema takes effect at the next message of an open session", async () => {
  await using server = await startServer({ "said.ts": typed("v.object({ a: v.number() })") });
  using session = await server.open("/said");
  session.send('{"a":1}');
  expect(await session.nextJson()).toEqual({ got: { a: 1 } });
  server.folder.write({ "said.ts": typed("v.object({ b: v.string() })") });
  await server.app.reload();
  expect(await refuse(session, '{"a":1}')).toMatchObject({ code: "not-valid", issues: [{ path: ["b"] }] });
  session.send('{"b":"new"}');
  expect(await session.nextJson()).toEqual({ got: { b: "new" } });
  server.folder.write({
    "said.ts": `import { defineController, send } from "hubbub";
      export default defineController({ message: ({ session, message }) => send(session.id, message) });`,
  });
  await server.app.reload();
  session.send("plain");
  expect(await session.next()).toBe("plain");
});

test("a sender validates what a controller sends, and sends what the schema makes of it", async () => {
  await using server = await startServer({
    "clock.ts": `import { addToGroup, defineController } from "hubbub"; import * as v from "valibot";
      export default defineController({
        sends: v.object({ at: v.pipe(v.date(), v.transform((at) => at.toISOString())) }),
        open({ session }, { send }) {
          addToGroup("clock", session.id);
          send(session.id, { at: new Date(0), secret: 1 });
        },
        message({ session, message }, { sendToGroup }) {
          sendToGroup("clock", { at: String(message) === "bad" ? "now" : new Date(1) }, { except: String(message) === "others" ? session.id : undefined });
        },
        error({ session, error, cause }, { send }) {
          send(session.id, { at: new Date(error.length > 0 && cause.code === "MESSAGE_SCHEMA" ? 2 : 3) });
        },
        post(_request, { sendToGroup }) {
          sendToGroup("clock", { at: new Date(4) });
          return { status: 202 };
        },
      });`,
  });
  using ada = await server.open("/clock");
  using bob = await server.open("/clock");
  const at = (ms: number) => JSON.stringify({ at: new Date(ms) });
  expect(await ada.next()).toBe(at(0));
  expect(await bob.next()).toBe(at(0));
  ada.send("all");
  expect([await ada.next(), await bob.next()]).toEqual([at(1), at(1)]);
  ada.send("others");
  expect(await bob.next()).toBe(at(1));
  expect((await server.fetch("/clock", { method: "POST" })).status).toBe(202);
  expect([await ada.next(), await bob.next()]).toEqual([at(4), at(4)]);
  ada.send("bad");
  expect(await ada.next()).toBe(at(2));
  expect(await ada.closed).toEqual({ code: 1011, reason: "controller error" });
  expect(bob.waiting).toEqual([]);
});

test("send() and sendToGroup() take a schema, which makes a text JSON too", async () => {
  await using server = await startServer({
    "said.ts": `import { addToGroup, defineController, send, sendToGroup } from "hubbub"; import * as v from "valibot";
      const schema = v.pipe(v.string(), v.trim());
      const later = v.pipeAsync(v.string(), v.checkAsync(async () => { throw new Error("heard by nobody"); }));
      const fail = (call) => { try { call(); } catch ({ code, message }) { return { code, message }; } };
      export default defineController({
        open({ session }) {
          addToGroup("said", session.id);
          send(session.id, " a ", { schema });
          sendToGroup("said", " b ", { schema });
          send(session.id, [
            fail(() => send(session.id, 7, { schema })),
            fail(() => sendToGroup("said", { text: "x" }, { schema })),
            fail(() => send(session.id, "x", { schema: later })),
            fail(() => send(session.id, "x", { schema: () => true })),
          ]);
        },
      });`,
  });
  using session = await server.open("/said");
  expect(await session.next()).toBe('"a"');
  expect(await session.next()).toBe('"b"');
  const code = "MESSAGE_SCHEMA";
  expect(await session.nextJson()).toEqual([
    {
      code,
      message: "Cannot send a number: Invalid type: Expected string but received 7, expected what its schema takes",
    },
    {
      code,
      message:
        "Cannot send an object: Invalid type: Expected string but received Object, expected what its schema takes",
    },
    { code, message: "Cannot send a string: its schema is asynchronous, expected one that answers at once" },
    { code, message: "Cannot send a string: its schema is a function, expected a Standard Schema" },
  ]);
});
