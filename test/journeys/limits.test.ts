import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type SettingName, settingSections } from "../../src/core/settings.ts";
import { exchange } from "../support/exchange.ts";
import { connectRaw, formatFrame, handshake, openRaw, parseClose, parseStatuses } from "../support/raw.ts";
import { root, startServer, type TestServer } from "../support/server.ts";
import { waitFor } from "../support/session.ts";

const controllers = {
  "a.js": `
import { addToGroup, send } from "hubbub";
export const get = ({ webSocket }) => (webSocket ? { webSocket: {} } : { body: "a" });
export const post = ({ body }) => ({ body });
export const webSocketEvent = async ({ type, session, message, closeReason }) => {
  if (type === "close") closes.push(closeReason);
  if (type !== "message") return;
  if (message === "group") try { addToGroup("one", session.id); addToGroup("two", session.id); } catch ({ code }) { send(session.id, code); }
  if (message === "wait") await new Promise((resolve) => { waiting.push(resolve); });
  if (message === "flood") for (let i = 0; i < 400; i += 1) send(session.id, new Uint8Array(65_536));
};
const closes = [];
const waiting = [];
export const put = () => { for (const resolve of waiting) resolve(); return { body: { closes, waited: waiting.length } }; };
`,
};

/** What a client sees of the limit of a setting when it passes it, in the words of `docs/operating.md`. */
type Scenario = { flags: Record<string, string>; see: (server: TestServer) => Promise<string> };

const answerOf = async (server: TestServer, request: string): Promise<string> => {
  const { statuses, text } = await exchange(server.url("/"), request);
  return `${statuses[0]}${/^retry-after: \d+/im.test(text) ? " with `Retry-After`" : ""}`;
};

const upgradeOf = (server: TestServer, headers: Record<string, string> = {}) =>
  answerOf(server, handshake("/a", headers));

/** The close code that a session sees which sends these frames. */
async function closeCodeOf(server: TestServer, bytes: Uint8Array): Promise<string> {
  using session = await openRaw(server.url("/a"));
  session.socket.write(bytes);
  await waitFor(() => session.ended(), "end of the session");
  return `close code ${parseClose(session.received())?.code}`;
}

const scenarios: Partial<Record<SettingName, Scenario>> = {
  "max-sessions": {
    flags: { "max-sessions": "1" },
    async see(server) {
      using _session = await server.open("/a");
      return await upgradeOf(server);
    },
  },
  "max-sessions-per-address": {
    flags: { "max-sessions-per-address": "1", "trust-proxy": "loopback" },
    async see(server) {
      const headers = { "X-Forwarded-For": "203.0.113.1" };
      using _session = await server.open("/a", { headers });
      return await upgradeOf(server, headers);
    },
  },
  "max-upgrades": {
    flags: { "max-upgrades": "1" },
    async see(server) {
      using _session = await server.open("/a");
      return await upgradeOf(server);
    },
  },
  "max-message-rate": {
    flags: { "max-message-rate": "1" },
    see: (server) => closeCodeOf(server, Buffer.concat(Array.from({ length: 12 }, () => formatFrame(1, "x")))),
  },
  "max-byte-rate": {
    flags: { "max-byte-rate": "1KiB" },
    see: (server) => closeCodeOf(server, formatFrame(1, "x".repeat(11 * 1024))),
  },
  "max-message": {
    flags: { "max-message": "1KiB" },
    async see(server) {
      const body = await server.fetch("/a", { method: "POST", body: "x".repeat(1025) });
      return `${await closeCodeOf(server, formatFrame(1, "x".repeat(1025)))}; for an HTTP body ${body.status}`;
    },
  },
  "max-headers": {
    flags: { "max-headers": "1KiB" },
    see: (server) => answerOf(server, `GET /a HTTP/1.1\r\nHost: localhost\r\nX-A: ${"x".repeat(1024)}\r\n\r\n`),
  },
  "http-timeout": {
    flags: { "http-timeout": "1" },
    async see(server) {
      const head = "POST /a HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\nContent-Length: 9\r\n\r\n";
      using raw = await connectRaw(server.url("/"), head);
      await waitFor(() => raw.ended(), "end of the connection");
      return `${parseStatuses(raw.received())[0]} for a body`;
    },
  },
  "max-groups": {
    flags: { "max-groups": "1" },
    async see(server) {
      using session = await server.open("/a");
      session.send("group");
      return String(await session.next());
    },
  },
  "max-backlog": {
    flags: { "max-backlog": "64KiB" },
    async see(server) {
      using session = await openRaw(server.url("/a"));
      session.socket.pause();
      session.socket.write(formatFrame(1, "flood"));
      const read = async () => (await (await server.fetch("/a", { method: "PUT" })).json()) as { closes: number[] };
      await waitFor(async () => (await read()).closes.length > 0, "close event");
      return `hears \`close\` with ${(await read()).closes[0]}`;
    },
  },
};

const page = readFileSync(join(root, "docs/operating.md"), "utf8");
const rows = [...page.matchAll(/^\| ((?:`--[\w-]+`(?:, )?)+) +\| (.+?) +\|$/gm)].flatMap(([, flags = "", text = ""]) =>
  [...flags.matchAll(/--([\w-]+)/g)].map(([, name = ""]) => [name, text] as const),
);

test("docs/operating.md says of every limit what happens to who passes it", () => {
  const limits = settingSections.find(({ section }) => section === "Limits")?.names ?? [];
  expect(rows.map(([name]) => name).sort()).toEqual([...limits, "max-groups"].sort());
});

test.each(Object.entries(scenarios))(
  "docs/operating.md says what a client sees of --%s",
  async (name, { flags, see }) => {
    await using server = await startServer(controllers, flags);
    expect(rows.find(([each]) => each === name)?.[1]).toContain(await see(server));
  },
);

test("docs/operating.md says that a full inbox of --max-inbox loses nothing", async () => {
  expect(rows.find(([name]) => name === "max-inbox")?.[1]).toEndWith("nothing is lost");
  await using server = await startServer(controllers, { "max-inbox": "2" });
  using session = await server.open("/a");
  for (let sent = 0; sent < 50; sent += 1) session.send("wait");
  await waitFor(async () => {
    const { waited } = (await (await server.fetch("/a", { method: "PUT" })).json()) as { waited: number };
    return waited === 50;
  }, "all messages");
});
