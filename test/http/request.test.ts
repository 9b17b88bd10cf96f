import { expect, test } from "bun:test";
import {
  decodePath,
  LazyRequest,
  normalizePath,
  type RequestFacts,
  splitUrl,
  toUsualCapitals,
} from "../../src/http/request.ts";
import { type ReadBody, readBody } from "../../src/http/body.ts";
import { startServer } from "../support/server.ts";

/** What a controller is given of the body of \`raw\`. */
async function readTestBody(raw: Request): Promise<ReadBody> {
  const body = await readBody(raw, { timeoutSeconds: 5 });
  if ("unread" in body) throw new Error(`The body was not read: ${body.unread}`);
  return body;
}

async function create(
  url: string,
  init: RequestInit = {},
  { authority = "example.com", scheme = "http", pathParams = {}, isUpgrade = false } = {},
): Promise<LazyRequest> {
  const raw = new Request(url, init);
  const origination = { scheme: scheme as "http", authority, remoteAddress: "192.0.2.7" };
  const target = splitUrl(raw.url);
  const facts: RequestFacts = { raw, target, origination, isUpgrade, pathParams, body: await readTestBody(raw) };
  return new LazyRequest(facts);
}

test("LazyRequest has everything that Enonic's request has", async () => {
  const request = await create("http://inner:3000/a%20b/c?x=1", {}, { scheme: "https", authority: "example.com:8443" });
  expect(request.toJSON()).toEqual({
    method: "GET",
    scheme: "https",
    host: "example.com",
    port: 8443,
    path: "/a b/c",
    rawPath: "/a%20b/c",
    url: "https://example.com:8443/a%20b/c?x=1",
    remoteAddress: "192.0.2.7",
    mode: "live",
    webSocket: false,
    params: { x: "1" },
    headers: {},
    cookies: {},
    locales: [],
  });
});

test.each([
  ["http", "example.com", "example.com", 80],
  ["https", "example.com", "example.com", 443],
  ["http", "example.com:8080", "example.com", 8080],
  ["http", "[::1]:3000", "[::1]", 3000],
  ["https", "[::1]", "[::1]", 443],
])("LazyRequest.host and port of %s://%s", async (scheme, authority, host, port) => {
  const request = await create("http://inner/", {}, { scheme, authority });
  expect([request.host, request.port]).toEqual([host, port]);
});

test("LazyRequest.webSocket tells a valid upgrade", async () => {
  expect((await create("http://inner/", {}, { isUpgrade: true })).webSocket).toBe(true);
});

test.each([
  ["", {}],
  ["?", {}],
  ["?a=1", { a: "1" }],
  ["?a=1&b=2", { a: "1", b: "2" }],
  ["?a=1&a=2&a=3", { a: ["1", "2", "3"] }],
  ["?a", { a: "" }],
  ["?a=%20%C3%BC+%2B", { a: " ü +" }],
  ["?a=%zz", { a: "%zz" }],
  ["?toString=1&constructor=2", { toString: "1", constructor: "2" }],
])("LazyRequest.params of %p", async (query, params) => {
  expect((await create(`http://inner/${query}`)).params as object).toEqual(params);
});

test("LazyRequest.params takes __proto__ as a plain name", async () => {
  const { params } = await create("http://inner/?__proto__=1&__proto__=2");
  expect(Object.getPrototypeOf(params)).toBe(Object.prototype);
  expect(Object.entries(params)).toEqual([["__proto__", ["1", "2"]]]);
});

test("LazyRequest.params has form fields after the query's, and path parameters instead of both", async () => {
  const form = new URLSearchParams([
    ["a", "form"],
    ["b", "form"],
    ["id", "form"],
  ]);
  const request = await create(
    "http://inner/?a=query&id=query",
    { method: "POST", body: form },
    { pathParams: { id: "path" } },
  );
  expect(request.params).toEqual({ a: ["query", "form"], b: "form", id: "path" });
  expect(request.body).toBeUndefined();
  expect(request.contentType).toStartWith("application/x-www-form-urlencoded");
});

test("LazyRequest.params has the text fields of a multipart form and leaves out its files", async () => {
  const form = new FormData();
  form.append("a", "1");
  form.append("file", new Blob(["x"]), "x.txt");
  expect((await create("http://inner/", { method: "POST", body: form })).params).toEqual({ a: "1" });
});

test.each(["text/plain", "text/plain; charset=utf-8", "application/json", "APPLICATION/JSON", "application/ld+json"])(
  "LazyRequest.body is the text of %s, and raw can still be read",
  async (type) => {
    const request = await create("http://inner/", {
      method: "POST",
      body: '{"ü":1}',
      headers: { "content-type": type },
    });
    expect(request.body).toBe('{"ü":1}');
    expect(request.contentType).toBe(type);
    expect(await request.raw.text()).toBe('{"ü":1}');
  },
);

test.each(["application/octet-stream", "image/png", "application/jsonp", "application/xml"])(
  "LazyRequest.body is absent for %s, and raw can be read",
  async (type) => {
    const request = await create("http://inner/", { method: "POST", body: "x", headers: { "content-type": type } });
    expect(request.body).toBeUndefined();
    expect(request.contentType).toBeUndefined();
    expect(await request.raw.text()).toBe("x");
  },
);

test("LazyRequest.headers has the usual capitals, and getHeader() ignores case", async () => {
  const request = await create("http://inner/", {
    headers: { "user-agent": "test", "sec-websocket-protocol": "chat", "x-own": "1" },
  });
  expect(request.headers).toEqual({ "User-Agent": "test", "Sec-WebSocket-Protocol": "chat", "X-Own": "1" });
  expect(request.getHeader("USER-agent")).toBe("test");
  expect(request.getHeader("X-None")).toBeNull();
});

test.each([
  ["host", "Host"],
  ["content-type", "Content-Type"],
  ["sec-websocket-key", "Sec-WebSocket-Key"],
  ["www-authenticate", "WWW-Authenticate"],
  ["dnt", "DNT"],
  ["etag", "ETag"],
  ["x-constructor", "X-Constructor"],
  ["x-__proto__", "X-__proto__"],
])("toUsualCapitals() of %s is %s", (name, usual) => {
  expect(toUsualCapitals(name)).toBe(usual);
});

test.each([
  ["a=1; b=2", { a: "1", b: "2" }],
  ["a=b=c", { a: "b=c" }],
  ["a=%C3%BC", { a: "ü" }],
  ["", {}],
])("LazyRequest.cookies of %p", async (cookie, cookies) => {
  expect((await create("http://inner/", { headers: { cookie } })).cookies as object).toEqual(cookies);
});

test.each(["a=%E0%A4%A", ";;;", "=", "a", "\u00ff=1"])(
  "LazyRequest.cookies takes %p without a throw",
  async (cookie) => {
    const request = await create("http://inner/", { headers: { cookie } });
    expect(() => request.cookies).not.toThrow();
  },
);

test.each([
  ["de", ["de"]],
  ["de-AT, en;q=0.5, nb;q=0.8", ["de-AT", "nb", "en"]],
  ["en;q=0, de;q=0.1, *", ["de"]],
  ["en; q=0.2,de ; q=0.9", ["de", "en"]],
  ["a;q=0.5,b;q=0.5", ["a", "b"]],
  ["en;q=x, de", ["de"]],
  ["", []],
  [",;q=1,", []],
])("LazyRequest.locales of %p", async (languages, locales) => {
  expect((await create("http://inner/", { headers: { "accept-language": languages } })).locales).toEqual(locales);
});

test.each([
  ["http://x/a/b?c=d?e", "/a/b", "c=d?e"],
  ["http://x/", "/", ""],
  ["http://x", "/", ""],
  ["https://[::1]:80/a?", "/a", ""],
  ["/a?b", "/a", "b"],
  ["/a?b=http://y/z", "/a", "b=http://y/z"],
])("splitUrl() of %s", (url, rawPath, query) => {
  expect(splitUrl(url)).toEqual({ rawPath, query });
});

test.each([
  ["/a", "/a"],
  ["/a%20b", "/a b"],
  ["/%C3%BC", "/ü"],
  ["/50%25", "/50%"],
  ["/50%2525", "/50%25"],
  ["/%zz%20", "/%zz%20"],
  ["/%ff", "/%ff"],
  ["/a+b", "/a+b"],
])("decodePath() of %s is %s", (path, decoded) => {
  expect(decodePath(path)).toBe(decoded);
});

test.each([
  ["/a-b_c.d~/e", "/a-b_c.d~/e"],
  ["/%41%20b", "/A%20b"],
  ["/ü", "/%C3%BC"],
  ["/%c3%bc", "/%C3%BC"],
  ["/a%2Fb", "/a%2Fb"],
  ["/a%2fb", "/a%2Fb"],
  ["/a%3Fb%23c", "/a%3Fb%23c"],
  ["/50%25", "/50%25"],
  ["/50%2525", "/50%2525"],
])("normalizePath() of %s is %s", (path, normal) => {
  expect(normalizePath(path)).toBe(normal);
  expect(normalizePath(normal)).toBe(normal);
});

test.each([
  ["/room/7", "7"],
  ["/room/a%20b", "a b"],
  ["/room/50%25", "50%"],
  ["/room/50%2525", "50%25"],
  ["/room/a%2Fb", "a/b"],
  ["/room/%C3%BC", "ü"],
  ["/room/ü", "ü"],
])("LazyRequest.params decodes the path's parameter once: %s", async (path, id) => {
  await using server = await startServer({ "room/[id].js": "export const get = ({ params }) => ({ body: params });" });
  expect(await (await server.fetch(path)).json()).toEqual({ id });
});

test("LazyRequest may be answered as JSON, and an attacker's names do no harm", async () => {
  await using server = await startServer({
    "index.js": "export const get = (request) => ({ body: request }); export const post = get;",
  });
  const answer = await server.fetch("/?__proto__=x", {
    method: "POST",
    body: "text",
    headers: { "Content-Type": "text/plain", Cookie: "a=%E0%A4%A; __proto__=y", "X-Twice": "1, 2" },
  });
  expect(answer.status).toBe(200);
  expect(await answer.json()).toMatchObject({ method: "POST", body: "text", headers: { "X-Twice": "1, 2" } });
});
