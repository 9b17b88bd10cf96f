import { expect, test } from "bun:test";
import { type ConfigSources, readConfig } from "../../src/core/config.ts";
import {
  describeSetting,
  isList,
  isSwitch,
  type SettingName,
  settingNames,
  variableName,
} from "../../src/core/settings.ts";

const fault = (code: string, message: string) => expect.objectContaining({ name: "Fault", code, message });

test("readConfig() gives the defaults when nothing is set", () => {
  expect(readConfig()).toEqual({
    host: "127.0.0.1",
    port: 3000,
    workers: 1,
    tlsCertFile: "",
    tlsKeyFile: "",
    timeoutSeconds: 300,
    pingSeconds: 30,
    drainSeconds: 10,
    compress: false,
    compressMinBytes: 1024,
    coalesceSeconds: 0.002,
    maxGroups: 1000,
    maxSessions: "auto",
    maxSessionsPerAddress: 1000,
    maxUpgradesPerSecond: 5000,
    maxMessageBytes: 1_048_576,
    maxMessagesPerSecond: 1000,
    maxBytesPerSecond: 8_388_608,
    maxInboxEvents: 64,
    maxBacklogBytes: 1_048_576,
    maxHeaderBytes: 16_384,
    httpTimeoutSeconds: 10,
    origins: [],
    trustProxy: [],
    watch: true,
    livePages: "auto",
    bus: "",
    busPrefix: "hubbub",
    busCaFile: "",
    adminToken: "",
    metricsFrom: [],
    logLevel: "info",
    logFormat: "auto",
    app: {},
  });
});

test("readConfig() takes flags over variables over hubbub.toml over defaults", () => {
  const flags = { port: "1" };
  const environment = { HUBBUB_PORT: "2", HUBBUB_TIMEOUT: "2s", PATH: "/bin", HUBBUB_HOST: undefined };
  const file = 'port = 3\ntimeout = 3\nping = "3s"\n';
  const config = readConfig({ flags, environment, file });
  expect(config.port).toBe(1);
  expect(config.timeoutSeconds).toBe(2);
  expect(config.pingSeconds).toBe(3);
  expect(config.host).toBe("127.0.0.1");
});

test("readConfig() does not look at a value that a stronger source hides", () => {
  expect(readConfig({ flags: { port: "1" }, environment: { HUBBUB_PORT: "soon" }, file: 'port = "soon"' }).port).toBe(
    1,
  );
});

test("readConfig() reads every setting from each source alike", () => {
  const texts: Record<SettingName, string> = {
    host: "::1",
    port: "0",
    workers: "4",
    "tls-cert": "server.crt",
    "tls-key": "server.key",
    timeout: "5m",
    ping: "0",
    drain: "0",
    compress: "true",
    "compress-min": "64",
    coalesce: "5ms",
    "max-groups": "0",
    "max-sessions": "500",
    "max-sessions-per-address": "10",
    "max-upgrades": "20",
    "max-message-rate": "30",
    "max-byte-rate": "2KiB",
    "max-inbox": "8",
    "max-headers": "4KiB",
    "http-timeout": "5s",
    "max-message": "64KiB",
    "max-backlog": "2MB",
    origins: "https://example.com, *.example.org,null",
    "trust-proxy": "10.0.0.0/8, ::1,loopback",
    watch: "false",
    "live-pages": "true",
    bus: "redis://:secret@10.0.0.5:6380",
    "bus-prefix": "lunch",
    "bus-ca": "ca.pem",
    "admin-token": "@/etc/hubbub/admin-token",
    "metrics-from": "loopback, 10.0.0.5",
    "log-level": "warning",
    "log-format": "pretty",
  };
  const wanted = {
    host: "::1",
    port: 0,
    workers: 4,
    tlsCertFile: "server.crt",
    tlsKeyFile: "server.key",
    timeoutSeconds: 300,
    pingSeconds: 0,
    drainSeconds: 0,
    compress: true,
    compressMinBytes: 64,
    coalesceSeconds: 0.005,
    maxGroups: 0,
    maxSessions: 500,
    maxSessionsPerAddress: 10,
    maxUpgradesPerSecond: 20,
    maxMessagesPerSecond: 30,
    maxBytesPerSecond: 2048,
    maxInboxEvents: 8,
    maxHeaderBytes: 4096,
    httpTimeoutSeconds: 5,
    maxMessageBytes: 65_536,
    maxBacklogBytes: 2_000_000,
    origins: ["https://example.com", "*.example.org", "null"],
    trustProxy: ["10.0.0.0/8", "::1", "loopback"],
    watch: false,
    livePages: true,
    bus: "redis://:secret@10.0.0.5:6380",
    busPrefix: "lunch",
    busCaFile: "ca.pem",
    adminToken: "@/etc/hubbub/admin-token",
    metricsFrom: ["loopback", "10.0.0.5"],
    logLevel: "warning",
    logFormat: "pretty",
    app: {},
  } as const;
  expect(Object.keys(texts).sort()).toEqual([...settingNames].sort());
  const environment = Object.fromEntries(settingNames.map((name) => [variableName(name), texts[name]]));
  const file = settingNames.map((name) => `${name} = ${JSON.stringify(texts[name])}\n`).join("");
  expect(readConfig({ flags: texts })).toEqual(wanted);
  expect(readConfig({ environment })).toEqual(wanted);
  expect(readConfig({ file })).toEqual(wanted);
});

test("readConfig() takes numbers and lists of hubbub.toml as they are", () => {
  const file = `port = 8080
timeout = 1.5
max-message = 1
watch = false
origins = ["https://example.com", "*"]
trust-proxy = ["private"]

[app]
title = "Lunch"
rooms = [1, 2]
`;
  expect(readConfig({ file })).toMatchObject({
    port: 8080,
    timeoutSeconds: 1.5,
    maxMessageBytes: 1,
    watch: false,
    origins: ["https://example.com", "*"],
    trustProxy: ["private"],
    app: { title: "Lunch", rooms: [1, 2] },
  });
});

const DURATION = "expected seconds or a duration such as 30s or 5m, from 1s to 1d, or 0 for off";
const ORIGINS = "expected names such as https://example.com, example.com or *.example.com, with commas between";
const PROXIES = "expected addresses or ranges such as 10.0.0.0/8, or loopback or private, with commas between";
const MESSAGE_SIZE = "expected bytes or a size such as 64KiB or 1MiB, from 1 to 1GiB";
const BACKLOG_SIZE = "expected bytes or a size such as 64KiB or 1MiB, from 1KiB to 1GiB";

const HEADER_SIZE = "expected bytes or a size such as 64KiB or 1MiB, from 1KiB to 16KiB";
const BYTE_RATE = "expected bytes or a size such as 64KiB or 1MiB, from 1KiB to 1GiB, or 0 for no limit";
const LIMIT = "expected a whole number from 1 to 10000000, 0 for no limit, or auto";
const WINDOW = "expected seconds or a duration such as 2ms, from 1ms to 1s, or 0 for off";
const HTTP_TIMEOUT = "expected seconds or a duration such as 30s, from 1s to 255s";

const badFlags: [NonNullable<ConfigSources["flags"]>, string][] = [
  [{ host: "" }, 'Cannot use --host "": expected an address or a host name'],
  ...["", "x", "-1", "65536", "3.5", "0x50"].map((port): [{ port: string }, string] => [
    { port },
    `Cannot use --port "${port}": expected a whole number from 0 to 65535`,
  ]),
  ...["", "soon", "-1", "0.5", "999ms", "86401", "25h"].map((timeout): [{ timeout: string }, string] => [
    { timeout },
    `Cannot use --timeout "${timeout}": ${DURATION}`,
  ]),
  [{ ping: "2d" }, `Cannot use --ping "2d": ${DURATION}`],
  [{ "max-message": "0" }, `Cannot use --max-message "0": ${MESSAGE_SIZE}`],
  [{ "max-message": "2GiB" }, `Cannot use --max-message "2GiB": ${MESSAGE_SIZE}`],
  [{ "max-message": "big" }, `Cannot use --max-message "big": ${MESSAGE_SIZE}`],
  [{ "max-backlog": "1023" }, `Cannot use --max-backlog "1023": ${BACKLOG_SIZE}`],
  [{ "max-headers": "17KiB" }, `Cannot use --max-headers "17KiB": ${HEADER_SIZE}`],
  [{ "max-byte-rate": "1" }, `Cannot use --max-byte-rate "1": ${BYTE_RATE}`],
  ...["-1", "many", "0.5"].map((count): [{ "max-sessions": string }, string] => [
    { "max-sessions": count },
    `Cannot use --max-sessions "${count}": ${LIMIT}`,
  ]),
  ...["2", "1m", "0.1ms"].map((coalesce): [{ coalesce: string }, string] => [
    { coalesce },
    `Cannot use --coalesce "${coalesce}": ${WINDOW}`,
  ]),
  ...["0", "256"].map((timeout): [{ "http-timeout": string }, string] => [
    { "http-timeout": timeout },
    `Cannot use --http-timeout "${timeout}": ${HTTP_TIMEOUT}`,
  ]),
  [{ origins: "https://example.com/chat" }, `Cannot use --origins "https://example.com/chat": ${ORIGINS}`],
  [{ origins: "a b" }, `Cannot use --origins "a b": ${ORIGINS}`],
  [{ origins: "a,**" }, `Cannot use --origins "a,**": ${ORIGINS}`],
  [{ "trust-proxy": "proxy.local" }, `Cannot use --trust-proxy "proxy.local": ${PROXIES}`],
  [{ "trust-proxy": "10.0.0.0/33" }, `Cannot use --trust-proxy "10.0.0.0/33": ${PROXIES}`],
  [{ "trust-proxy": "::1/129" }, `Cannot use --trust-proxy "::1/129": ${PROXIES}`],
  [{ "trust-proxy": "10.0.0.0/" }, `Cannot use --trust-proxy "10.0.0.0/": ${PROXIES}`],
  [{ "trust-proxy": "10.0.0.0/8/8" }, `Cannot use --trust-proxy "10.0.0.0/8/8": ${PROXIES}`],
  [{ "trust-proxy": "10.0.0/8" }, `Cannot use --trust-proxy "10.0.0/8": ${PROXIES}`],
  [{ "metrics-from": "localhost" }, `Cannot use --metrics-from "localhost": ${PROXIES}`],
  [{ watch: "yes" }, 'Cannot use --watch "yes": expected true or false'],
  [{ "live-pages": "" }, 'Cannot use --live-pages "": expected true, false or auto'],
  [{ "log-level": "warn" }, 'Cannot use --log-level "warn": expected debug, info, warning or error'],
  [{ "log-format": "xml" }, 'Cannot use --log-format "xml": expected auto, json or pretty'],
];

for (const [flags, message] of badFlags) {
  test(`readConfig() refuses a flag: ${message}`, () => {
    expect(() => readConfig({ flags })).toThrow(fault("FLAG_VALUE", message));
  });
}

test.each([
  ["port", "x", 'Cannot use HUBBUB_PORT "x": expected a whole number from 0 to 65535'],
  ["timeout", "soon", `Cannot use HUBBUB_TIMEOUT "soon": ${DURATION}`],
  ["max-backlog", "1", `Cannot use HUBBUB_MAX_BACKLOG "1": ${BACKLOG_SIZE}`],
  ["trust-proxy", "me", `Cannot use HUBBUB_TRUST_PROXY "me": ${PROXIES}`],
] as const)("readConfig() refuses the variable for %s with the value %p", (name, value, message) => {
  expect(() => readConfig({ environment: { [variableName(name)]: value } })).toThrow(fault("CONFIG_VALUE", message));
});

test.each([
  ["port = 3.5", `Cannot use hubbub.toml's port "3.5": expected a whole number from 0 to 65535`],
  ["port = true", `Cannot use hubbub.toml's port "true": expected a whole number from 0 to 65535`],
  ["host = 5", `Cannot use hubbub.toml's host "5": expected an address or a host name`],
  ["timeout = 0.5", `Cannot use hubbub.toml's timeout "0.5": ${DURATION}`],
  ["max-message = 1.5", `Cannot use hubbub.toml's max-message "1.5": ${MESSAGE_SIZE}`],
  ["origins = [1]", `Cannot use hubbub.toml's origins "[1]": ${ORIGINS}`],
  ['trust-proxy = ["x"]', `Cannot use hubbub.toml's trust-proxy "["x"]": ${PROXIES}`],
  ["app = 3", `Cannot use hubbub.toml's app: expected a table, written [app]`],
  ["app = [1]", `Cannot use hubbub.toml's app: expected a table, written [app]`],
])("readConfig() refuses %p in hubbub.toml", (file, message) => {
  expect(() => readConfig({ file })).toThrow(fault("CONFIG_VALUE", message));
});

test("readConfig() refuses an unknown variable and lists the known ones", () => {
  const known = settingNames.map(variableName).join(", ");
  expect(() => readConfig({ environment: { HUBBUB_PRT: "1" } })).toThrow(
    fault("CONFIG_VALUE", `Cannot use HUBBUB_PRT: it is no setting, expected one of ${known}`),
  );
});

test.each(["0123456789abcde", "a b c d e f g h i j", "@", `${"x".repeat(20)}=x`, "x".repeat(513)])(
  "readConfig() refuses the token %p without showing it",
  (value) => {
    const wanted = "expected at least 16 letters, digits and -._~+/, or @FILE for a file that holds them";
    expect(() => readConfig({ flags: { "admin-token": value } })).toThrow(
      fault("FLAG_VALUE", `Cannot use --admin-token: ${wanted}`),
    );
    expect(() => readConfig({ environment: { HUBBUB_ADMIN_TOKEN: value } })).toThrow(
      fault("CONFIG_VALUE", `Cannot use HUBBUB_ADMIN_TOKEN: ${wanted}`),
    );
  },
);

test("readConfig() refuses an unknown key of hubbub.toml and lists the known ones", () => {
  expect(() => readConfig({ file: "maxMessage = 1" })).toThrow(
    fault(
      "CONFIG_VALUE",
      `Cannot use hubbub.toml's maxMessage: it is no setting, expected one of ${settingNames.join(", ")}, app`,
    ),
  );
});

test.each(["port = ", "port 80", 'host = "a', "port = 1\nport = 2"])(
  "readConfig() refuses %p, which is not TOML",
  (file) => {
    const message = expect.stringMatching(/^Cannot read "hubbub\.toml": .+, expected TOML$/);
    expect(() => readConfig({ file })).toThrow(expect.objectContaining({ code: "CONFIG_FILE", message }));
  },
);

test("variableName() gives the variable of a setting", () => {
  expect(variableName("max-message")).toBe("HUBBUB_MAX_MESSAGE");
});

test("describeSetting() has a sentence, a placeholder and a default for each setting", () => {
  for (const name of settingNames) {
    const { description, placeholder, defaultText } = describeSetting(name);
    expect(description).toMatch(/^\w.+[^.]$/);
    expect(placeholder).toMatch(isSwitch(name) ? /^$/ : /^[A-Z]+$/);
    expect(defaultText).not.toBe("");
  }
  expect(describeSetting("max-message").defaultText).toBe("1MiB");
  expect(describeSetting("origins").defaultText).toBe("none");
  expect(describeSetting("timeout").defaultText).toBe("5m");
});

test("describeSetting() gives a default that the setting itself accepts", () => {
  for (const name of settingNames) {
    const { defaultText } = describeSetting(name);
    if (defaultText !== "none") expect(() => readConfig({ flags: { [name]: defaultText } })).not.toThrow();
  }
});

test("isSwitch() is true for the settings whose flag takes no value", () => {
  expect(settingNames.filter(isSwitch)).toEqual(["compress", "watch", "live-pages"]);
});

test("isList() is true for the settings whose flag may be given several times", () => {
  expect(settingNames.filter(isList)).toEqual(["origins", "trust-proxy", "metrics-from"]);
});
