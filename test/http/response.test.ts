import { expect, test } from "bun:test";
import { toResponse } from "../../src/http/response.ts";
import { startServer } from "../support/server.ts";

const request = new Request("http://localhost/chat");
const page = new Request("http://localhost/chat", { headers: { accept: "text/html" } });

const HTML = "text/html; charset=utf-8";
const JSON_TYPE = "application/json; charset=utf-8";

test("toResponse() gives a standard Response as it is", () => {
  const answer = new Response("x", { status: 201 });
  expect(toResponse(request, answer)).toBe(answer);
});

test.each([
  [{ body: "<b>" }, "<b>", HTML],
  [{ body: "" }, "", HTML],
  [{ body: { a: 1 } }, '{"a":1}', JSON_TYPE],
  [{ body: [1, null] }, "[1,null]", JSON_TYPE],
  [{ body: 0 }, "0", HTML],
  [{ body: false }, "false", HTML],
  [{ body: "x", contentType: "text/plain" }, "x", "text/plain"],
  [{ body: { a: 1 }, contentType: "application/ld+json" }, '{"a":1}', "application/ld+json"],
  [{ body: "x", headers: { "Content-Type": "text/css" } }, "x", "text/css"],
  [{ body: new Uint8Array([65, 66]) }, "AB", "application/octet-stream"],
  [{ body: Buffer.from("AB") }, "AB", "application/octet-stream"],
  [{ body: new Blob(["AB"], { type: "image/svg+xml" }) }, "AB", "image/svg+xml"],
  [{ body: new Response("AB").body }, "AB", "application/octet-stream"],
])("toResponse() of %p", async (answer, text, type) => {
  const response = toResponse(request, answer);
  expect(response.status).toBe(200);
  expect(await response.text()).toBe(text);
  expect(response.headers.get("content-type")).toBe(type);
});

test.each([undefined, null, {}, { status: 200 }])("toResponse() of %p is an empty 200", async (answer) => {
  const response = toResponse(request, answer);
  expect(response.status).toBe(200);
  expect(await response.text()).toBe("");
  expect(response.headers.get("content-type")).toBeNull();
});

test.each([204, 205, 304])("toResponse() sends no body with status %d", async (status) => {
  expect(await toResponse(request, { status, body: "x" }).text()).toBe("");
});

test("toResponse() makes an error page of a status without a body, by Accept", async () => {
  const json = toResponse(request, { status: 404, headers: { "X-Own": "1" } });
  expect([json.status, json.headers.get("x-own")]).toEqual([404, "1"]);
  expect(await json.json()).toEqual({ status: 404, message: "Not found" });
  const html = toResponse(page, { status: 503 });
  expect(html.status).toBe(503);
  expect(await html.text()).toContain("<title>503 Not available</title>");
});

test("toResponse() leaves the body of an error as it is", async () => {
  const response = toResponse(page, { status: 403, body: "members only" });
  expect([response.status, await response.text()]).toEqual([403, "members only"]);
});

test("toResponse() redirects with 303, or with the 3xx that is given", () => {
  const plain = toResponse(request, { redirect: "/login" });
  expect([plain.status, plain.headers.get("location")]).toEqual([303, "/login"]);
  expect(toResponse(request, { redirect: "/login", status: 301 }).status).toBe(301);
  expect(toResponse(request, { redirect: "/login", status: 200 }).status).toBe(303);
});

test.each([
  ["/a b", "/a%20b"],
  ["/ü?q=€", "/%C3%BC?q=%E2%82%AC"],
  ["/a%20b?c=d&e#f", "/a%20b?c=d&e#f"],
  ["https://example.com/\u{1f600}", "https://example.com/%F0%9F%98%80"],
])("toResponse() escapes the redirect %p", (redirect, location) => {
  expect(toResponse(request, { redirect }).headers.get("location")).toBe(location);
});

test("toResponse() lets no redirect or header end its line", () => {
  expect(() => toResponse(request, { redirect: "/a\r\nSet-Cookie: x=1" })).toThrow(TypeError);
  expect(() => toResponse(request, { headers: { "X-Own": "a\r\nSet-Cookie: x=1" } })).toThrow(TypeError);
});

test("toResponse() sets headers, and removes those that are null", () => {
  const headers = { "X-Number": 5, "X-None": null, "x-absent": undefined, "content-type": null };
  const response = toResponse(request, { body: "x", headers });
  expect(response.headers.get("x-number")).toBe("5");
  for (const name of ["x-none", "x-absent", "content-type"]) expect(response.headers.has(name)).toBe(false);
});

test("toResponse() writes cookies", () => {
  const response = toResponse(request, {
    cookies: {
      plain: "a b",
      full: {
        value: "v",
        path: "/chat",
        domain: "example.com",
        maxAge: 60,
        secure: true,
        httpOnly: true,
        sameSite: "strict",
      },
      short: { value: "v", sameSite: "none" },
    },
  });
  const cookies = response.headers.getSetCookie().map((cookie) => cookie.split("; "));
  expect(cookies).toHaveLength(3);
  expect(cookies[0]?.[0]).toBe("plain=a%20b");
  expect(cookies[1]?.[0]).toBe("full=v");
  expect(cookies[1]).toEqual(
    expect.arrayContaining(["Domain=example.com", "Path=/chat", "Max-Age=60", "Secure", "HttpOnly", "SameSite=Strict"]),
  );
  expect(cookies[2]).toContain("SameSite=None");
});

test.each([
  [5, "a number"],
  ["text", "a string"],
  [true, "a boolean"],
  [[1], "an array"],
  [() => {}, "a function"],
])("toResponse() refuses %p", (answer, kind) => {
  const message = `Cannot answer: the controller returned ${kind}, expected an object such as { body } or a Response`;
  expect(() => toResponse(request, answer)).toThrow(expect.objectContaining({ code: "CONTROLLER_ANSWER", message }));
});

test.each([
  [0, "0"],
  [99, "99"],
  [101, "101"],
  [600, "600"],
  [200.5, "200.5"],
  ["200", '"200"'],
  [null, "null"],
])("toResponse() refuses the status %p", (status, shown) => {
  const message = `Cannot answer: the controller returned the status ${shown}, expected 200 to 599`;
  expect(() => toResponse(request, { status })).toThrow(
    expect.objectContaining({ code: "CONTROLLER_ANSWER", message }),
  );
});

test("toResponse() of nonsense is a 500 for the client, and the next request is served", async () => {
  await using server = await startServer({
    "nonsense.js": "export const get = () => 5;",
    "cycle.js": "const body = {}; body.self = body; export const get = () => ({ body });",
    "header.js": "export const get = () => ({ headers: { 'X-Own': 'a\\nb' } });",
    "well.js": "export const get = () => ({ body: 'well' });",
  });
  for (const path of ["/nonsense", "/cycle", "/header"]) {
    const answer = await server.fetch(path);
    expect([path, answer.status, await answer.json()]).toEqual([
      path,
      500,
      { status: 500, message: "Something went wrong" },
    ]);
  }
  expect(await (await server.fetch("/well")).text()).toBe("well");
});

test("toResponse() answers HEAD as GET without the body", async () => {
  await using server = await startServer({ "well.js": "export const get = () => ({ body: 'well', status: 203 });" });
  const answer = await server.fetch("/well", { method: "HEAD" });
  expect([answer.status, answer.headers.get("content-type"), await answer.text()]).toEqual([203, HTML, ""]);
});

test.each(["{ status: 101, webSocket: {} }", "{ status: 403, body: 'no', webSocket: {} }", "{ webSocket: true }"])(
  "toResponse() does not see what accepts an upgrade: %s",
  async (answer) => {
    await using server = await startServer({ "chat.js": `export const get = () => (${answer});` });
    using session = await server.open("/chat");
    expect(session.socket.readyState).toBe(WebSocket.OPEN);
  },
);
