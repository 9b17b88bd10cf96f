import { expect, test } from "bun:test";
import { exchange } from "../support/exchange.ts";
import { handshake } from "../support/raw.ts";
import { startServer } from "../support/server.ts";
import { waitFor } from "../support/session.ts";

const valibot = 'import { defineController, send } from "hubbub"; import * as v from "valibot";';

const room = (schema: string, more = "") => `${valibot}
  export default defineController({
    params: ${schema},
    open: ({ session }) => send(session.id, { params: session.params }),
    ${more}
  });`;

const Room = `v.object({ id: v.pipe(v.string(), v.digits(), v.toNumber()), name: v.optional(v.string(), "somebody") })`;
const LaterRoom = `v.pipeAsync(${Room}, v.checkAsync(async ({ id }) => { await Bun.sleep(1); return id !== 13; }, "closed"))`;

/** The answer to an upgrade that is refused. */
async function refuse(origin: string, path: string): Promise<{ status: number; body: unknown }> {
  const { statuses, text } = await exchange(origin, handshake(path));
  return { status: statuses[0] ?? 0, body: JSON.parse(/\r\n\r\n(\{.*?\})(?=HTTP|$)/s.exec(text)?.[1] ?? "null") };
}

test.each([
  ["at once", Room],
  ["later", LaterRoom],
])("the parameters of an upgrade are what a schema that answers %s makes of them", async (_when, schema) => {
  await using server = await startServer({ "room/[id].ts": room(schema) });
  using session = await server.open("/room/7?other=1");
  expect(await session.nextJson()).toEqual({ params: { id: 7, name: "somebody" } });
  using named = await server.open("/room/8?name=Ada");
  expect(await named.nextJson()).toEqual({ params: { id: 8, name: "Ada" } });
});

test.each([
  ["at once", Room],
  ["later", LaterRoom],
])(
  "parameters that do not match a schema that answers %s are refused with 400 and the issues",
  async (_when, schema) => {
    await using server = await startServer({
      "room/[id].ts": room(schema, 'get() { console.error("not called"); return { webSocket: {} }; },'),
    });
    expect(await refuse(server.url(""), "/room/x?name=1&name=2")).toEqual({
      status: 400,
      body: {
        status: 400,
        message: "The parameters do not match the schema",
        issues: [
          { path: ["id"], message: 'Invalid digits: Received "x"' },
          { path: ["name"], message: "Invalid type: Expected string but received Array" },
        ],
      },
    });
    expect(server.app.sessionCount).toBe(0);
    expect(server.app.metrics.upgradesRefused.params).toBe(1);
  },
);

test("params are checked before get, which sees them as they came, and not for a page", async () => {
  await using server = await startServer({
    "room/[id].ts": room(
      Room,
      `get({ webSocket, params }) { return webSocket ? { webSocket: { data: params.id } } : { body: { id: params.id } }; },
       message: ({ session, data }) => send(session.id, [typeof session.params.id, typeof data]),`,
    ),
  });
  expect(await (await server.fetch("/room/x")).json()).toEqual({ id: "x" });
  using session = await server.open("/room/7");
  expect(await session.nextJson()).toEqual({ params: { id: 7, name: "somebody" } });
  session.send("kinds");
  expect(await session.nextJson()).toEqual(["number", "string"]);
});

test.each([
  ["throws", `{ "~standard": { version: 1, vendor: "own", validate() { throw new Error("no"); } } }`],
  ["rejects", `{ "~standard": { version: 1, vendor: "own", async validate() { throw new Error("no"); } } }`],
  ["answers nothing", `{ "~standard": { version: 1, vendor: "own", validate() {} } }`],
])("a schema of parameters that %s is answered with 500", async (_what, schema) => {
  await using server = await startServer({ "room/[id].ts": room(schema) });
  expect((await refuse(server.url(""), "/room/7")).status).toBe(500);
});

test("parameters with names of a prototype are refused as any others, and their issues are short", async () => {
  const strict = "v.strictObject({ id: v.literal('7') })";
  await using server = await startServer({ "room/[id].ts": room(strict) });
  const names = ["__proto__", "constructor", "toString", ...Array.from({ length: 100 }, (_, index) => `name${index}`)];
  const { status, body } = await refuse(server.url(""), `/room/7?${names.map((name) => `${name}=1`).join("&")}`);
  expect([status, (body as { issues: unknown[] }).issues.length]).toEqual([400, 1]);
  const long = await refuse(server.url(""), `/room/${"x".repeat(5000)}`);
  expect(JSON.stringify(long.body).length).toBeLessThan(500);
});

test("a changed schema of parameters holds for the next upgrade, and open sessions stay", async () => {
  await using server = await startServer({ "room/[id].ts": room(Room) });
  using session = await server.open("/room/7");
  await session.next();
  server.folder.write({
    "room/[id].ts": room(
      "v.object({ id: v.literal('8') })",
      "message: ({ session }) => send(session.id, session.params),",
    ),
  });
  await server.app.reload();
  expect((await refuse(server.url(""), "/room/7")).status).toBe(400);
  session.send("still here");
  expect(await session.nextJson()).toEqual({ id: 7, name: "somebody" });
  await waitFor(() => server.app.sessionCount === 1, "one session");
});
