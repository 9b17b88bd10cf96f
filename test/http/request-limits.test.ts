import { expect, test } from "bun:test";
import { measureHead } from "../../src/http/request-limits.ts";
import { exchange } from "../support/exchange.ts";
import { handshake } from "../support/raw.ts";
import { startServer } from "../support/server.ts";

test("measureHead() counts the request line and the headers", () => {
  const request = new Request("http://example.com/a/b?c=d", { headers: { "X-A": "12345" } });
  expect(measureHead(request)).toBe("GET /a/b?c=d HTTP/1.1\r\nX-A: 12345\r\n\r\n".length);
});

const files = {
  "a.js": "export const get = ({ webSocket }) => (webSocket ? { webSocket: {} } : { body: 'a' });",
  "public/b.txt": "b",
};

/** A request whose line and headers have so many bytes. */
function toRequest(path: string, size: number): string {
  const bare = `GET ${path} HTTP/1.1\r\nHost: localhost\r\nX-A: \r\n\r\n`;
  return bare.replace("X-A: ", `X-A: ${"x".repeat(size - bare.length)}`);
}

test.each(["/a", "/b.txt", "/-/health", "/nothing"])("--max-headers is the most that %s takes", async (path) => {
  await using server = await startServer(files, { "max-headers": "2KiB" });
  const status = path === "/nothing" ? 404 : 200;
  expect((await exchange(server.url("/"), toRequest(path, 2048))).statuses).toEqual([status]);
  const refused = await exchange(server.url("/"), toRequest(path, 2049));
  expect(refused).toMatchObject({ statuses: [431], isCut: true });
  expect(refused.text).toEndWith('{"status":431,"message":"The request line and headers are too large"}');
  expect(server.app.metrics.requestsRefused["headers-too-large"]).toBe(1);
});

test("--max-headers is the most that an upgrade takes, and its target counts", async () => {
  await using server = await startServer(files, { "max-headers": "2KiB" });
  expect((await exchange(server.url("/"), handshake("/a", { "X-A": "x".repeat(1500) }))).statuses).toEqual([101]);
  expect((await exchange(server.url("/"), handshake("/a", { "X-A": "x".repeat(2048) }))).statuses).toEqual([431]);
  expect((await exchange(server.url("/"), handshake(`/a?${"x".repeat(2048)}`))).statuses).toEqual([431]);
  expect(server.app.metrics.sessionsOpened).toBe(1);
});
