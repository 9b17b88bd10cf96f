import { expect, test } from "bun:test";
import { formatOrigin, isAllowedOrigin } from "../../src/http/origin.ts";

const at = (scheme: "http" | "https", authority: string) => ({ scheme, authority, remoteAddress: "127.0.0.1" });

test("isAllowedOrigin() accepts a request without Origin", () => {
  expect(isAllowedOrigin(null, at("http", "localhost"), [])).toBe(true);
});

test.each([
  ["http://localhost:3000", at("http", "localhost:3000")],
  ["http://localhost", at("http", "localhost")],
  ["http://localhost", at("http", "localhost:80")],
  ["https://example.com", at("https", "example.com:443")],
  ["https://EXAMPLE.com", at("https", "Example.COM")],
  ["http://[::1]:3000", at("http", "[::1]:3000")],
])("isAllowedOrigin() accepts the page's own server: %s", (origin, asked) => {
  expect(isAllowedOrigin(origin, asked, [])).toBe(true);
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
])("isAllowedOrigin() refuses %p at another server", (origin, asked) => {
  expect(isAllowedOrigin(origin, asked, [])).toBe(false);
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
  ["https://example.com/", "https://example.com", true],
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
];

for (const [pattern, origin, isAllowed] of cases) {
  test(`isAllowedOrigin() with --origins ${pattern}: ${origin} ${isAllowed ? "may" : "may not"}`, () => {
    expect(isAllowedOrigin(origin, at("http", "localhost:3000"), ["http://other.example", pattern])).toBe(isAllowed);
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
