import { expect, test } from "bun:test";
import { startServer } from "../support/server.ts";

/** A controller whose get returns this source. */
const returning = (source: string) => `exports.get = function (req) { return ${source}; };`;

async function get(source: string, init: RequestInit = {}): Promise<{ answer: Response; text: string }> {
  await using server = await startServer({ "page.js": returning(source) });
  const answer = await server.fetch("/page", init);
  return { answer, text: await answer.text() };
}

test("response.status is 200 and contentType text/html by default", async () => {
  const { answer, text } = await get("{ body: '<p>grün</p>' }");
  expect(answer.status).toBe(200);
  expect(answer.headers.get("content-type")).toBe("text/html; charset=utf-8");
  expect(text).toBe("<p>grün</p>");
});

test("response.status and response.contentType are as given", async () => {
  const { answer, text } = await get("{ status: 201, contentType: 'text/plain', body: 'made' }");
  expect(answer.status).toBe(201);
  expect(answer.headers.get("content-type")).toBe("text/plain");
  expect(text).toBe("made");
});

test.each([
  ["an object", "{ a: [1, null] }", '{"a":[1,null]}'],
  ["an array", "[1, 'two']", '[1,"two"]'],
  ["an empty array", "[]", "[]"],
])("response.body: %s is JSON", async (_what, body, json) => {
  const { answer, text } = await get(`{ body: ${body} }`);
  expect(answer.headers.get("content-type")).toStartWith("application/json");
  expect(text).toBe(json);
});

test("response.body: an object keeps the contentType that is given", async () => {
  const { answer, text } = await get("{ body: { a: 1 }, contentType: 'application/vnd.api+json' }");
  expect(answer.headers.get("content-type")).toBe("application/vnd.api+json");
  expect(text).toBe('{"a":1}');
});

test("response without a body is an empty 200", async () => {
  const { answer, text } = await get("{}");
  expect(answer.status).toBe(200);
  expect(text).toBe("");
});

test("response.headers are set as texts", async () => {
  const { answer } = await get("{ body: 'x', headers: { 'X-Own': 1, 'X-None': null, 'content-type': 'text/css' } }");
  expect(answer.headers.get("x-own")).toBe("1");
  expect(answer.headers.has("x-none")).toBe(false);
  expect(answer.headers.get("content-type")).toBe("text/css");
});

test("response.headers: null removes a header that the server sets", async () => {
  expect((await get("{ status: 404 }")).answer.headers.has("vary")).toBe(true);
  const { answer } = await get("{ status: 404, headers: { vary: null } }");
  expect(answer.headers.has("vary")).toBe(false);
});

test("response.headers: null removes the Content-Type", async () => {
  const { answer, text } = await get("{ body: 'x', headers: { 'Content-Type': null } }");
  expect(text).toBe("x");
  expect(answer.headers.has("content-type")).toBe(false);
});

test("response.redirect answers 303 with Location", async () => {
  const { answer } = await get("{ redirect: '/elsewhere?a=1' }");
  expect(answer.status).toBe(303);
  expect(answer.headers.get("location")).toBe("/elsewhere?a=1");
});

test("response.cookies: a text is the value", async () => {
  const { answer } = await get("{ cookies: { plain: 'value', other: 'two' } }");
  const cookies = answer.headers.getSetCookie().map((cookie) => cookie.split(";")[0]);
  expect(cookies).toEqual(["plain=value", "other=two"]);
});

test("response.cookies: an object has the cookie's attributes", async () => {
  const { answer } = await get(`{ cookies: { sid: {
    value: 'abc', path: '/app', domain: 'example.com', maxAge: 60, secure: true, httpOnly: true, sameSite: 'strict' } } }`);
  const [first = "", ...attributes] = (answer.headers.getSetCookie()[0] ?? "").split("; ");
  expect(first).toBe("sid=abc");
  expect(attributes.map((attribute) => attribute.toLowerCase()).sort()).toEqual([
    "domain=example.com",
    "httponly",
    "max-age=60",
    "path=/app",
    "samesite=strict",
    "secure",
  ]);
});

test("an error status without a body is JSON for a program", async () => {
  const { answer, text } = await get("{ status: 404 }", { headers: { Accept: "application/json" } });
  expect(answer.status).toBe(404);
  expect(answer.headers.get("content-type")).toStartWith("application/json");
  const { status, message, ...rest } = JSON.parse(text) as Record<string, unknown>;
  expect(status).toBe(404);
  expect(message).toBeString();
  expect(rest).toEqual({});
});

test("an error status without a body is a page for a browser", async () => {
  const Accept = "text/html,application/xhtml+xml,*/*;q=0.8";
  const { answer, text } = await get("{ status: 503, headers: { 'Retry-After': '5' } }", { headers: { Accept } });
  expect(answer.status).toBe(503);
  expect(answer.headers.get("content-type")).toStartWith("text/html");
  expect(answer.headers.get("retry-after")).toBe("5");
  expect(text).toContain("<h1>503");
});

test("an error status with a body keeps it", async () => {
  const { answer, text } = await get("{ status: 400, body: 'my own words' }", { headers: { Accept: "text/html" } });
  expect(answer.status).toBe(400);
  expect(text).toBe("my own words");
});

test.each([
  ["a throw", "(function () { throw new Error('secret text'); })()"],
  ["a rejection", "Promise.reject(new Error('secret text'))"],
  ["a throw of a text", "(function () { throw 'secret text'; })()"],
])("%s in get is a 500 that does not tell its text", async (_what, source) => {
  const program = await get(source);
  expect(program.answer.status).toBe(500);
  expect(JSON.parse(program.text)).toMatchObject({ status: 500 });
  expect(program.text).not.toContain("secret");
  const browser = await get(source, { headers: { Accept: "text/html" } });
  expect(browser.answer.status).toBe(500);
  expect(browser.text).toContain("<h1>500");
  expect(browser.text).not.toContain("secret");
});

test.each([
  ["a number", "42"],
  ["a text", "'hello'"],
  ["an array", "[]"],
  ["a status that is none", "{ status: 'fine' }"],
])("%s as the response is a 500", async (_what, source) => {
  expect((await get(source)).answer.status).toBe(500);
});

test("a Promise of a response is awaited", async () => {
  expect((await get("Promise.resolve({ body: 'later' })")).text).toBe("later");
});

test("a standard Response is served as it is", async () => {
  const { answer, text } = await get("new Response('standard', { status: 202, headers: { 'X-Own': '1' } })");
  expect(answer.status).toBe(202);
  expect(answer.headers.get("x-own")).toBe("1");
  expect(text).toBe("standard");
});
