import { expect, test } from "bun:test";
import { connectRaw, handshake } from "../support/raw.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { waitFor } from "../support/session.ts";
import { readEvents, recorder } from "./controllers.ts";

const returning = (source: string) => `exports.get = function (req) { return ${source}; };`;

/** The head of the answer to an upgrade request. */
async function knock(server: TestServer, path: string, headers: Record<string, string> = {}): Promise<string> {
  using raw = await connectRaw(server.url(path), handshake(path, headers));
  await waitFor(() => raw.received().includes("\r\n\r\n"), "answer");
  return raw.received().toString().split("\r\n\r\n")[0] ?? "";
}

const statusOf = async (...args: Parameters<typeof knock>) => Number((await knock(...args)).split(" ")[1]);

test.each(["{}", "true", "1", "false", "0", "'yes'", "[]", "{ unknown: 1 }"])(
  "webSocket: %s accepts an upgrade",
  async (accept) => {
    await using server = await startServer({ "c.js": returning(`{ webSocket: ${accept} }`) });
    expect(await statusOf(server, "/c")).toBe(101);
  },
);

test("webSocket: null is no acceptance", async () => {
  await using server = await startServer({ "c.js": returning("{ webSocket: null, status: 401, body: 'no' }") });
  expect(await statusOf(server, "/c")).toBe(401);
});

test.each([
  ["status 101", "status: 101"],
  ["status 403", "status: 403"],
  ["a body", "body: 'not sent', contentType: 'text/plain'"],
])("webSocket accepts an upgrade with %s beside it", async (_what, beside) => {
  await using server = await startServer({ "c.js": returning(`{ ${beside}, webSocket: {} }`) });
  const head = await knock(server, "/c");
  expect(head).toStartWith("HTTP/1.1 101");
  expect(head.toLowerCase()).not.toContain("content-");
});

test("an upgrade without webSocket is refused with the controller's own answer", async () => {
  await using server = await startServer({
    "c.js": returning("{ status: 401, body: 'sign in', headers: { 'X-Why': 'guest' } }"),
    "d.js": returning("new Response('teapot', { status: 418 })"),
  });
  using raw = await connectRaw(server.url("/c"), handshake("/c"));
  await waitFor(() => raw.received().includes("sign in"), "answer");
  expect(raw.received().toString()).toStartWith("HTTP/1.1 401");
  expect(raw.received().toString()).toContain("X-Why: guest");
  expect(await statusOf(server, "/d")).toBe(418);
});

test.each(["undefined", "null", "{}"])("an upgrade whose get returns %s is refused", async (answer) => {
  await using server = await startServer({ "c.js": returning(answer) });
  expect(await statusOf(server, "/c")).toBe(403);
});

test("an upgrade whose get throws is refused with 500", async () => {
  await using server = await startServer({ "c.js": "exports.get = function () { throw new Error('secret'); };" });
  using raw = await connectRaw(server.url("/c"), handshake("/c"));
  await waitFor(() => raw.received().includes('"status"'), "answer");
  expect(raw.received().toString()).toStartWith("HTTP/1.1 500");
  expect(raw.received().toString()).not.toContain("secret");
});

test("webSocket on a plain GET is ignored beside other properties", async () => {
  await using server = await startServer({
    "c.js": returning("{ status: 202, body: 'the page', webSocket: { subProtocols: ['text'] } }"),
  });
  const answer = await server.fetch("/c");
  expect(answer.status).toBe(202);
  expect(await answer.text()).toBe("the page");
  expect(answer.headers.has("sec-websocket-protocol")).toBe(false);
});

test("webSocket alone on a plain GET is answered 426", async () => {
  await using server = await startServer({ "c.js": returning("{ webSocket: {} }") });
  const answer = await server.fetch("/c");
  expect(answer.status).toBe(426);
  expect(answer.headers.get("upgrade")).toBe("websocket");
});

test.each([
  ["an array", "['b', 'a']"],
  ["an array with more", "['x', 'b', 'y', 'a']"],
])("subProtocols: of %s the first one that the client offers wins", async (_what, list) => {
  await using server = await startServer({ "c.js": returning(`{ webSocket: { subProtocols: ${list} } }`) });
  const head = await knock(server, "/c", { "Sec-WebSocket-Protocol": "z, a, b" });
  expect(head).toStartWith("HTTP/1.1 101");
  expect(head.match(/Sec-WebSocket-Protocol: .*/gi)).toEqual(["Sec-WebSocket-Protocol: a"]);
});

test("subProtocols may be one text", async () => {
  await using server = await startServer({ "c.js": returning("{ webSocket: { subProtocols: 'text' } }") });
  using session = await server.open("/c", { subProtocols: ["json", "text"] });
  expect(session.subProtocol).toBe("text");
  const head = await knock(server, "/c", { "Sec-WebSocket-Protocol": "tex, te" });
  expect(head).toStartWith("HTTP/1.1 101");
  expect(head.toLowerCase()).not.toContain("sec-websocket-protocol");
});

test.each([
  ["none in common", "{ subProtocols: ['a'] }", "b, c"],
  ["names that differ in case", "{ subProtocols: ['a'] }", "A"],
  ["none listed", "{}", "b"],
  ["none offered", "{ subProtocols: ['a'] }", ""],
])("subProtocols: with %s the upgrade is accepted without the header", async (_what, accept, offered) => {
  await using server = await startServer({ "c.js": returning(`{ webSocket: ${accept} }`) });
  const head = await knock(server, "/c", { "Sec-WebSocket-Protocol": offered });
  expect(head).toStartWith("HTTP/1.1 101");
  expect(head.toLowerCase()).not.toContain("sec-websocket-protocol");
});

test.each([
  ["nested", "{ a: { b: [1, null, true] } }", { a: { b: [1, null, true] } }],
  ["a number", "0", 0],
  ["a text", "''", ""],
  ["false", "false", false],
  ["an array", "[1, 2]", [1, 2]],
])("webSocket.data is kept as given: %s", async (_what, source, data) => {
  await using server = await startServer({ "recorder.js": recorder({ accept: `{ data: ${source} }` }) });
  using session = await server.open("/recorder");
  await waitFor(async () => (await readEvents(server, "/recorder")).length > 0, "open event");
  expect((await readEvents(server, "/recorder"))[0]?.data).toEqual(data);
  session.close();
});

test("webSocket.data is one object for the session's life", async () => {
  await using server = await startServer({
    "count.js": `exports.get = function () { return { webSocket: { data: { count: 0, tell: function () { return 'n' + this.count; } } } }; };
      exports.webSocketEvent = function (event) {
        event.data.count += 1;
        if (event.type === 'message') require('/lib/xp/websocket').send(event.session.id, event.data.tell());
      };`,
  });
  using ada = await server.open("/count");
  using bob = await server.open("/count");
  ada.send("a");
  expect(await ada.next()).toBe("n2");
  ada.send("b");
  expect(await ada.next()).toBe("n3");
  bob.send("c");
  expect(await bob.next()).toBe("n2");
});

test("webSocket.headers are those of the 101 answer", async () => {
  await using server = await startServer({ "c.js": returning("{ webSocket: { headers: { 'X-Node': 'one' } } }") });
  expect(await knock(server, "/c")).toContain("X-Node: one");
});

test.each([
  ["true", 101],
  ["'true'", 403],
  ["1", 403],
  ["undefined", 403],
  ["Promise.resolve(true)", 403],
  ["false", 403],
])("webSocket.checkOrigin: %s is answered %d", async (result, status) => {
  await using server = await startServer({
    "c.js": returning(`{ webSocket: { checkOrigin: function () { return ${result}; } } }`),
  });
  expect(await statusOf(server, "/c", { Origin: "http://localhost" })).toBe(status);
  expect(await statusOf(server, "/c")).toBe(status);
});

test("webSocket.checkOrigin replaces the default check and --origins", async () => {
  await using server = await startServer(
    {
      "c.js": returning(
        "{ webSocket: { checkOrigin: function (origin) { return origin === 'https://good.example'; } } }",
      ),
    },
    { origins: "https://listed.example" },
  );
  expect(await statusOf(server, "/c", { Origin: "https://good.example" })).toBe(101);
  expect(await statusOf(server, "/c", { Origin: "https://listed.example" })).toBe(403);
  expect(await statusOf(server, "/c", { Origin: "http://localhost" })).toBe(403);
});

test("webSocket.checkOrigin that throws is answered 500", async () => {
  await using server = await startServer({
    "c.js": returning("{ webSocket: { checkOrigin: function () { throw new Error('no'); } } }"),
  });
  expect(await statusOf(server, "/c", { Origin: "http://localhost" })).toBe(500);
});

test.each([
  ["the same", "http://example.com:8080", "example.com:8080", 101],
  ["the same in other capitals", "http://Example.COM:8080", "example.com:8080", 101],
  ["the same without the default port", "http://example.com", "example.com:80", 101],
  ["another scheme", "https://example.com:8080", "example.com:8080", 403],
  ["another host", "http://evil.example:8080", "example.com:8080", 403],
  ["a host that begins the same", "http://example.com.evil.example", "example.com", 403],
  ["another port", "http://example.com:8081", "example.com:8080", 403],
  ["null", "null", "example.com:8080", 403],
  ["missing", "", "example.com:8080", 101],
] as const)("an Origin that is %s is answered as Enonic does", async (_what, Origin, Host, status) => {
  await using server = await startServer({ "c.js": returning("{ webSocket: {} }") });
  expect(await statusOf(server, "/c", { Origin, Host })).toBe(status);
});

test("--origins lists other origins that may open sessions", async () => {
  await using server = await startServer(
    { "c.js": returning("{ webSocket: {} }") },
    { origins: "https://app.example,*.wide.example" },
  );
  for (const [Origin, status] of [
    ["https://app.example", 101],
    ["http://app.example", 403],
    ["https://a.wide.example", 101],
    ["https://widexexample", 403],
    ["http://localhost", 101],
    ["https://other.example", 403],
  ] as const) {
    expect([Origin, await statusOf(server, "/c", { Origin })]).toEqual([Origin, status]);
  }
});

test("an Origin is compared with what a trusted proxy was asked", async () => {
  await using server = await startServer({ "c.js": returning("{ webSocket: {} }") }, { "trust-proxy": "loopback" });
  const proxied = { "X-Forwarded-Proto": "https", "X-Forwarded-Host": "chat.example" };
  expect(await statusOf(server, "/c", { ...proxied, Origin: "https://chat.example" })).toBe(101);
  expect(await statusOf(server, "/c", { ...proxied, Origin: "http://localhost" })).toBe(403);
});

test("an Origin that is refused opens no session and runs no event", async () => {
  await using server = await startServer({ "recorder.js": recorder() });
  expect(await statusOf(server, "/recorder", { Origin: "http://evil.example" })).toBe(403);
  expect(server.app.sessionCount).toBe(0);
  expect(await readEvents(server, "/recorder")).toEqual([]);
});
