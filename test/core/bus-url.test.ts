import { expect, test } from "bun:test";
import { type BusTarget, hideCredentials, parseBusUrl } from "../../src/core/bus-url.ts";
import { readConfig } from "../../src/core/config.ts";

const plain: BusTarget = {
  kind: "single",
  hosts: [],
  socketPath: undefined,
  sentinelName: undefined,
  isTls: false,
  username: undefined,
  password: undefined,
};

const single = (host: string, port = 6379) => ({ ...plain, hosts: [{ host, port }] });

const good: [string, BusTarget][] = [
  ["redis://localhost", single("localhost")],
  ["redis://10.0.0.5:6380/", single("10.0.0.5", 6380)],
  ["redis://redis_1.internal/0", single("redis_1.internal")],
  ["redis://[::1]:7000", single("::1", 7000)],
  ["rediss://cache.example.com", { ...single("cache.example.com"), isTls: true }],
  ["redis://:a%2Fb%40c@h", { ...single("h"), password: "a/b@c" }],
  ["redis://ada:love:lace@h", { ...single("h"), username: "ada", password: "love:lace" }],
  ["redis://ada@h", { ...single("h"), username: "ada" }],
  ["redis://:%zz@h", { ...single("h"), password: "%zz" }],
  ["unix:///run/redis/redis.sock", { ...plain, socketPath: "/run/redis/redis.sock" }],
  ["unix://:pw@/run/a%20b", { ...plain, socketPath: "/run/a b", password: "pw" }],
  [
    "redis-sentinel://:pw@a,b:26380,c/main",
    {
      ...plain,
      kind: "sentinel",
      sentinelName: "main",
      password: "pw",
      hosts: [
        { host: "a", port: 26_379 },
        { host: "b", port: 26_380 },
        { host: "c", port: 26_379 },
      ],
    },
  ],
  [
    "rediss-cluster://a:7000,b:7001",
    {
      ...plain,
      kind: "cluster",
      isTls: true,
      hosts: [
        { host: "a", port: 7000 },
        { host: "b", port: 7001 },
      ],
    },
  ],
];

test.each(good)("parseBusUrl() reads %s", (url, target) => {
  expect(parseBusUrl(url)).toEqual(target);
});

const bad = [
  "redis",
  "redis://",
  "redis:localhost",
  "http://localhost",
  "redis://a,b",
  "redis://a:0",
  "redis://a:65536",
  "redis://a:port",
  "redis://a b",
  "redis://a/name",
  "redis://a?db=1",
  "redis-sentinel://a",
  "redis-sentinel://a/",
  "redis-sentinel:///main",
  "redis-cluster://a,,b",
  "unix://",
  "unix:///",
  "unix://host/path",
  " redis://a",
];

test.each(bad)("parseBusUrl() does not take %p, and the message shows no password", (url) => {
  expect(parseBusUrl(url)).toBeUndefined();
  expect(() => readConfig({ environment: { HUBBUB_BUS: url.replace("://", "://:secret@") } })).toThrow(
    "Cannot use HUBBUB_BUS: expected redis://HOST:PORT, rediss:// for TLS",
  );
});

test("hideCredentials() leaves the rest of an address", () => {
  expect(hideCredentials("redis://:secret@10.0.0.5:6379")).toBe("redis://…@10.0.0.5:6379");
  expect(hideCredentials("redis://ada:se@cret@h")).toBe("redis://…@h");
  expect(hideCredentials("redis-cluster://a,b")).toBe("redis-cluster://a,b");
});

test("readConfig() takes a prefix that can stand in a channel's name", () => {
  expect(readConfig({ flags: { "bus-prefix": "lunch:2" } }).busPrefix).toBe("lunch:2");
  for (const value of ["", "a b", "ä", "x".repeat(101)]) {
    expect(() => readConfig({ flags: { "bus-prefix": value } })).toThrow(
      `Cannot use --bus-prefix "${value}": expected`,
    );
  }
});
