import { afterEach, expect, setSystemTime, test } from "bun:test";
import { connectRaw, handshake } from "../support/raw.ts";
import { startServer } from "../support/server.ts";
import { type TestSession, waitFor } from "../support/session.ts";
import { authorize, createSigner, inSeconds, startKeyServer, toProtocol } from "../support/tokens.ts";

const { sign, options } = await createSigner("HS256");
const other = await createSigner("HS256");

/** Answers each message with whether it was taken as a newer token, and with the user that the event has then. */
const controller = (given: object, note = "") => `
// ${note}
import { close, send, sendToGroup, addToGroup } from "hubbub";
import { jwt, refresh } from "hubbub/auth";
const auth = jwt(${JSON.stringify(given)});
export const get = auth(({ webSocket, user }) => (webSocket ? { webSocket: { subProtocols: ["chat"] } } : { body: user }));
export const webSocketEvent = async (event) => {
  const { id } = event.session;
  if (event.type === "open") {
    addToGroup("witnesses", id);
    send(id, { type: "open", user: event.session.user });
  }
  if (event.type === "close") sendToGroup("witnesses", { type: "close", user: event.session.user, code: event.closeReason });
  if (event.type === "message") {
    const isTaken = await refresh(id, event.message);
    send(id, { type: "message", isTaken, user: event.session.user });
  }
};
`;

const chat = { "chat.ts": controller({ ...options, issuer: ["a", "b"], clockTolerance: 0, cookie: "token" }) };

const claim = (name: string, seconds: number, more: object = {}) => ({
  iss: "a",
  sub: "ada",
  name,
  exp: inSeconds(seconds),
  ...more,
});

const pass = (seconds: number) => setSystemTime(new Date(Date.now() + seconds * 1000));

afterEach(() => void setSystemTime());

async function tryRefresh(session: TestSession, token: string): Promise<unknown> {
  session.send(token);
  return session.nextJson();
}

test.each<
  [what: string, (token: string) => { headers?: Record<string, string>; subProtocols?: string[] }, protocol: string]
>([
  ["the Authorization header", (token) => ({ headers: authorize(token) }), ""],
  ["a cookie", (token) => ({ headers: { Cookie: `token=${token}` } }), ""],
  [
    "a sub-protocol beside one of the controller's",
    (token) => ({ subProtocols: [toProtocol(token), "x", "chat"] }),
    "chat",
  ],
  ["a sub-protocol beside bearer", (token) => ({ subProtocols: ["bearer", toProtocol(token)] }), "bearer"],
])("a session's events have the user of a token that came in %s", async (_what, by, protocol) => {
  await using server = await startServer(chat);
  const claims = claim("Ada", 3600);
  using witness = await server.open("/chat", { headers: authorize(await sign(claim("Witness", 3600))) });
  await witness.next();
  using session = await server.open("/chat", by(await sign(claims)));
  expect(session.subProtocol).toBe(protocol);
  expect(await session.nextJson()).toEqual({ type: "open", user: claims });
  session.send("no token");
  expect(await session.nextJson()).toEqual({ type: "message", isTaken: false, user: claims });
  session.close(1000);
  expect(await witness.nextJson()).toEqual({ type: "close", user: claims, code: 1000 });
});

test("a token alone as sub-protocol is not echoed in the handshake", async () => {
  await using server = await startServer(chat);
  const protocol = toProtocol(await sign(claim("Ada", 3600)));
  using raw = await connectRaw(server.url("/chat"), handshake("/chat", { "Sec-WebSocket-Protocol": protocol }));
  await waitFor(() => raw.received().includes('"type":"open"'), "open event");
  const answer = raw.received().toString("latin1");
  expect(answer).toStartWith("HTTP/1.1 101 ");
  expect(answer.toLowerCase()).not.toContain("sec-websocket-protocol");
  expect(answer).not.toContain(protocol);
});

test("an upgrade without a valid token is answered with 401, and counted", async () => {
  await using server = await startServer(chat);
  const wrong = [undefined, "wrong", await other.sign(claim("Eve", 3600)), await sign(claim("Ada", -1))];
  for (const token of wrong) {
    const headers = token === undefined ? {} : authorize(token);
    using raw = await connectRaw(server.url("/chat"), handshake("/chat", headers));
    await waitFor(() => raw.received().includes("\r\n\r\n"), "answer");
    expect(raw.received().toString()).toStartWith("HTTP/1.1 401 ");
    expect(raw.received().toString()).toContain("WWW-Authenticate: Bearer");
  }
  expect(server.app.metrics.tokensRefused).toBe(wrong.length);
  expect(server.app.sessionCount).toBe(0);
});

test("a session is closed with 4401 when its token expires, and its controller hears it", async () => {
  await using server = await startServer(chat);
  using witness = await server.open("/chat", { headers: authorize(await sign(claim("Witness", 3600))) });
  await witness.next();
  using session = await server.open("/chat", { headers: authorize(await sign(claim("Ada", 1800))) });
  await session.next();
  pass(1799);
  expect(await tryRefresh(session, "wrong")).toMatchObject({ isTaken: false });
  pass(1);
  expect(await session.closed).toEqual({ code: 4401, reason: "token expired" });
  expect(await witness.nextJson()).toMatchObject({ type: "close", code: 4401, user: { name: "Ada" } });
  expect(server.app.metrics.sessionsClosed.get(4401)).toBe(1);
  expect(server.app.sessionCount).toBe(1);
});

test("a session whose token has no end is not closed", async () => {
  await using server = await startServer(chat);
  using session = await server.open("/chat", { headers: authorize(await sign(claim("Ada", 0, { exp: undefined }))) });
  using short = await server.open("/chat", { headers: authorize(await sign(claim("Bob", 60))) });
  pass(365 * 86_400);
  expect(await short.closed).toMatchObject({ code: 4401 });
  expect(session.socket.readyState).toBe(WebSocket.OPEN);
});

test("a session lasts as long as its token and the tolerance", async () => {
  await using server = await startServer({ "chat.ts": controller({ ...options, clockTolerance: 60 }) });
  using session = await server.open("/chat", { headers: authorize(await sign(claim("Ada", 100))) });
  using longer = await server.open("/chat", { headers: authorize(await sign(claim("Bob", 101))) });
  pass(160);
  expect(await session.closed).toMatchObject({ code: 4401 });
  expect(longer.socket.readyState).toBe(WebSocket.OPEN);
});

test("refresh() gives a session the user and the end of a newer token", async () => {
  await using server = await startServer(chat);
  using session = await server.open("/chat", { headers: authorize(await sign(claim("Ada", 60))) });
  await session.next();
  const next = claim("Countess", 120);
  expect(await tryRefresh(session, await sign(next))).toEqual({ type: "message", isTaken: true, user: next });
  pass(90);
  expect(await tryRefresh(session, "wrong")).toEqual({ type: "message", isTaken: false, user: next });
  const last = claim("Ada again", 3600);
  expect(await tryRefresh(session, await sign(last))).toMatchObject({ isTaken: true, user: last });
  pass(3600);
  expect(await session.closed).toEqual({ code: 4401, reason: "token expired" });
});

test.each<[what: string, token: () => Promise<string>]>([
  ["that is none", async () => "wrong"],
  ["with another's signature", () => other.sign(claim("Eve", 3600))],
  ["of another subject", () => sign(claim("Eve", 3600, { sub: "eve" }))],
  ["without a subject", () => sign(claim("Eve", 3600, { sub: undefined }))],
  ["of another issuer that is believed as well", () => sign(claim("Ada", 3600, { iss: "b" }))],
  ["of another issuer", () => sign(claim("Ada", 3600, { iss: "c" }))],
  ["that has expired", () => sign(claim("Ada", -1))],
  ["that expires sooner", () => sign(claim("Ada", 59))],
  ["that is not valid yet", () => sign(claim("Ada", 3600, { nbf: inSeconds(60) }))],
])("refresh() refuses a token %s, and the session keeps its end", async (_what, token) => {
  await using server = await startServer(chat);
  const claims = claim("Ada", 60);
  using session = await server.open("/chat", { headers: authorize(await sign(claims)) });
  await session.next();
  expect(await tryRefresh(session, await token())).toEqual({ type: "message", isTaken: false, user: claims });
  expect(server.app.metrics.tokensRefused).toBe(1);
  pass(60);
  expect(await session.closed).toEqual({ code: 4401, reason: "token expired" });
});

test("refresh() refuses any token for a session whose first one had no subject", async () => {
  await using server = await startServer(chat);
  using session = await server.open("/chat", { headers: authorize(await sign(claim("Ada", 60, { sub: undefined }))) });
  await session.next();
  for (const sub of [undefined, "ada"]) {
    expect(await tryRefresh(session, await sign(claim("Ada", 120, { sub })))).toMatchObject({ isTaken: false });
  }
});

test("refresh() takes the same token twice", async () => {
  await using server = await startServer(chat);
  const token = await sign(claim("Ada", 60));
  using session = await server.open("/chat", { headers: authorize(token) });
  await session.next();
  expect(await tryRefresh(session, token)).toMatchObject({ isTaken: true });
});

test("refresh() is false for sessions that are not there, that have ended, or that came without a token", async () => {
  await using server = await startServer({
    "chat.ts": `
      import { addToGroup, send } from "hubbub";
      import { jwt, refresh } from "hubbub/auth";
      const auth = jwt(${JSON.stringify(options)});
      export const get = auth.optional(() => ({ webSocket: {} }));
      export const webSocketEvent = async (event) => {
        const { id, user } = event.session;
        const token = String(event.message);
        if (event.type === "open") send(id, { hasUser: "user" in event.session });
        if (event.type === "message") send(id, [await refresh(id, token), await refresh("x", token), await refresh(undefined, token), await refresh(id, 7)]);
      };
    `,
  });
  using session = await server.open("/chat");
  expect(await session.nextJson()).toEqual({ hasUser: false });
  expect(await tryRefresh(session, await sign())).toEqual([false, false, false, false]);
  expect(session.socket.readyState).toBe(WebSocket.OPEN);
});

test("a live edit keeps the user and the end of a session, which the new code refreshes", async () => {
  await using server = await startServer(chat, { watch: "false" });
  const claims = claim("Ada", 60);
  using session = await server.open("/chat", { headers: authorize(await sign(claims)) });
  await session.next();
  server.folder.write({ "chat.ts": chat["chat.ts"].replace('type: "message",', 'type: "message", edited: true,') });
  await server.app.reload();
  expect(await tryRefresh(session, "wrong")).toEqual({ type: "message", edited: true, isTaken: false, user: claims });
  const next = claim("Countess", 120);
  expect(await tryRefresh(session, await sign(next))).toMatchObject({ edited: true, isTaken: true, user: next });
  server.folder.write(chat);
  await server.app.reload();
  pass(120);
  expect(await session.closed).toEqual({ code: 4401, reason: "token expired" });
});

test("refresh() believes what the controllers believe now: a key that was replaced is worth nothing", async () => {
  await using server = await startServer(chat, { watch: "false" });
  using session = await server.open("/chat", { headers: authorize(await sign(claim("Ada", 60))) });
  await session.next();
  server.folder.write({ "chat.ts": controller({ ...other.options, issuer: "a", clockTolerance: 0 }) });
  await server.app.reload();
  expect(await tryRefresh(session, await sign(claim("Ada", 120)))).toMatchObject({ isTaken: false });
  expect(await tryRefresh(session, await other.sign(claim("Ada", 120)))).toMatchObject({ isTaken: false });
  using next = await server.open("/chat", { headers: authorize(await other.sign(claim("Ada", 60))) });
  await next.next();
  expect(await tryRefresh(next, await other.sign(claim("Ada", 120)))).toMatchObject({ isTaken: true });
  pass(60);
  expect(await session.closed).toMatchObject({ code: 4401 });
});

test("refresh() checks with the guard of the session, not with that of another controller", async () => {
  const schema = `import * as v from "valibot"; const schema = v.pipe(v.object({}), v.transform(() => "the other's"));`;
  const twin = controller({ ...options, issuer: ["a", "b"], clockTolerance: 0, cookie: "token" });
  const files = {
    ...chat,
    "other-key.ts": controller({ ...other.options, issuer: "a", clockTolerance: 0 }),
    "other-schema.ts": schema + twin.replace("jwt({", "jwt({ schema, "),
  };
  await using server = await startServer(files, { watch: "false" });
  using session = await server.open("/chat", { headers: authorize(await sign(claim("Ada", 60))) });
  await session.next();
  using twinSession = await server.open("/other-schema", { headers: authorize(await sign(claim("Ada", 60))) });
  expect(await twinSession.nextJson()).toEqual({ type: "open", user: "the other's" });
  for (const _ of ["before an edit", "after it"]) {
    expect(await tryRefresh(session, await other.sign(claim("Ada", 120)))).toMatchObject({ isTaken: false });
    const next = claim("Ada", 120);
    expect(await tryRefresh(session, await sign(next))).toMatchObject({ isTaken: true, user: next });
    expect(await tryRefresh(twinSession, await sign(next))).toMatchObject({ isTaken: true, user: "the other's" });
    await server.app.reload();
  }
});

test("refresh() is false while the keys cannot be fetched, and the session goes on until its token expires", async () => {
  const signer = await createSigner("ES256", "one");
  using keys = startKeyServer([signer.jwk]);
  await using server = await startServer({ "chat.ts": controller({ jwks: keys.url, clockTolerance: 0 }) });
  using session = await server.open("/chat", { headers: authorize(await signer.sign(claim("Ada", 9000))) });
  await session.next();
  keys.answer = () => new Response("", { status: 500 });
  pass(8000);
  expect(await tryRefresh(session, await signer.sign(claim("Ada", 9000)))).toMatchObject({ isTaken: false });
  keys.answer = undefined;
  pass(2);
  expect(await tryRefresh(session, await signer.sign(claim("Ada", 9000)))).toMatchObject({ isTaken: true });
});

test("a guarded method runs in its generation: what it starts ends with it", async () => {
  const timer = (text: string) => `
    import { jwt } from "hubbub/auth";
    const auth = jwt(${JSON.stringify(options)});
    export const get = auth(async () => {
      globalThis.guardedTicks ??= [];
      setInterval(() => globalThis.guardedTicks.push("${text}"), 1);
      return { body: "" };
    });
    export const put = () => ({ body: globalThis.guardedTicks?.splice(0) ?? [] });
  `;
  await using server = await startServer({ "timer.ts": timer("one") }, { watch: "false" });
  expect((await server.fetch("/timer", { headers: authorize(await sign()) })).status).toBe(200);
  const ticks = async () => (await (await server.fetch("/timer", { method: "PUT" })).json()) as string[];
  await waitFor(async () => (await ticks()).length > 0, "tick");
  server.folder.write({ "timer.ts": timer("two") });
  await server.app.reload();
  expect((await server.fetch("/timer", { headers: authorize(await sign()) })).status).toBe(200);
  let seen: string[] = [];
  await waitFor(async () => {
    seen = await ticks();
    return seen.length > 0 && !seen.includes("one");
  }, "end of the first generation's ticks");
  await waitFor(async () => seen.push(...(await ticks())) > 50, "ticks of the second generation");
  expect(new Set(seen)).toEqual(new Set(["two"]));
});
