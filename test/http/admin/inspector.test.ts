import { expect, test } from "bun:test";
import { Streams, MAX_STREAMS } from "../../../src/http/admin/inspector/streams.ts";
import { openFacts } from "../../support/facts.ts";
import { startServer, type TestServer } from "../../support/server.ts";
import { waitFor } from "../../support/session.ts";

const token = "0123456789abcdef";

const talk = `import { addToGroup, close, removeFromGroup, send, sendToGroup } from "hubbub";
export const get = () => ({ webSocket: {} });
export function webSocketEvent({ type, session, message }) {
  if (type !== "message") return;
  const [what, group, text] = message.split(" ");
  if (what === "join") addToGroup(group, session.id);
  if (what === "leave") removeFromGroup(group, session.id);
  if (what === "say") sendToGroup(group, text);
  if (what === "others") sendToGroup(group, text, { except: session.id });
  if (what === "fail") throw new Error("as asked");
  send(session.id, "done");
}
`;

const start = () => startServer({ "talk.js": talk, "room/[id].js": talk }, { "admin-token": token });

const follow = (server: TestServer, query: Record<string, string> = {}) => openFacts(server.fetch, token, query);

const ask = (server: TestServer, path: string, init: RequestInit = {}) =>
  server.fetch(path, { ...init, headers: { Authorization: `Bearer ${token}`, ...(init.headers as object) } });

/** A session that counts what it gets. */
async function openCounted(server: TestServer, path = "/talk") {
  const session = await server.open(path);
  const got = { messages: 0, size: 0, sent: 0, sentSize: 0 };
  /** Says it, and takes what comes until that is done. */
  const say = async (text: string) => {
    session.send(text);
    got.sent += 1;
    got.sentSize += text.length;
    for (;;) if ((await take()) === "done") return;
  };
  const take = async () => {
    const message = String(await session.next());
    got.messages += 1;
    got.size += message.length;
    return message;
  };
  return { session, got, say, take, [Symbol.dispose]: () => session[Symbol.dispose]() };
}

test("the inspector knows what each session received and was sent, also through groups that it was in for a while", async () => {
  await using server = await start();
  using ada = await openCounted(server);
  using bob = await openCounted(server, "/room/7");
  await ada.say("join chat");
  await ada.say("say chat alone");
  await bob.say("join chat");
  await bob.say("join news");
  await ada.say("say chat one");
  await ada.say("others chat two");
  await ada.say("say news three");
  await bob.say("leave chat");
  await ada.say("say chat four");
  await bob.say("say news five");
  await using facts = await follow(server, { view: "sessions", sort: "opened" });
  const { sessions } = await facts.next();
  expect(sessions).toMatchObject({
    total: 2,
    rows: [
      { path: "/talk", controller: "/talk", groupCount: 1, backlogBytes: 0, address: "127.0.0.1" },
      { path: "/room/7", controller: "/room/:id", groupCount: 1 },
    ],
  });
  for (const [index, { got }] of [ada, bob].entries()) {
    expect(sessions?.rows[index]).toMatchObject({
      messagesReceived: got.sent,
      sizeReceived: got.sentSize,
      messagesSent: got.messages,
      sizeSent: got.size,
    });
  }
  expect(Date.now() - Date.parse(sessions?.rows[0]?.openedAt ?? "")).toBeLessThan(60_000);
});

test("the inspector sorts, filters and pages sessions", async () => {
  await using server = await start();
  const opened = await Promise.all(Array.from({ length: 9 }, (_, index) => openCounted(server, `/room/${index}`)));
  using late = await openCounted(server);
  for (const count of [1, 2, 3]) for (const each of opened.slice(0, count)) await each.say("join a");
  await late.say("join Big");
  const paths = async (query: Record<string, string>) => {
    await using facts = await follow(server, { view: "sessions", ...query });
    const { sessions } = await facts.next();
    return [sessions?.total, sessions?.rows.map(({ path }) => path)];
  };
  expect(await paths({ limit: "1" })).toEqual([10, ["/talk"]]);
  expect(await paths({ sort: "-received", limit: "2" })).toEqual([10, ["/room/0", "/room/1"]]);
  expect(await paths({ sort: "-path", offset: "1", limit: "2" })).toEqual([10, ["/room/8", "/room/7"]]);
  expect(await paths({ group: "a", sort: "path" })).toEqual([3, ["/room/0", "/room/1", "/room/2"]]);
  expect(await paths({ controller: "/room/:id", sort: "-path", limit: "1" })).toEqual([9, ["/room/8"]]);
  expect(await paths({ text: "ROOM/3" })).toEqual([1, ["/room/3"]]);
  expect(await paths({ text: "(" })).toEqual([0, []]);
  for (const each of opened) each[Symbol.dispose]();
});

test("a path that is long is told of at length by its session alone", async () => {
  await using server = await start();
  const path = `/room/${"x".repeat(5000)}`;
  using session = await server.open(path);
  await using list = await follow(server, { view: "sessions" });
  const row = (await list.next()).sessions?.rows[0];
  expect(row?.path).toHaveLength(201);
  await using one = await follow(server, { session: row?.id ?? "" });
  expect((await one.next()).session).toMatchObject({ path });
  expect(session.socket.readyState).toBe(WebSocket.OPEN);
});

test("the inspector lists groups, and tells of one session and of one group as long as they are there", async () => {
  await using server = await start();
  using ada = await openCounted(server);
  using bob = await openCounted(server);
  for (const each of [ada, bob]) await each.say("join chat");
  await ada.say("join Ada's");
  await bob.say("say chat hello");
  await using list = await follow(server, { view: "groups" });
  expect((await list.next()).groups).toEqual({
    total: 2,
    rows: [
      { name: "chat", size: 2, messages: 1, messageSize: 5 },
      { name: "Ada's", size: 1, messages: 0, messageSize: 0 },
    ],
  });
  await using found = await follow(server, { view: "groups", text: "ADA", sort: "name" });
  expect((await found.next()).groups?.rows).toMatchObject([{ name: "Ada's" }]);
  await using sessions = await follow(server, { view: "sessions", sort: "opened" });
  const id = (await sessions.next()).sessions?.rows[0]?.id ?? "";
  await using one = await follow(server, { session: id, name: "chat" });
  expect(await one.next()).toMatchObject({
    session: { id, path: "/talk", groups: ["Ada's", "chat"], timeoutSeconds: 300 },
    group: { name: "chat", size: 2 },
  });
  for (const each of [ada, bob]) each[Symbol.dispose]();
  expect(await one.until(({ session }) => session === null)).toMatchObject({ group: null });
}, 30_000);

test("the inspector tells of controllers with their sessions, and of their faults with the code; once each", async () => {
  await using server = await start();
  using ada = await server.open("/talk");
  await using facts = await follow(server);
  const first = await facts.next();
  expect(first.controllers).toEqual([
    { path: "/room/:id", file: "room/[id].js", methods: ["GET", "HEAD"], webSocket: true, sessions: 0 },
    { path: "/talk", file: "talk.js", methods: ["GET", "HEAD"], webSocket: true, sessions: 1 },
  ]);
  expect(first).toMatchObject({ isAnew: true, faults: [], lastFault: "", health: { status: "ready", generation: 1 } });
  ada.send("fail");
  await ada.closed;
  const { faults, lines } = await facts.until((event) => event.faults !== undefined);
  expect(faults).toMatchObject([{ controller: "talk.js", place: { file: "talk.js", line: 10 }, count: 1 }]);
  expect(faults?.[0]?.frame?.find(({ number }) => number === 10)?.text).toContain('throw new Error("as asked")');
  expect(lines).toMatchObject([{ level: "error", text: expect.stringContaining("as asked") }]);
  const quiet = await facts.until((event) => event.lines?.length === 0);
  expect(quiet.faults).toBeUndefined();
  expect(quiet.isAnew).toBe(false);
}, 30_000);

test("POST reload loads the controllers again, and says why they do not serve", async () => {
  await using server = await start();
  const reload = async () => (await ask(server, "/-/inspector/reload", { method: "POST" })).json();
  expect(await reload()).toEqual({ generation: 2 });
  server.folder.write({ "talk.js": "export const get = (" });
  expect(await reload()).toEqual({ generation: 2, fault: expect.stringContaining('Cannot load controller "talk.js"') });
  await using facts = await follow(server);
  expect(await facts.next()).toMatchObject({ lastFault: expect.stringContaining("talk.js") });
});

test("a page that comes back is told what it lacks, and nothing twice", async () => {
  await using server = await start();
  await using one = await follow(server);
  const first = await one.until((event) => (event.series?.at.length ?? 0) > 0);
  const last = first.series?.at.at(-1) ?? 0;
  await using two = await follow(server, { cursor: first.cursor ?? "" });
  const { series, lines, isAnew } = await two.until((event) => (event.series?.at.length ?? 0) > 0);
  expect(isAnew).toBe(false);
  expect(series?.at[0]).toBe(last + 1);
  expect(lines).toEqual([]);
  await using other = await follow(server, { cursor: "99999999999 0a1b2c3d=12" });
  expect(await other.next()).toMatchObject({ isAnew: true, series: { sessions: expect.arrayContaining([0]) } });
}, 30_000);

test("the page, its script and its style come from this server, under a strict policy", async () => {
  await using server = await start();
  const page = await ask(server, "/-/");
  expect(page.headers.get("content-type")).toBe("text/html; charset=utf-8");
  expect(page.headers.get("content-security-policy")).toBe(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  );
  const html = await page.text();
  expect(html).not.toMatch(/<script(?![^>]*src=)|<style|\sstyle=|\son\w+=/);
  const loaded = [...html.matchAll(/(?:src|href)="([^#"]+)"/g)].map(([, path = ""]) => path);
  expect(new Set(loaded)).toEqual(
    new Set(["/-/inspector/icon.svg", "/-/inspector/style.css", "/-/inspector/script.js"]),
  );
  for (const path of loaded) {
    const file = await ask(server, path);
    expect([path, file.status]).toEqual([path, 200]);
    expect(await file.text()).not.toMatch(/https?:\/\/(?!www\.w3\.org)/);
    const again = await ask(server, path, { headers: { "If-None-Match": file.headers.get("etag") ?? "" } });
    expect(again.status).toBe(304);
  }
});

test.each(["/-/", "/-/inspector/live?view=overview", "/-/inspector/script.js", "/-/inspector/reload"])(
  "%s is for those who have access, and not for pages of other origins",
  async (path) => {
    await using server = await start();
    const method = path.endsWith("reload") ? "POST" : "GET";
    expect((await server.fetch(path, { method })).status).toBe(401);
    expect((await ask(server, path, { method, headers: { Origin: "http://evil.example" } })).status).toBe(403);
    await using off = await startServer({ "talk.js": talk });
    expect((await ask(off, path, { method })).status).toBe(404);
    expect(server.app.generationNumber).toBe(1);
  },
);

test.each([
  "",
  "view=nothing",
  "view=sessions&sort=id",
  "view=sessions&limit=201",
  "view=sessions&offset=-1",
  "view=sessions&offset=1.5",
  "view=groups&sort=opened",
  `view=log&cursor=${"x".repeat(10_001)}`,
])("the stream refuses to tell of %s", async (query) => {
  await using server = await start();
  const answer = await ask(server, `/-/inspector/live?${query}`);
  expect(answer.status).toBe(400);
  expect(await answer.json()).toEqual({ status: 400, message: "The inspector asks for something that there is not" });
});

test("so many inspectors may be open and no more, until one is closed", async () => {
  await using server = await start();
  await using open = new AsyncDisposableStack();
  for (let count = 0; count < MAX_STREAMS - 1; count += 1) open.use(await follow(server));
  const last = await follow(server);
  await last.next();
  expect((await ask(server, "/-/inspector/live?view=log")).status).toBe(503);
  expect((await ask(server, "/-/inspector/live?view=log", { method: "HEAD" })).status).toBe(503);
  await last[Symbol.asyncDispose]();
  await waitFor(async () => {
    const { status } = await ask(server, "/-/inspector/live?view=log", { method: "HEAD" });
    return status === 200;
  }, "room for another inspector");
}, 30_000);

test("a stream tells nothing to a page that does not listen, and ends with the server", async () => {
  const streams = new Streams();
  let told = 0;
  const reader = streams.open(async () => String((told += 1))).getReader();
  expect(await reader.read()).toEqual({ value: "data: 1\n\n", done: false });
  // One is ready to be taken, and no more than that.
  await waitFor(() => told === 2, "second event");
  expect(await reader.read()).toEqual({ value: "data: 2\n\n", done: false });
  streams.stop();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    expect(value).toBe("data: 3\n\n");
  }
  expect(streams.hasRoom).toBe(true);
}, 30_000);
