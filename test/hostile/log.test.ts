import { beforeAll, expect, test } from "bun:test";
import { buildOnce, startBinary, type TestProcess } from "../support/binary.ts";
import { createFolder } from "../support/folder.ts";
import { exchange } from "../support/exchange.ts";
import { formatClose, formatFrame, handshake, openRaw } from "../support/raw.ts";
import { waitFor } from "../support/session.ts";
import { authorize, signWith } from "../support/tokens.ts";

/** A controller that logs and throws what its clients send. */
const careless = `
import { log } from "hubbub";
export const get = ({ webSocket, params }) => {
  if (params.fail) throw new Error(params.fail);
  return webSocket ? { webSocket: {} } : { body: "x" };
};
export const post = ({ body }) => { log.warning("got %s", body); return { status: 204 }; };
export const webSocketEvent = ({ type, message, reason, closeReason }) => {
  if (type === "message") { log.info(message); throw new Error(message); }
  if (type === "close") log.info("closed %d %s", closeReason, reason);
};
`;

/** A line that looks like one of the server's own, behind each way to begin one. */
const forged = "12:00:00.000   info hubbub FORGED";
const evil = `a\u001b[2J\u001b]0;title\u0007b\u009b31m\r${forged}\n${forged}\r\n${forged}\u2028${forged}\u0085${forged}\u202egnp.exe\u2066\u007f`;

beforeAll(buildOnce, 60_000);

/** Puts `evil` into every place from which a client's data reaches the log. */
async function attackLog(server: TestProcess): Promise<void> {
  const escaped = encodeURIComponent(evil);
  const at = `/careless/${escaped}`;
  expect((await server.fetch(`${at}?fail=${escaped}`)).status).toBe(500);
  expect(
    (await server.fetch(at, { method: "POST", headers: { "Content-Type": "text/plain" }, body: evil })).status,
  ).toBe(204);
  const origin = `http://${Buffer.from(evil)
    .toString("latin1")
    .replaceAll(/[\r\n\0]/g, "")}`;
  const refused = await exchange(server.origin, Buffer.from(handshake(at, { Origin: origin }), "latin1"));
  expect([400, 403]).toContain(refused.statuses[0] ?? 0);
  expect((await exchange(server.origin, handshake(at, { Origin: "http://evil.example" }))).statuses).toEqual([403]);
  using throwing = await openRaw(`${server.origin}${at}`);
  throwing.socket.write(formatFrame(1, evil));
  await waitFor(() => throwing.ended(), "end of the session that throws");
  using leaving = await openRaw(`${server.origin}${at}`);
  leaving.socket.write(formatClose(4001, evil.slice(0, 60)));
  await waitFor(() => leaving.ended(), "end of the session that leaves");
  await waitFor(() => server.printed().includes("closed 4001"), "line of the last event");
}

for (const format of ["pretty", "json"]) {
  test(`a ${format} log has no control character of a client, and no line that a client forged`, async () => {
    using folder = createFolder({ "careless/[name].js": careless });
    await using server = await startBinary([".", "--log-format", format, "--log-level", "debug"], { cwd: folder.path });
    await attackLog(server);
    const printed = server.printed();
    expect(printed).toContain("FORGED");
    // Of the controls there are line feeds, which begin a line of the log's own; nothing is drawn backwards.
    expect(printed.replaceAll("\n", "")).not.toMatch(/[\p{Cc}\p{Bidi_Control}\u2028\u2029]/u);
    for (const line of printed.trimEnd().split("\n")) {
      if (format === "json") expect(JSON.parse(line)).toHaveProperty("logger");
      else expect(line).toMatch(/^(  |\d\d:\d\d:\d\d\.\d{3} (debug|info|warning|error) +\S)/);
      if (format === "pretty") expect(line).not.toStartWith(forged);
    }
  });
}

/** One value for each place where a client keeps a secret; the log may have none of them. */
const secrets = {
  query: "secret-in-the-query",
  cookie: "secret-in-a-cookie",
  authorization: "secret-in-authorization",
  protocol: "secret-in-the-sub-protocol",
  origin: "secret-in-the-origin",
  referer: "secret-in-the-referer",
  token: "secret.in.a-token",
  protocolToken: Buffer.from("secret.in.a-token").toString("base64url"),
  key: "secret-of-the-server-that-signs-its-tokens",
};

const secretHeaders = {
  Cookie: `id=${secrets.cookie}`,
  Authorization: `Bearer ${secrets.authorization}`,
  Referer: `http://localhost/?token=${secrets.referer}`,
};

const failing = `
import { close } from "hubbub";
export const get = ({ webSocket, params }) => {
  if (params.fail) throw new Error("as asked");
  return webSocket ? { webSocket: { subProtocols: ["text"], timeout: params.idle ? 1 : 0 } } : { body: "x" };
};
export const post = async ({ raw }) => ({ body: await raw.text() });
export const webSocketEvent = async ({ type, session, message }) => {
  if (type !== "message") return;
  if (message === "close") close(session.id, 4001, "as asked");
  else if (message === "later") setTimeout(() => { throw new Error("as asked, later"); });
  else throw new Error("as asked");
};
`;

/** A controller that looks at tokens, and fails for those who have a right one. */
const guarded = `
import { jwt } from "hubbub/auth";
const auth = jwt({ secret: "${secrets.key}", cookie: "key" });
export const get = auth(({ user }) => { throw new Error("as asked by " + user.sub); });
`;

test("a log has no token, cookie or query string of a client, whatever happens to it", async () => {
  using folder = createFolder({ "failing.js": failing, "guarded.js": guarded });
  const flags = ["--max-message", "1KiB", "--max-message-rate", "1", "--max-sessions", "3", "--drain", "0"];
  const args = [".", "--log-level", "debug", "--ping", "0", ...flags];
  await using server = await startBinary(args, { cwd: folder.path });
  const query = `token=${secrets.query}`;
  const sessionHeaders = { ...secretHeaders, "Sec-WebSocket-Protocol": `text, bearer.${secrets.protocol}` };
  const at = `/failing?${query}`;
  const request = async (path: string, init: RequestInit = {}) =>
    (await server.fetch(path, { ...init, headers: secretHeaders })).status;
  const upgrade = async (headers: Record<string, string>) =>
    (await exchange(server.origin, handshake(at, { ...sessionHeaders, ...headers }))).statuses[0];

  expect(await request(at)).toBe(200);
  expect(await request(`${at}&fail=1`)).toBe(500);
  expect(await request(at, { method: "PUT" })).toBe(405);
  expect(await request(`/nothing?${query}`)).toBe(404);
  expect(await request(at, { method: "POST", body: "x".repeat(2000) })).toBe(413);
  expect(await upgrade({ Origin: `http://user:${secrets.origin}@evil.example/?${secrets.origin}` })).toBe(403);
  expect(await upgrade({ "Sec-WebSocket-Version": "12" })).toBe(426);
  expect(await upgrade({ Host: "a b" })).toBe(400);

  for (const headers of [
    { Authorization: `Bearer ${secrets.token}` },
    { Cookie: `key=${secrets.token}` },
    { "Sec-WebSocket-Protocol": `text, bearer.${secrets.protocolToken}` },
  ]) {
    expect((await exchange(server.origin, handshake(`/guarded?${query}`, headers))).statuses).toEqual([401]);
  }
  const valid = await signWith(new TextEncoder().encode(secrets.key), { alg: "HS256" })();
  for (const headers of [authorize(valid), { Cookie: `key=${valid}` }]) {
    expect((await server.fetch(`/guarded?${query}`, { headers })).status).toBe(500);
  }

  const open = (more = "") => openRaw(server.origin + at + more, sessionHeaders);
  using idle = await open("&idle=1");
  await waitFor(() => idle.ended(), "end of the idle session");
  for (const [what, frames] of [
    ["a throw", formatFrame(1, "throw")],
    ["a close", formatFrame(1, "close")],
    ["a fault of the protocol", formatFrame(3, "")],
    ["too large a message", formatFrame(1, "x".repeat(2000))],
    ["a flood", Buffer.concat(Array.from({ length: 50 }, () => formatFrame(1, "later")))],
  ] as const) {
    using session = await open();
    session.socket.write(frames);
    await waitFor(() => session.ended(), `end after ${what}`);
  }
  using leaving = await open();
  leaving.reset();
  await server.logged("Session ended with 1006");
  using one = await open();
  using two = await open();
  using three = await open();
  expect(await upgrade({})).toBe(503);
  folder.write({ "failing.js": "export const get = (;" });
  await server.logged('Cannot load controller "failing.js"');
  server.signal("SIGTERM");
  expect(await server.exited).toBe(0);
  await waitFor(() => [one, two, three].every((session) => session.ended()), "end of the last sessions");

  const printed = server.printed();
  for (const text of ["as asked, later", "is not allowed", "as many as --max-sessions", "more than it may", "1009"])
    expect(printed).toContain(text);
  expect(printed).toContain("as asked by ada");
  for (const secret of [...Object.values(secrets), valid]) expect(printed).not.toContain(secret);
  expect(printed).not.toContain("token=");
});
