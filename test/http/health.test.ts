import { expect, test } from "bun:test";
import { exchange } from "../support/exchange.ts";
import { handshake } from "../support/raw.ts";
import { startServer } from "../support/server.ts";

const controllers = { "a.js": 'export const get = () => ({ body: "a" });' };

test.each(["/-/health", "/-/ready"])("%s answers 200 without a cache", async (path) => {
  await using server = await startServer(controllers);
  const answer = await server.fetch(path);
  expect(answer.status).toBe(200);
  expect(answer.headers.get("cache-control")).toBe("no-store");
});

// As HAProxy asks by itself.
test.each(["/-/health", "/-/ready"])("%s answers a request of HTTP/1.0 that names no host", async (path) => {
  await using server = await startServer(controllers);
  const { statuses } = await exchange(server.url("/"), `GET ${path} HTTP/1.0\r\n\r\n`);
  expect(statuses).toEqual([200]);
});

test("/-/health is no other path, whatever the host is", async () => {
  await using server = await startServer(controllers);
  for (const host of ["", "Host: a b\r\n", "Host: x\r\n"]) {
    const { statuses } = await exchange(server.url("/"), `GET /x/-/health HTTP/1.0\r\n${host}\r\n`);
    expect(statuses).toEqual([404]);
  }
});

test.each([
  [{}, {}, { refusal: null, origin: "http://localhost", proxy: "none" }],
  [{ Connection: "close" }, {}, { refusal: expect.stringContaining("Connection: Upgrade"), proxy: "none" }],
  [
    { "X-Forwarded-Proto": "https", "X-Forwarded-Host": "chat.example.com" },
    { "trust-proxy": "loopback" },
    { refusal: null, origin: "https://chat.example.com", proxy: "trusted" },
  ],
  [{ "X-Forwarded-Proto": "https" }, { "trust-proxy": "10.0.0.1" }, { origin: "http://localhost", proxy: "untrusted" }],
])("/-/health shows how an upgrade request with %p arrived", async (headers, flags, seen) => {
  await using server = await startServer(controllers, flags);
  const { text } = await exchange(server.url("/"), handshake("/-/health", { ...headers }));
  expect(JSON.parse(/\{"status".*\}\}/.exec(text)?.[0] ?? "")).toEqual({
    status: "alive",
    seen: expect.objectContaining(seen),
  });
});

test("/-/health shows nothing of other requests", async () => {
  await using server = await startServer(controllers);
  const answer = await server.fetch("/-/health", { headers: { "X-Forwarded-Proto": "https" } });
  expect(await answer.json()).toEqual({ status: "alive" });
});
