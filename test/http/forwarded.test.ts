import { expect, test } from "bun:test";
import { TrustedProxies } from "../../src/http/forwarded.ts";

const read = (trusted: string[], peer: string, headers: Record<string, string>, isTls = false) =>
  new TrustedProxies(trusted).read(new Headers({ host: "inner:3000", ...headers }), peer, isTls);

const forwarded = {
  "x-forwarded-for": "203.0.113.9",
  "x-forwarded-proto": "https",
  "x-forwarded-host": "example.com",
};

test("TrustedProxies.read() believes nothing when no proxy is trusted", () => {
  const own = { scheme: "http", authority: "inner:3000", remoteAddress: "127.0.0.1" } as const;
  expect(read([], "127.0.0.1", forwarded)).toEqual(own);
  expect(read(["10.0.0.0/8"], "127.0.0.1", forwarded)).toEqual(own);
  expect(read([], "127.0.0.1", {}, true)).toEqual({ ...own, scheme: "https" });
});

test("TrustedProxies.read() believes a trusted proxy", () => {
  expect(read(["loopback"], "127.0.0.1", forwarded)).toEqual({
    scheme: "https",
    authority: "example.com",
    remoteAddress: "203.0.113.9",
  });
});

test("TrustedProxies.read() keeps what a trusted proxy does not say", () => {
  expect(read(["loopback"], "127.0.0.1", {})).toEqual({
    scheme: "http",
    authority: "inner:3000",
    remoteAddress: "127.0.0.1",
  });
  expect(read(["loopback"], "127.0.0.1", { "x-forwarded-proto": "gopher", "x-forwarded-host": " " }, true)).toEqual({
    scheme: "https",
    authority: "inner:3000",
    remoteAddress: "127.0.0.1",
  });
});

test.each([
  ["https", "https"],
  ["wss", "https"],
  ["http", "http"],
  ["ws", "http"],
  ["http, https", "https"],
])("TrustedProxies.read() takes X-Forwarded-Proto %p as %s", (proto, scheme) => {
  expect(read(["loopback"], "::1", { "x-forwarded-proto": proto }, scheme === "http").scheme).toBe(scheme as "http");
});

test.each([
  ["the only hop", "203.0.113.9", "203.0.113.9"],
  ["the last hop, whatever the client sent before it", "198.51.100.1, 203.0.113.9", "203.0.113.9"],
  ["the last hop that is no trusted proxy", "198.51.100.1, 203.0.113.9, 10.0.0.2,10.0.0.3", "203.0.113.9"],
  ["the first hop if all are trusted", "10.0.0.9, 10.0.0.2", "10.0.0.9"],
  ["an IPv6 hop", "2001:db8::7, 10.0.0.2", "2001:db8::7"],
  ["the peer if there is no address", "unknown", "10.0.0.1"],
  ["the peer if the header is empty", "", "10.0.0.1"],
])("TrustedProxies.read() takes from X-Forwarded-For %s", (_, hops, address) => {
  expect(read(["10.0.0.0/8"], "10.0.0.1", { "x-forwarded-for": hops }).remoteAddress).toBe(address);
});

test.each(["unknown", "_hidden", "203.0.113.9:4711", "[2001:db8::7]:4711", "nonsense"])(
  "TrustedProxies.read() takes no address that the client itself sent before the proxy's %p",
  (hop) => {
    const { remoteAddress } = read(["10.0.0.0/8"], "10.0.0.1", { "x-forwarded-for": `6.6.6.6, ${hop}` });
    expect(remoteAddress).not.toBe("6.6.6.6");
  },
);

test.each([
  ["::ffff:203.0.113.9", "203.0.113.9"],
  ["::FFFF:203.0.113.9", "203.0.113.9"],
  ["[::ffff:203.0.113.9]:4711", "203.0.113.9"],
  ["::ffff:203.0.113.9, ::ffff:10.0.0.2", "203.0.113.9"],
])("TrustedProxies.read() gives an IPv4 address in its usual form: %s", (hops, address) => {
  expect(read(["10.0.0.0/8"], "::ffff:10.0.0.1", { "x-forwarded-for": hops }).remoteAddress).toBe(address);
});

test.each([
  ["example.com", "example.com"],
  ["example.com:8443", "example.com:8443"],
  ["[2001:db8::1]:8443", "[2001:db8::1]:8443"],
  ["what.the.client.sent, example.com", "example.com"],
  ["example.com/path", "inner:3000"],
  ["user@example.com", "inner:3000"],
  ["a b", "inner:3000"],
  ["example.com:99999", "inner:3000"],
  ["[", "inner:3000"],
  ["", "inner:3000"],
  ["example.com,", "inner:3000"],
])("TrustedProxies.read() takes X-Forwarded-Host %p as %s", (host, authority) => {
  expect(read(["loopback"], "127.0.0.1", { "x-forwarded-host": host }).authority).toBe(authority);
});

test("TrustedProxies.read() never reads Forwarded, which proxies pass on as the client sent it", () => {
  const own = { scheme: "http", authority: "inner:3000", remoteAddress: "127.0.0.1" } as const;
  expect(read(["loopback"], "127.0.0.1", { forwarded: "for=6.6.6.6;host=evil.example;proto=https" })).toEqual(own);
});

test.each([
  [["127.0.0.1"], "127.0.0.1", true],
  [["127.0.0.1"], "127.0.0.2", false],
  [["127.0.0.1"], "::ffff:127.0.0.1", true],
  [["loopback"], "127.8.9.1", true],
  [["loopback"], "::1", true],
  [["loopback"], "10.0.0.1", false],
  [["private"], "10.1.2.3", true],
  [["private"], "172.31.255.255", true],
  [["private"], "172.32.0.0", false],
  [["private"], "192.168.0.1", true],
  [["private"], "fd00::1", true],
  [["private"], "127.0.0.1", false],
  [["2001:db8::/32"], "2001:db8::1", true],
  [["2001:db8::/32"], "2001:db9::1", false],
  [["10.0.0.0/8", "::1"], "::1", true],
  [["0.0.0.0/0"], "203.0.113.9", true],
  [["0.0.0.0/0"], "2001:db8::1", false],
  [["loopback"], "", false],
  [["loopback"], "not an address", false],
])("TrustedProxies of %p: trusts(%p) is %p", (trusted, address, isTrusted) => {
  expect(new TrustedProxies(trusted).trusts(address)).toBe(isTrusted);
});

test("TrustedProxies.read() gives an IPv4 peer in its usual form", () => {
  expect(read([], "::ffff:192.0.2.1", {}).remoteAddress).toBe("192.0.2.1");
  expect(read([], "2001:db8::1", {}).remoteAddress).toBe("2001:db8::1");
});
