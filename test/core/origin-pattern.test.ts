import { expect, test } from "bun:test";
import { parseOriginPattern } from "../../src/core/origin-pattern.ts";

test("parseOriginPattern() tells the parts apart, as browsers write them", () => {
  expect(parseOriginPattern("HTTPS://*.Bücher.Example:8443")).toEqual({
    scheme: "https",
    host: "xn--bcher-kva.example",
    isBeneath: true,
    port: "8443",
  });
  expect(parseOriginPattern("example.com")).toEqual({
    scheme: undefined,
    host: "example.com",
    isBeneath: false,
    port: undefined,
  });
});

test.each([
  "",
  "*",
  "*.",
  "*example.com",
  "a.*.example.com",
  "https://",
  "https://example.com/",
  "https://example.com/chat",
  "https://user@example.com",
  "example.com?x",
  "example.com#x",
  "example.com:99999",
  "example.com:x",
  "a b",
  ".example.com",
  "a..example.com",
  "::1",
  "a%b.example",
  "//example.com",
])("parseOriginPattern() refuses %p", (text) => {
  expect(parseOriginPattern(text)).toBeUndefined();
});
