import { beforeAll, expect, test } from "bun:test";
import { symlinkSync } from "node:fs";
import { join } from "node:path";
import { buildOnce, serveFiles } from "../support/binary.ts";
import { createFolder } from "../support/folder.ts";
import { root, startServer, startServerIn } from "../support/server.ts";
import { listTold, type Refusal, Said, typed } from "../support/typed.ts";

beforeAll(buildOnce, 60_000);

const Tree = "v.object({ child: v.lazy(() => v.union([v.number(), schema])) })";

test.each([
  ["valibot", `const schema = ${Tree};`],
  [
    "zod",
    `import { z } from "zod"; const schema = z.object({ get child() { return z.union([z.number(), schema]); } });`,
  ],
  ["arktype", `import { type } from "arktype"; const schema = type.module({ node: { child: "number|node" } }).node;`],
])("a message nested too deeply for a schema of %s that refers to itself is refused", async (_library, code) => {
  using folder = createFolder({ "tree.ts": `${code}\n${typed("schema")}` });
  symlinkSync(join(root, "node_modules"), join(folder.path, "node_modules"));
  await using server = await startServerIn(folder.path, { "max-message": "4MiB" });
  using session = await server.open("/tree");
  const depth = 100_000;
  session.send(`${'{"child":'.repeat(depth)}1${"}".repeat(depth)}`);
  expect(await session.nextJson()).toEqual({
    error: { code: "not-valid", message: "The message is nested too deeply", issues: [] },
  });
  session.send('{"child":{"child":1}}');
  expect(await session.nextJson()).toEqual({ got: { child: { child: 1 } } });
});

test("a message with a hundred thousand issues has a short answer", async () => {
  await using server = await startServer({ "list.ts": typed("v.array(v.record(v.string(), v.string()))") });
  using session = await server.open("/list");
  session.send(JSON.stringify(Array(100_000).fill(1)));
  const many = String(await session.next());
  expect((JSON.parse(many) as Refusal).error.issues).toHaveLength(10);
  const key = "k".repeat(100_000);
  session.send(JSON.stringify([{ [key]: 1 }, "v".repeat(100_000)]));
  const long = String(await session.next());
  session.send(`"${"v".repeat(1000)}`);
  const malformed = String(await session.next());
  for (const answer of [many, long, malformed]) expect(answer.length).toBeLessThan(4000);
  expect((JSON.parse(long) as Refusal).error.issues[0]?.path).toEqual([0, `${"k".repeat(50)}…`]);
  expect((await listTold(server, "/list"))[0]?.paths).toHaveLength(100_000);
});

test("a message cannot reach a prototype", async () => {
  await using server = await startServer({
    "loose.ts": `import { defineController, send } from "hubbub"; import * as v from "valibot";
      export default defineController({
        message: v.looseObject({ text: v.string(), more: v.optional(v.record(v.string(), v.unknown())) }),
        onMessage({ session, message }) {
          send(session.id, [Object.getPrototypeOf(message) === Object.prototype, message.admin, {}.admin, Object.keys(message)]);
        },
      });`,
  });
  using session = await server.open("/loose");
  session.send(
    '{"text":"x","__proto__":{"admin":true},"constructor":{"prototype":{"admin":true}},"more":{"__proto__":{"admin":true}}}',
  );
  expect(await session.nextJson()).toMatchObject([true, null, null, expect.not.arrayContaining(["__proto__"])]);
});

test.each(["null", "true", "1e999", '""', "[]", " {} ", '{"text":"\\ud800"}', "", "{}{}", "[1,]", "\u0000", "NaN"])(
  "the text %j gets one answer and ends nothing",
  async (text) => {
    await using server = await startServer({ "any.ts": typed("v.looseObject({})") });
    using session = await server.open("/any");
    session.send(text);
    const answer = (await session.nextJson()) as Partial<Refusal> & { got?: unknown };
    expect(Object.keys(answer)).toHaveLength(1);
    session.send('{"text":"still here"}');
    expect(await session.nextJson()).toEqual({ got: { text: "still here" } });
  },
);

test("a flood of invalid messages is answered and logged in one line, without what they say", async () => {
  const flags = ["--no-watch", "--max-message-rate", "0", "--max-byte-rate", "0", "--log-level", "info"];
  await using server = await serveFiles({ "said.ts": typed(Said) }, flags);
  using session = await server.open("/said");
  for (let i = 0; i < 5000; i += 1) session.send('{"text":{"password":"hunter2"}}');
  for (let i = 0; i < 5000; i += 1) await session.next();
  const { level, path } = await server.logged("Refused a message");
  expect([level, path]).toEqual(["WARNING", "/said"]);
  expect(server.log().filter(({ message }) => message.includes("Refused a message"))).toHaveLength(1);
  expect(server.printed()).not.toContain("hunter2");
});
