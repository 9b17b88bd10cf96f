import { expect, test } from "bun:test";
import { startServer, type TestServer } from "../support/server.ts";
import { connectRaw } from "../support/raw.ts";
import { waitFor } from "../support/session.ts";

const methods = ["GET", "POST", "HEAD", "OPTIONS", "PUT", "DELETE", "PATCH"];

/** CommonJS exports that each answer with a header that tells their own name. */
const naming = (...names: string[]) =>
  names.map((name) => `exports.${name} = function () { return { headers: { 'X-By': '${name}' } }; };`).join("\n");

async function askAll(server: TestServer, path: string): Promise<(string | number)[]> {
  const answers = await Promise.all(methods.map((method) => server.fetch(path, { method })));
  return answers.map((answer) => answer.headers.get("x-by") ?? answer.status);
}

test("exports in upper case answer their methods", async () => {
  await using server = await startServer({ "upper.js": naming(...methods) });
  expect(await askAll(server, "/upper")).toEqual(methods);
});

test("exports in lower case answer their methods", async () => {
  const names = methods.map((method) => method.toLowerCase());
  await using server = await startServer({ "lower.js": naming(...names) });
  expect(await askAll(server, "/lower")).toEqual(names);
});

test("exports.all answers every method that is not exported", async () => {
  await using server = await startServer({ "mixed.js": naming("all", "post", "PUT"), "every.js": naming("all") });
  expect(await askAll(server, "/mixed")).toEqual(["all", "post", "all", "all", "PUT", "all", "all"]);
  expect(await askAll(server, "/every")).toEqual(methods.map(() => "all"));
});

test("exports in upper case win over lower case, lower case over all", async () => {
  await using server = await startServer({
    "all-first.js": naming("all", "get", "GET", "post"),
    "upper-first.js": naming("GET", "get", "post", "all"),
  });
  for (const path of ["/all-first", "/upper-first"]) {
    expect((await server.fetch(path)).headers.get("x-by")).toBe("GET");
    expect((await server.fetch(path, { method: "POST" })).headers.get("x-by")).toBe("post");
    expect((await server.fetch(path, { method: "PUT" })).headers.get("x-by")).toBe("all");
  }
});

test("exports.all accepts a session", async () => {
  await using server = await startServer({
    "all.js": `exports.all = function (req) { return { webSocket: { data: { by: req.method } } }; };
      exports.webSocketEvent = function (event) {
        if (event.type === 'open') require('/lib/xp/websocket').send(event.session.id, event.data.by);
      };`,
  });
  using session = await server.open("/all");
  expect(await session.next()).toBe("GET");
});

test("HEAD falls back to get, without its body", async () => {
  await using server = await startServer({
    "page.js": "exports.get = function (req) { return { body: 'the body', headers: { 'X-Method': req.method } }; };",
  });
  using raw = await connectRaw(server.url("/page"), "HEAD /page HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  await waitFor(raw.ended, "end of the answer");
  const answer = raw.received().toString();
  expect(answer).toStartWith("HTTP/1.1 200");
  expect(answer).toContain("X-Method: HEAD");
  expect(answer).toEndWith("\r\n\r\n");
});

test("HEAD has an export of its own", async () => {
  await using server = await startServer({ "page.js": naming("get", "head") });
  expect((await server.fetch("/page", { method: "HEAD" })).headers.get("x-by")).toBe("head");
});

test("a method that is not exported is answered 405 with Allow", async () => {
  await using server = await startServer({ "some.js": naming("GET", "post"), "only-put.js": naming("put") });
  const answer = await server.fetch("/some", { method: "DELETE" });
  expect(answer.status).toBe(405);
  expect(answer.headers.get("allow")?.split(", ").sort()).toEqual(["GET", "HEAD", "POST"]);
  expect(await answer.json()).toMatchObject({ status: 405 });
  expect((await server.fetch("/only-put")).headers.get("allow")).toBe("PUT");
});

test("an upgrade of a controller without get is answered 405", async () => {
  await using server = await startServer({ "only-put.js": naming("put") });
  const refusal: unknown = await server.open("/only-put").catch((error: unknown) => error);
  expect(String(refusal)).toContain("405");
});

test("a missing webSocketEvent is ignored", async () => {
  await using server = await startServer({ "deaf.js": "exports.get = function () { return { webSocket: {} }; };" });
  using session = await server.open("/deaf");
  session.send("nobody hears this");
  session.close(1000, "bye");
  expect(await session.closed).toMatchObject({ code: 1000 });
});

test("exports that a library assigns at load are read", async () => {
  await using server = await startServer({
    "lib/router.js": `module.exports = function (target) {
        target.get = function (req) { return { webSocket: {}, body: 'routed ' + req.path }; };
        target.webSocketEvent = function (event) {
          if (event.type === 'message') require('/lib/xp/websocket').send(event.session.id, 'routed');
        };
      };`,
    "routed.js": "require('/lib/router')(exports);",
  });
  expect(await (await server.fetch("/routed")).text()).toBe("routed /routed");
  using session = await server.open("/routed");
  session.send("hello");
  expect(await session.next()).toBe("routed");
});

test("module.exports may be replaced as a whole", async () => {
  await using server = await startServer({
    "whole.js": "module.exports = { get: function () { return { body: 'whole' }; } };",
  });
  expect(await (await server.fetch("/whole")).text()).toBe("whole");
});

test("exports of a CommonJS module that was compiled from ESM are read", async () => {
  await using server = await startServer({
    "compiled.js": `"use strict"; Object.defineProperty(exports, "__esModule", { value: true });
      exports.get = void 0; function get() { return { body: "compiled" }; } exports.get = get;`,
  });
  expect(await (await server.fetch("/compiled")).text()).toBe("compiled");
});
