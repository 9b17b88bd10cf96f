import { expect, test } from "bun:test";
import { exchange } from "../support/exchange.ts";
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
