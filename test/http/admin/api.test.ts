import { Validator } from "@seriousme/openapi-schema-validator";
import { expect, test } from "bun:test";
import * as v from "valibot";
import { operations } from "../../../src/http/admin/api/operations.ts";
import { startServer, type TestServer } from "../../support/server.ts";
import { exchange } from "../../support/exchange.ts";
import { waitFor } from "../../support/session.ts";

const token = "0123456789abcdef";

const controllers = {
  "room/[id].js": `import { addToGroup } from "hubbub";
export const get = () => ({ webSocket: {} });
export const webSocketEvent = ({ type, session }) => {
  if (type !== "open") return;
  addToGroup("all", session.id);
  for (const group of [session.params.group ?? []].flat()) addToGroup(group, session.id);
};`,
  "id.js": `import { send } from "hubbub";
export const get = () => ({ webSocket: { timeout: 77 } });
export const webSocketEvent = ({ type, session }) => type === "open" && send(session.id, session.id);`,
};

const start = (flags: Record<string, string> = {}) => startServer(controllers, { "admin-token": token, ...flags });

type Answer = { status: number; body: unknown };

async function ask(
  server: TestServer,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const answer = await server.fetch(`/-/api${path}`, {
    method: body === undefined ? "GET" : "POST",
    headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json", ...headers },
    ...(body !== undefined && { body: typeof body === "string" ? body : JSON.stringify(body) }),
  });
  expect(answer.headers.get("content-type")).toStartWith("application/json");
  expect(answer.headers.get("cache-control")).toBe("no-store");
  return { status: answer.status, body: await answer.json() };
}

const done = (body: unknown) => ({ status: 200, body });
const refused = (status: number, message: string) => ({ status, body: { status, message } });

/** Opens a session whose id is told. */
async function openKnown(server: TestServer) {
  const session = await server.open("/id");
  return { session, id: String(await session.next()) };
}

test("POST publish reaches every session in the group, as text, JSON or bytes, and says how many those are", async () => {
  await using server = await start();
  using ada = await server.open("/room/1");
  using bob = await server.open("/room/2?group=two");
  const publish = (body: object) => ask(server, "/publish", body);
  expect(await publish({ group: "all", message: "hello" })).toEqual(done({ members: 2 }));
  expect(await publish({ group: "all", message: { a: [1, null] } })).toEqual(done({ members: 2 }));
  expect(await publish({ group: "all", message: null })).toEqual(done({ members: 2 }));
  expect(await publish({ group: "all", message: "", encoding: "json" })).toEqual(done({ members: 2 }));
  expect(await publish({ group: "all", message: "AAEC/w==", encoding: "base64" })).toEqual(done({ members: 2 }));
  expect(await publish({ group: "two", message: "for two" })).toEqual(done({ members: 1 }));
  expect(await publish({ group: "nobody's", message: "x" })).toEqual(done({ members: 0 }));
  for (const text of ["hello", '{"a":[1,null]}', "null", ""]) {
    expect(await ada.next()).toBe(text);
    expect(await bob.next()).toBe(text);
  }
  expect(await ada.next()).toEqual(Uint8Array.of(0, 1, 2, 255));
  expect(await bob.next()).toEqual(Uint8Array.of(0, 1, 2, 255));
  expect(await bob.next()).toBe("for two");
});

test("POST publish leaves one session out", async () => {
  await using server = await start();
  using ada = await server.open("/room/1");
  using bob = await server.open("/room/2");
  const { body } = await ask(server, "/sessions?path=/room/1");
  const [{ id } = { id: "" }] = (body as { sessions: { id: string }[] }).sessions;
  await ask(server, "/publish", { group: "all", message: "for bob", except: id });
  await ask(server, "/publish", { group: "all", message: "for all" });
  expect(await bob.next()).toBe("for bob");
  expect(await bob.next()).toBe("for all");
  expect(await ada.next()).toBe("for all");
});

test("POST send reaches one session that is open, and POST close ends it with code and reason", async () => {
  await using server = await start();
  const { session, id } = await openKnown(server);
  expect(await ask(server, "/send", { session: id, message: { to: "you" } })).toEqual(done({ sent: true }));
  expect(await session.nextJson()).toEqual({ to: "you" });
  expect(await ask(server, "/send", { session: id, message: "last" })).toEqual(done({ sent: true }));
  const end = { session: id, code: 4401, reason: "signed out" };
  expect(await ask(server, "/close", end)).toEqual(done({ closed: true }));
  expect(await session.next()).toBe("last");
  expect(await session.closed).toEqual({ code: 4401, reason: "signed out" });
  await waitFor(() => server.app.sessionCount === 0, "end of the session");
  const gone = refused(404, "No session with this id is open");
  expect(await ask(server, "/send", { session: id, message: "x" })).toEqual(gone);
  expect(await ask(server, "/close", { session: id })).toEqual(gone);
  expect(await ask(server, `/sessions/${id}`)).toEqual(gone);
});

const long = "x".repeat(201);

test.each([
  ["/publish", { group: "a" }, 'The field "message" is missing'],
  ["/publish", { message: "a" }, 'The field "group" is missing'],
  ["/publish", { group: "", message: 1 }, 'The field "group" must not be empty'],
  ["/publish", { group: 7, message: 1 }, 'The field "group" must be a text'],
  ["/publish", { group: "a", message: 1, exept: "x" }, 'There is no field "exept"'],
  ["/publish", { group: "a", message: 1, encoding: "utf8" }, 'The field "encoding" must be "json" or "base64"'],
  ["/publish", { group: "a", message: "AA=", encoding: "base64" }, 'The field "message" must be base64'],
  ["/publish", { group: "a", message: 1, encoding: "base64" }, 'The field "message" must be base64'],
  [
    "/publish",
    { group: long, message: 1 },
    `Cannot use group "${long.slice(0, 20)}…": its name has 201 bytes, expected at most 200`,
  ],
  ["/publish", "", "The body is no JSON"],
  ["/publish", "{", "The body is no JSON"],
  ["/publish", "null", "The body is null, expected an object"],
  ["/publish", "[]", "The body is an array, expected an object"],
  ["/publish", '{"group":"a","message":1,"__proto__":1}', 'There is no field "__proto__"'],
  [
    "/publish",
    `{"group":"a","message":${"[".repeat(400_000)}${"]".repeat(400_000)}}`,
    "The body is nested deeper than 1000",
  ],
  [
    "/publish",
    `{"group":"a","message":${'{"a":'.repeat(1000)}1${"}".repeat(1000)}}`,
    "The body is nested deeper than 1000",
  ],
  ["/send", { message: "x" }, 'The field "session" is missing'],
  ["/close", { session: "x", code: 1006 }, 'The field "code" must be 1000 to 1003, 1007 to 1014 or 3000 to 4999'],
  ["/close", { session: "x", code: "1000" }, 'The field "code" must be a number'],
  ["/close", { session: "x", reason: "é".repeat(62) }, 'The field "reason" must have at most 123 bytes'],
  ["/sessions?limit=0", undefined, 'The parameter "limit" must be a whole number from 1 to 1000'],
  ["/sessions?limit=1001", undefined, 'The parameter "limit" must be a whole number from 1 to 1000'],
  ["/sessions?offset=-1", undefined, 'The parameter "offset" must be a whole number from 0 to 1000000000'],
  ["/groups?limit=ten", undefined, 'The parameter "limit" must be a whole number from 1 to 1000'],
  ["/groups?sort=age", undefined, 'The parameter "sort" must be one of name, -name, size, -size'],
  ["/groups?name=a", undefined, 'There is no parameter "name"'],
  ["/groups?sort=name&sort=size", undefined, 'The parameter "sort" is there twice'],
])("the API refuses what is wrong with one sentence: %#", async (path, body, message) => {
  await using server = await start();
  expect(await ask(server, path, body)).toEqual(refused(400, message));
});

test("the API says what it is asked in a wrong way", async () => {
  await using server = await start({ "max-message": "2KiB" });
  const type = (given: string) => ask(server, "/publish", "{}", { "Content-Type": given });
  expect(await type("text/plain")).toEqual(refused(415, "The body is no JSON, expected application/json"));
  expect((await type("application/json; charset=utf-8")).status).toBe(400);
  expect((await type("application/jsonp")).status).toBe(415);
  expect(await ask(server, "/publish")).toEqual(refused(405, "This address answers POST"));
  expect(await ask(server, "/health", {})).toEqual(refused(405, "This address answers GET"));
  const nothing = "There is nothing at this address: /-/api/openapi.json describes what there is";
  expect(await ask(server, "/nothing")).toEqual(refused(404, nothing));
  expect(await ask(server, "")).toEqual(refused(404, nothing));
  const large = JSON.stringify({ group: "a", message: "x".repeat(2048) });
  const answer = await server.fetch("/-/api/publish", {
    method: "POST",
    body: large,
    headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json" },
  });
  expect(answer.status).toBe(413);
});

test("the API ends a body that does not come", async () => {
  await using server = await start({ "http-timeout": "1" });
  const head = `POST /-/api/publish HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\n`;
  const { statuses, text } = await exchange(
    server.url("/"),
    `${head}Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{`,
  );
  expect(statuses).toEqual([408]);
  expect(text).toContain('{"status":408,"message":"The body did not come in time"}');
});

test("GET groups lists names and sizes in pages, sorted", async () => {
  await using server = await start();
  using _ada = await server.open("/room/1?group=a&group=b");
  using _bob = await server.open("/room/1?group=b&group=ab");
  const list = async (query: string) => {
    const { total, groups } = (await ask(server, `/groups${query}`)).body as {
      total: number;
      groups: { name: string; size: number }[];
    };
    return [total, groups.map(({ name, size }) => `${name}:${size}`).join(" ")];
  };
  expect(await list("")).toEqual([4, "a:1 ab:1 all:2 b:2"]);
  expect(await list("?sort=-name")).toEqual([4, "b:2 all:2 ab:1 a:1"]);
  expect(await list("?sort=-size&limit=2")).toEqual([4, "b:2 all:2"]);
  expect(await list("?sort=size&offset=1&limit=2")).toEqual([4, "ab:1 all:2"]);
  expect(await list("?prefix=a&offset=2")).toEqual([3, "all:2"]);
  expect(await list("?prefix=none")).toEqual([0, ""]);
});

test("GET sessions lists those that are open in pages, sorted and filtered", async () => {
  await using server = await start({ "trust-proxy": "loopback", coalesce: "0" });
  for (const [path, address] of [
    ["/room/2", "192.0.2.1"],
    ["/room/1?group=g", "192.0.2.3"],
    ["/id", "192.0.2.2"],
  ] as const) {
    await server.open(path, { headers: { "X-Forwarded-For": address } });
  }
  const list = async (query: string) => {
    const { total, sessions } = (await ask(server, `/sessions${query}`)).body as {
      total: number;
      sessions: { path: string }[];
    };
    return [total, sessions.map(({ path }) => path).join(" ")];
  };
  expect(await list("")).toEqual([3, "/room/2 /room/1 /id"]);
  expect(await list("?sort=-opened&limit=2")).toEqual([3, "/id /room/1"]);
  expect(await list("?sort=path&offset=1")).toEqual([3, "/room/1 /room/2"]);
  expect(await list("?sort=-address")).toEqual([3, "/room/1 /id /room/2"]);
  for (const message of [1, 2]) await ask(server, "/publish", { group: "g", message });
  expect(await list("?sort=-sent&limit=1")).toEqual([3, "/room/1"]);
  expect(await list("?path=/room/:id")).toEqual([2, "/room/2 /room/1"]);
  expect(await list("?path=/room/1")).toEqual([1, "/room/1"]);
  expect(await list("?group=g")).toEqual([1, "/room/1"]);
  expect(await list("?group=g&path=/id")).toEqual([0, ""]);
});

test("GET sessions/:id has its groups and never its parameters", async () => {
  await using server = await start();
  using _ada = await server.open("/room/1?group=g&token=hush");
  const listed = await ask(server, "/sessions");
  const [row] = (listed.body as { sessions: Record<string, unknown>[] }).sessions;
  expect(row).toMatchObject({ path: "/room/1", controller: "/room/:id", address: "127.0.0.1", groupCount: 2 });
  const { status, body } = await ask(server, `/sessions/${String(row?.["id"])}`);
  expect([status, body]).toEqual([200, { ...row, groups: ["all", "g"], timeoutSeconds: 300 }]);
  expect(JSON.stringify([listed, body])).not.toContain("hush");
});

test("GET health tells the version, the generation and the last fault, and that the server drains", async () => {
  await using server = await start({ "max-sessions": "5", drain: "1" });
  const read = async () => (await ask(server, "/health")).body as Record<string, unknown>;
  using _session = await server.open("/room/1");
  const before = await read();
  expect(before).toMatchObject({
    status: "ready",
    version: "1.2.3",
    generation: 1,
    sessions: 1,
    groups: 1,
    limits: { maxSessions: 5, maxMessageBytes: 1_048_576, maxGroups: 1000 },
  });
  expect(before).not.toHaveProperty("lastFault");
  expect(before["memoryBytes"]).toBeGreaterThan(10_000_000);
  server.folder.write({ "bad.js": "export const get = 7;" });
  await server.app.reload();
  expect((await read())["lastFault"]).toContain('Cannot load controller "bad.js"');
  const stopped = server.app.stop();
  expect(await read()).toMatchObject({ status: "not ready", reason: "draining" });
  await stopped;
});

test("every answer is what the API's own schemas say", async () => {
  await using server = await start();
  const { id } = await openKnown(server);
  const bodies: Record<string, object> = {
    publish: { group: "all", message: "x" },
    send: { session: id, message: "x" },
    close: { session: id },
  };
  // The one that closes comes last.
  for (const { id: name, path, answers } of [...operations].sort((one) => (one.id === "close" ? 1 : -1))) {
    const { status, body } = await ask(server, path.replace(":id", id), bodies[name]);
    expect([name, status]).toEqual([name, 200]);
    expect(
      v.safeParse(v.strictObject((answers as unknown as { entries: v.ObjectEntries }).entries), body).issues,
    ).toBeUndefined();
  }
});

test("/-/api/openapi.json is OpenAPI 3.1, and describes every operation with its schemas", async () => {
  await using server = await start();
  const { status, body } = await ask(server, "/openapi.json");
  expect(status).toBe(200);
  expect(await new Validator().validate(body as Record<string, unknown>)).toEqual({ valid: true });
  const { paths } = body as {
    paths: Record<string, Record<string, { requestBody?: object; parameters?: { name: string }[] }>>;
  };
  expect(
    Object.entries(paths).flatMap(([path, methods]) => Object.keys(methods).map((method) => `${method} ${path}`)),
  ).toEqual([
    "post /-/api/publish",
    "post /-/api/send",
    "post /-/api/close",
    "get /-/api/groups",
    "get /-/api/sessions",
    "get /-/api/sessions/{id}",
    "get /-/api/health",
  ]);
  expect(paths["/-/api/publish"]?.["post"]?.requestBody).toMatchObject({
    content: {
      "application/json": {
        schema: { required: ["group", "message"], properties: { encoding: { enum: ["json", "base64"] } } },
      },
    },
  });
  expect(paths["/-/api/sessions"]?.["get"]?.parameters?.map(({ name }) => name)).toEqual([
    "offset",
    "limit",
    "path",
    "group",
    "sort",
  ]);
});
