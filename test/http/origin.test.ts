import { expect, test } from "bun:test";
import { AllowedOrigins, formatOrigin } from "../../src/http/origin.ts";
import { startBinary } from "../support/binary.ts";
import { exchange } from "../support/exchange.ts";
import { createFolder } from "../support/folder.ts";
import { handshake } from "../support/raw.ts";
import { startServer } from "../support/server.ts";

const at = (scheme: "http" | "https", authority: string) => ({ scheme, authority, remoteAddress: "127.0.0.1" });

test("AllowedOrigins accepts a request without Origin", () => {
  expect(new AllowedOrigins([]).allows(null, at("http", "localhost"))).toBe(true);
});

test.each([
  ["http://localhost:3000", at("http", "localhost:3000")],
  ["http://localhost", at("http", "localhost")],
  ["http://localhost", at("http", "localhost:80")],
  ["https://example.com", at("https", "example.com:443")],
  ["https://EXAMPLE.com", at("https", "Example.COM")],
  ["http://[::1]:3000", at("http", "[::1]:3000")],
  ["https://example.com:443", at("https", "example.com")],
  ["http://example.com.", at("http", "example.com.")],
  ["http://xn--bcher-kva.example", at("http", "xn--bcher-kva.example")],
  ["http://my_host:8080", at("http", "my_host:8080")],
])("AllowedOrigins accepts the page's own server: %s", (origin, asked) => {
  expect(new AllowedOrigins([]).allows(origin, asked)).toBe(true);
});

test.each([
  ["https://example.com", at("http", "example.com")],
  ["http://example.com", at("https", "example.com")],
  ["http://example.com:8080", at("http", "example.com")],
  ["https://example.com", at("https", "example.com:80")],
  ["http://evil.com", at("http", "example.com")],
  ["http://example.com.evil.com", at("http", "example.com")],
  ["http://sub.example.com", at("http", "example.com")],
  ["null", at("http", "example.com")],
  ["", at("http", "example.com")],
  ["example.com", at("http", "example.com")],
  ["http://example.com.", at("http", "example.com")],
  ["http://example.com", at("http", "example.com.")],
  ["http://user@example.com", at("http", "example.com")],
  ["http://example.com@evil.com", at("http", "example.com")],
  ["http://evil.com#example.com", at("http", "example.com")],
  ["http://example.com/", at("http", "example.com")],
  ["http://example.com http://evil.com", at("http", "example.com")],
  ["http://example.com, http://evil.com", at("http", "example.com")],
  ["http://example.com:080", at("http", "example.com:80")],
  ["ws://example.com", at("http", "example.com")],
  ["//example.com", at("http", "example.com")],
  ["http://", at("http", "")],
  ["http://bücher.example", at("http", "xn--bcher-kva.example")],
])("AllowedOrigins refuses %p at another server", (origin, asked) => {
  expect(new AllowedOrigins([]).allows(origin, asked)).toBe(false);
});

const cases: [pattern: string, origin: string, isAllowed: boolean][] = [
  ["*", "https://anything.example", true],
  ["*", "null", true],
  ["null", "null", true],
  ["null", "http://null.example", false],
  ["example.com", "null", false],
  ["https://example.com", "https://example.com", true],
  ["https://example.com", "HTTPS://Example.Com", true],
  ["https://Example.com", "https://example.com", true],
  ["https://example.com", "http://example.com", false],
  ["https://example.com", "https://example.com:8443", false],
  ["https://example.com:8443", "https://example.com:8443", true],
  ["https://example.com", "https://example.com.evil.com", false],
  ["https://example.com", "https://evil.com/example.com", false],
  ["example.com", "https://example.com", true],
  ["example.com", "http://example.com:8080", true],
  ["example.com", "https://www.example.com", false],
  ["example.com", "https://evilexample.com", false],
  ["example.com:8080", "http://example.com:8080", true],
  ["example.com:8080", "http://example.com", false],
  ["*.example.com", "https://a.example.com", true],
  ["*.example.com", "https://a.b.example.com:8443", true],
  ["*.example.com", "https://example.com", false],
  ["*.example.com", "https://evilexample.com", false],
  ["*.example.com", "https://a.example.com.evil.com", false],
  ["*.example.com:8443", "https://a.example.com:8443", true],
  ["*.example.com:8443", "https://a.example.com", false],
  ["https://*.example.com", "https://a.example.com", true],
  ["https://*.example.com", "http://a.example.com", false],
  ["capacitor://localhost", "capacitor://localhost", true],
  ["capacitor://localhost", "http://localhost", false],
  ["tauri://localhost", "tauri://localhost:1", false],
  ["null", "http://null", false],
  ["https://example.com:443", "https://example.com", true],
  ["https://example.com", "https://example.com:443", true],
  ["example.com:443", "https://example.com", true],
  ["example.com:443", "http://example.com", false],
  ["example.com", "https://user@example.com", false],
  ["example.com", "https://user:pass@example.com", false],
  ["example.com", "https://example.com@evil.com", false],
  ["example.com", "https://example.com:80@evil.com", false],
  ["example.com", "https://evil.com\\@example.com", false],
  ["example.com", "example.com", false],
  ["example.com", "https://example.com.", false],
  ["example.com.", "https://example.com.", true],
  ["*.example.com", "https://a.example.com.", false],
  ["*.example.com", "https://.example.com", false],
  ["*.example.com", "https://a..example.com", false],
  ["*.example.com", "https://evil.com#.example.com", false],
  ["*.example.com", "https://evil.com/.example.com", false],
  ["*.example.com", "https://evil.com?.example.com", false],
  ["*.example.com", "https://evil.com\\.example.com", false],
  ["*.example.com", "https://evil.com, https://a.example.com", false],
  ["*.example.com", "https://evil.com:1.example.com", false],
  ["*.example.com", "null", false],
  ["*.EXAMPLE.com", "https://A.example.COM", true],
  ["https://*.example.com", "https://a.example.com:8443", false],
  ["https://*.example.com:8443", "https://a.example.com:8443", true],
  ["*.com", "https://example.com", true],
  ["bücher.example", "https://xn--bcher-kva.example", true],
  ["https://BÜCHER.example", "https://xn--bcher-kva.example", true],
  ["*.bücher.example", "https://a.xn--bcher-kva.example", true],
  ["xn--bcher-kva.example", "https://xn--bcher-kva.example", true],
  ["http://[::1]:8080", "http://[::1]:8080", true],
  ["[::1]", "http://[::1]:8080", true],
  ["192.0.2.1", "http://192.0.2.1:8080", true],
  ["192.0.2.1", "http://192.0.2.11", false],
];

const allows = (origin: string, pattern: string) =>
  new AllowedOrigins(["http://other.example", pattern]).allows(origin, at("http", "localhost:3000"));

for (const [pattern, origin, isAllowed] of cases) {
  test(`AllowedOrigins with --origins ${pattern}: ${origin} ${isAllowed ? "may" : "may not"}`, () => {
    expect(allows(origin, pattern)).toBe(isAllowed);
  });
}

test.each([
  ["https://example.com:8443", "https://example.com:8443"],
  ["null", "null"],
  ["capacitor://localhost", "capacitor://localhost"],
  ["https://user:password@example.com/path?token=1#2", "https://example.com"],
  ["example.com?token=1", "example.com"],
  ["", ""],
  [`https://${"x".repeat(300)}`, `https://${"x".repeat(255)}`],
])("formatOrigin() leaves out what is no part of an origin: %s", (origin, shown) => {
  expect(formatOrigin(origin)).toBe(shown);
});

const accept = { "a.js": "export const get = () => ({ webSocket: {} });" };

test.each([
  [[], { "X-Forwarded-Host": "evil.example" }, "http://evil.example", 403],
  [[], { "X-Forwarded-Host": "localhost", Host: "other.example" }, "http://localhost", 403],
  [[], { "X-Forwarded-Proto": "https" }, "https://localhost", 403],
  [[], { Forwarded: "host=evil.example" }, "http://evil.example", 403],
  [["loopback"], { Forwarded: "host=evil.example" }, "http://evil.example", 403],
  [["loopback"], { "X-Forwarded-Proto": "https" }, "https://localhost", 101],
  [["loopback"], { "X-Forwarded-Proto": "https" }, "http://localhost", 403],
  [["loopback"], { "X-Forwarded-Proto": "https", "X-Forwarded-Host": "chat.example" }, "https://chat.example", 101],
  [["loopback"], { "X-Forwarded-Host": "chat.example:8080" }, "http://chat.example:8080", 101],
  [["loopback"], { "X-Forwarded-Host": "chat.example:8080" }, "http://chat.example", 403],
  [["loopback"], { "X-Forwarded-Host": "evil.example, chat.example" }, "http://evil.example", 403],
  [["loopback"], { "X-Forwarded-Host": "evil.example/" }, "http://localhost", 101],
  [["10.0.0.0/8"], { "X-Forwarded-Host": "chat.example" }, "http://chat.example", 403],
])("with --trust-proxy %j and %j the origin %s is answered with %d", async (trusted, headers, origin, status) => {
  await using server = await startServer(accept, { "trust-proxy": trusted.join() });
  const answer = await exchange(server.url("/"), handshake("/a", { ...headers, Origin: origin }));
  expect(answer.statuses).toEqual([status]);
  expect(server.app.metrics.upgradesRefused.origin).toBe(status === 403 ? 1 : 0);
});

test("a refused origin is told to nobody but the log, which says what was expected", async () => {
  using folder = createFolder(accept);
  await using server = await startBinary([folder.path, "--no-watch"], { cwd: folder.path });
  const answer = await exchange(
    server.origin,
    handshake("/a", { Origin: "https://evil.example", Accept: "text/plain" }),
  );
  expect(answer.statuses).toEqual([403]);
  expect(answer.text).toContain("Sessions may not be opened from this origin");
  expect(answer.text).not.toContain("evil.example");
  const { message } = await server.logged("Refused a session");
  expect(message).toBe(
    'Refused a session at /a: its origin "https://evil.example" is not allowed, expected "http://localhost" or one of --origins',
  );
});
