import { expect, test } from "bun:test";
import { connectRaw, handshake } from "../support/raw.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { waitFor } from "../support/session.ts";

/** Answers with its request. */
const mirror = `exports.all = function (req) {
  var seen = { getHeader: {} };
  ['method', 'scheme', 'host', 'port', 'path', 'rawPath', 'url', 'remoteAddress', 'mode', 'webSocket', 'contentType',
   'body', 'params', 'headers', 'cookies', 'locales'].forEach(function (name) { seen[name] = req[name]; });
  ['user-agent', 'USER-AGENT', 'User-Agent', 'X-None'].forEach(function (name) { seen.getHeader[name] = req.getHeader(name); });
  return { body: seen };
};`;

/** What a controller saw of a request that was sent as these lines. */
async function askRaw(server: TestServer, lines: string[], body = ""): Promise<Record<string, unknown>> {
  const head = [...lines, "Connection: close", ...(body === "" ? [] : [`Content-Length: ${body.length}`])].join("\r\n");
  using raw = await connectRaw(server.url("/"), `${head}\r\n\r\n${body}`);
  await waitFor(raw.ended, "end of the answer");
  const answer = raw.received().toString();
  return JSON.parse(answer.slice(answer.indexOf("\r\n\r\n"))) as Record<string, unknown>;
}

const ask = async (server: TestServer, path: string, init: RequestInit = {}) =>
  (await (await server.fetch(path, init)).json()) as Record<string, unknown>;

test("request has the parts of its address", async () => {
  await using server = await startServer({ "mirror.js": mirror });
  const { method, scheme, host, port, path, rawPath, url, remoteAddress, mode, webSocket } = await askRaw(server, [
    "GET /mirror?a=1&b=%20 HTTP/1.1",
    "Host: example.com:8080",
  ]);
  expect({ method, scheme, host, port, path, rawPath, url, remoteAddress, mode, webSocket }).toEqual({
    method: "GET",
    scheme: "http",
    host: "example.com",
    port: 8080,
    path: "/mirror",
    rawPath: "/mirror",
    url: "http://example.com:8080/mirror?a=1&b=%20",
    remoteAddress: "127.0.0.1",
    mode: "live",
    webSocket: false,
  });
});

test("request.port is the scheme's own number where Host names none", async () => {
  await using server = await startServer({ "mirror.js": mirror });
  expect(await askRaw(server, ["GET /mirror HTTP/1.1", "Host: example.com"])).toMatchObject({
    host: "example.com",
    port: 80,
    url: "http://example.com/mirror",
  });
});

test("request.path is decoded, request.rawPath is as it was sent", async () => {
  await using server = await startServer({ "room/[name].js": mirror });
  expect(await ask(server, "/room/gr%C3%BCn%20haus")).toMatchObject({
    path: "/room/grün haus",
    rawPath: "/room/gr%C3%BCn%20haus",
    params: { name: "grün haus" },
  });
});

test("request.method is that of the request", async () => {
  await using server = await startServer({ "mirror.js": mirror });
  expect((await ask(server, "/mirror", { method: "DELETE" }))["method"]).toBe("DELETE");
});

test("request.params: one value is a text, several are an array", async () => {
  await using server = await startServer({ "mirror.js": mirror });
  const { params } = await ask(server, "/mirror?one=1&many=a&empty=&many=b%26c&many=d+e&flag");
  expect(params).toEqual({ one: "1", many: ["a", "b&c", "d e"], empty: "", flag: "" });
});

test("request.params holds the fields of a form, after those of the query", async () => {
  await using server = await startServer({ "mirror.js": mirror });
  const body = new URLSearchParams({ name: "Ada L", same: "form" });
  const encoded = await ask(server, "/mirror?same=query", { method: "POST", body });
  expect(encoded["params"]).toEqual({ name: "Ada L", same: ["query", "form"] });
  const form = new FormData();
  form.append("tag", "x");
  form.append("tag", "y");
  expect((await ask(server, "/mirror", { method: "POST", body: form }))["params"]).toEqual({ tag: ["x", "y"] });
});

test("request.params: the path's parameter wins", async () => {
  await using server = await startServer({ "room/[id].js": mirror });
  const body = new URLSearchParams({ id: "form" });
  const { params } = await ask(server, "/room/path?id=query&id=again", { method: "POST", body });
  expect(params).toEqual({ id: "path" });
});

test("request.params: the path's parameter is decoded once", async () => {
  await using server = await startServer({ "room/[id].js": mirror });
  expect((await ask(server, "/room/100%2525"))["params"]).toEqual({ id: "100%25" });
});

test("request.headers is a plain object with the usual capitals", async () => {
  await using server = await startServer({
    "mirror.js": `exports.get = function (req) {
      var isPlain = Object.getPrototypeOf(req.headers) === Object.prototype;
      return { body: { isPlain: isPlain, headers: req.headers } };
    };`,
  });
  const seen = await askRaw(server, [
    "GET /mirror HTTP/1.1",
    "HOST: a",
    "user-agent: Mozilla/5.0",
    "sec-websocket-protocol: text",
    "x-requested-with: fetch",
    "accept-language: en",
  ]);
  expect(seen).toEqual({
    isPlain: true,
    headers: {
      Host: "a",
      "User-Agent": "Mozilla/5.0",
      "Sec-WebSocket-Protocol": "text",
      "X-Requested-With": "fetch",
      "Accept-Language": "en",
      Connection: "close",
    },
  });
});

test("request.headers joins the values of one name, as the runtime gives them", async () => {
  await using server = await startServer({ "mirror.js": mirror });
  const { headers } = await askRaw(server, ["GET /mirror HTTP/1.1", "Host: a", "X-Tag: first", "X-Tag: second"]);
  expect(headers).toMatchObject({ "X-Tag": "first, second" });
});

test("request.getHeader() ignores case, and gives null for what is not there", async () => {
  await using server = await startServer({ "mirror.js": mirror });
  const { getHeader } = await ask(server, "/mirror", { headers: { "User-Agent": "test" } });
  expect(getHeader).toEqual({ "user-agent": "test", "USER-AGENT": "test", "User-Agent": "test", "X-None": null });
});

test.each(["text/plain", "text/csv; charset=utf-8", "application/json", "application/json; charset=UTF-8"])(
  "request.body is a string for %s, and request.contentType tells the type",
  async (type) => {
    await using server = await startServer({ "mirror.js": mirror });
    const init = { method: "POST", headers: { "Content-Type": type }, body: '{"grün":1}' };
    expect(await ask(server, "/mirror", init)).toMatchObject({ body: '{"grün":1}', contentType: type });
  },
);

test.each(["application/vnd.api+json", "application/problem+json"])("request.body is a string for %s", async (type) => {
  await using server = await startServer({ "mirror.js": mirror });
  const init = { method: "PUT", headers: { "Content-Type": type }, body: "{}" };
  expect((await ask(server, "/mirror", init))["body"]).toBe("{}");
});

test.each(["application/octet-stream", "image/png", "application/x-www-form-urlencoded"])(
  "request.body is absent for %s",
  async (type) => {
    await using server = await startServer({ "mirror.js": mirror });
    const init = { method: "POST", headers: { "Content-Type": type }, body: "a=1" };
    expect(await ask(server, "/mirror", init)).not.toHaveProperty("body");
  },
);

test("request.body and request.contentType are absent without a body", async () => {
  await using server = await startServer({ "mirror.js": mirror });
  const seen = await ask(server, "/mirror");
  expect(seen).not.toHaveProperty("body");
  expect(seen).not.toHaveProperty("contentType");
});

test("request.webSocket is true for a valid upgrade", async () => {
  await using server = await startServer({ "mirror.js": mirror });
  const headers = { Connection: "keep-alive, Upgrade", Upgrade: "WebSocket" };
  using raw = await connectRaw(server.url("/mirror"), handshake("/mirror", headers));
  await waitFor(() => raw.received().includes('"locales"'), "answer");
  expect(raw.received().toString()).toContain('"webSocket":true');
});

test.each([
  ["another protocol", { Upgrade: "h2c" }],
  ["no Upgrade header", { Upgrade: "" }],
])("request.webSocket is false with %s", async (_what, headers) => {
  await using server = await startServer({ "mirror.js": mirror });
  using raw = await connectRaw(server.url("/mirror"), handshake("/mirror", headers));
  await waitFor(() => raw.received().includes('"locales"'), "answer");
  expect(raw.received().toString()).toContain('"webSocket":false');
});

test("request.webSocket is false for a POST that asks for an upgrade", async () => {
  await using server = await startServer({ "mirror.js": mirror });
  using raw = await connectRaw(server.url("/mirror"), handshake("/mirror").replace("GET", "POST"));
  await waitFor(() => raw.received().includes('"locales"'), "answer");
  expect(raw.received().toString()).toContain('"webSocket":false');
});

test.each([
  ["version 8", { "Sec-WebSocket-Version": "8" }, 426],
  ["no version", { "Sec-WebSocket-Version": "" }, 426],
  ["no Connection: Upgrade", { Connection: "keep-alive" }, 426],
  ["no key", { "Sec-WebSocket-Key": "" }, 400],
  ["a short key", { "Sec-WebSocket-Key": "c2hvcnQ=" }, 400],
] as const)("an upgrade request with %s opens no session", async (_what, headers, status) => {
  await using server = await startServer({ "open.js": "exports.get = function () { return { webSocket: {} }; };" });
  using raw = await connectRaw(server.url("/open"), handshake("/open", headers));
  await waitFor(() => raw.received().includes("\r\n\r\n"), "answer");
  expect(raw.received().toString()).toStartWith(`HTTP/1.1 ${status}`);
  expect(server.app.sessionCount).toBe(0);
});

const forwarded = {
  "X-Forwarded-For": "203.0.113.7, 127.0.0.1",
  "X-Forwarded-Proto": "https",
  "X-Forwarded-Host": "chat.example.com",
};

test("X-Forwarded-* is not believed without --trust-proxy", async () => {
  await using server = await startServer({ "mirror.js": mirror });
  const { port } = new URL(server.url("/"));
  expect(await ask(server, "/mirror", { headers: forwarded })).toMatchObject({
    scheme: "http",
    host: "127.0.0.1",
    port: Number(port),
    remoteAddress: "127.0.0.1",
  });
});

test("X-Forwarded-* is believed from a proxy of --trust-proxy", async () => {
  await using server = await startServer({ "mirror.js": mirror }, { "trust-proxy": "loopback" });
  expect(await ask(server, "/mirror?a=1", { headers: forwarded })).toMatchObject({
    scheme: "https",
    host: "chat.example.com",
    port: 443,
    remoteAddress: "203.0.113.7",
    url: "https://chat.example.com/mirror?a=1",
  });
});

test("X-Forwarded-* is not believed from another address than --trust-proxy names", async () => {
  await using server = await startServer({ "mirror.js": mirror }, { "trust-proxy": "10.0.0.0/8" });
  expect(await ask(server, "/mirror", { headers: forwarded })).toMatchObject({
    scheme: "http",
    host: "127.0.0.1",
    remoteAddress: "127.0.0.1",
  });
});

test("request.cookies holds each cookie's value", async () => {
  await using server = await startServer({ "mirror.js": mirror });
  const { cookies } = await ask(server, "/mirror", { headers: { Cookie: "JSESSIONID=abc; theme=dark; empty=" } });
  expect(cookies).toEqual({ JSESSIONID: "abc", theme: "dark", empty: "" });
  expect((await ask(server, "/mirror"))["cookies"]).toEqual({});
});

test("request.locales lists the accepted languages, the best first", async () => {
  await using server = await startServer({ "mirror.js": mirror });
  const headers = { "Accept-Language": "de;q=0.5, nb-NO, en;q=0.8, *;q=0.1, fr;q=0" };
  expect((await ask(server, "/mirror", { headers }))["locales"]).toEqual(["nb-NO", "en", "de"]);
  const silent = await askRaw(server, ["GET /mirror HTTP/1.1", "Host: a"]);
  expect(silent["locales"]).toEqual([]);
});
