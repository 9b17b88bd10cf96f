import { beforeAll, expect, test } from "bun:test";
import { renameSync, rmSync, symlinkSync } from "node:fs";
import { connect as connectTcp } from "node:net";
import { join } from "node:path";
import { connect as connectTls } from "node:tls";
import { buildOnce, runBinary, startBinary } from "../support/binary.ts";
import { createCertificate, type TestCertificate } from "../support/certificates.ts";
import { createFolder, type TestFolder } from "../support/folder.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { type TestSession, waitFor, withPatience } from "../support/session.ts";

beforeAll(buildOnce, 60_000);

const root = createCertificate("root", { isAuthority: true });
const middle = createCertificate("middle", { issuer: root, isAuthority: true });
const first = createCertificate("first", { issuer: middle });
const second = createCertificate("second", { issuer: middle });
const ca = root.certificate;

const toFiles = ({ certificate, key }: TestCertificate) => ({
  "cert.pem": certificate + middle.certificate,
  "key.pem": key,
});

const flagsFor = ({ path }: TestFolder) => ({ "tls-cert": join(path, "cert.pem"), "tls-key": join(path, "key.pem") });

/** `/talk`: every message goes to the group, or with `?except` to all others; `/request`: what a controller sees of it. */
const controllers = {
  "talk.js": `
import { addToGroup, sendToGroup } from "hubbub";
export const get = () => ({ webSocket: {} });
export const webSocketEvent = ({ type, session, message }) => {
  if (type === "open") addToGroup("all", session.id);
  if (type === "message") sendToGroup("all", message, session.params.except === undefined ? {} : { except: session.id });
};`,
  "request.js": `export const get = ({ scheme, port, url }) => ({ body: { scheme, port, url } });`,
};

/** The common name of the certificate that one who connects now is given; rejects if \`root\` does not vouch for it. */
function readServedName(origin: string): Promise<string> {
  const { hostname, port } = new URL(origin);
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const socket = connectTls({ host: hostname, port: Number(port), ca }, () => {
    resolve(String(socket.getPeerCertificate().subject.CN));
    socket.end();
  });
  socket.on("error", reject);
  return withPatience(promise, "certificate");
}

const waitForName = (origin: string, name: string) =>
  waitFor(async () => (await readServedName(origin)) === name, `certificate "${name}"`);

const openTalk = (server: TestServer, query = "") => server.open(`/talk${query}`, { ca });

/** Resolves once every session has what every session says: all are members of the group. */
async function greet(sessions: readonly TestSession[]): Promise<void> {
  sessions[0]?.send("hello");
  for (const session of sessions) expect(await session.next()).toBe("hello");
}

test("--tls-cert and --tls-key serve https and wss, with the whole chain", async () => {
  using files = createFolder(toFiles(first));
  await using server = await startServer(controllers, flagsFor(files));
  expect(server.url("/")).toStartWith("https://127.0.0.1:");
  const answer = await server.fetch("/request", { tls: { ca } });
  const { port } = new URL(server.url("/"));
  expect(await answer.json()).toEqual({ scheme: "https", port: Number(port), url: server.url("/request") });
  using session = await openTalk(server);
  await greet([session]);
  expect(await readServedName(server.url("/"))).toBe("first");
});

test("a client that does not know the root refuses the certificate", async () => {
  using files = createFolder(toFiles(first));
  await using server = await startServer(controllers, flagsFor(files));
  expect(server.fetch("/request")).rejects.toHaveProperty("code", "UNABLE_TO_GET_ISSUER_CERT_LOCALLY");
});

test("the origin of a page that was served with TLS is https", async () => {
  using files = createFolder(toFiles(first));
  await using server = await startServer(controllers, flagsFor(files));
  const { origin, host } = new URL(server.url("/"));
  using session = await server.open("/talk", { ca, headers: { Origin: origin } });
  await greet([session]);
  expect(server.open("/talk", { ca, headers: { Origin: `http://${host}` } })).rejects.toThrow("403");
});

test("a client that speaks no TLS is not answered, and disturbs nobody", async () => {
  using files = createFolder(toFiles(first));
  await using server = await startServer(controllers, flagsFor(files));
  const { port } = new URL(server.url("/"));
  let received = "";
  const socket = connectTcp(Number(port), "127.0.0.1");
  socket.on("data", (chunk) => (received += chunk.toString("latin1"))).on("error", () => {});
  const closed = new Promise<void>((resolve) => socket.on("close", () => resolve()));
  socket.write("GET /request HTTP/1.1\r\nHost: localhost\r\n\r\n");
  await withPatience(closed, "end of the connection");
  expect(received).not.toContain("HTTP/1.1 200");
  using session = await openTalk(server);
  await greet([session]);
});

/** What `session` got from each sender, where messages are `sender:number`. */
function sortBySender({ waiting }: TestSession): Map<string, number[]> {
  const bySender = new Map<string, number[]>();
  for (const message of waiting) {
    const [sender = "", number] = String(message).split(":");
    bySender.set(sender, [...(bySender.get(sender) ?? []), Number(number)]);
  }
  return bySender;
}

test("a renewal closes no session and loses no message, and who connects then sees the new certificate", async () => {
  using files = createFolder(toFiles(first));
  await using server = await startServer(controllers, flagsFor(files));
  const rounds = 30;
  const sessions = await Promise.all(Array.from({ length: 50 }, () => openTalk(server)));
  const joined: { session: TestSession; round: number }[] = [];
  for (let round = 0; round < rounds; round += 1) {
    if (round % 10 === 5) {
      const next = round === 15 ? first : second;
      files.write(toFiles(next));
      await server.app.reload();
      expect(await readServedName(server.url("/"))).toBe(next.name);
      joined.push({ session: await openTalk(server), round });
    }
    for (const [index, session] of sessions.entries()) session.send(`${index}:${round}`);
    for (const [index, { session }] of joined.entries()) session.send(`joined ${index}:${round}`);
    const sent = sessions.length * (round + 1) + joined.reduce((sum, each) => sum + round + 1 - each.round, 0);
    await waitFor(() => sessions[0]?.waiting.length === sent, "the round's messages");
  }
  const numbersFrom = (start: number) => Array.from({ length: rounds - start }, (_, index) => start + index);
  for (const { session, round } of [...sessions.map((each) => ({ session: each, round: 0 })), ...joined]) {
    const expected = new Map(sessions.map((_, index) => [String(index), numbersFrom(round)]));
    for (const [index, each] of joined.entries()) {
      expected.set(`joined ${index}`, numbersFrom(Math.max(round, each.round)));
    }
    const count = [...expected.values()].reduce((sum, { length }) => sum + length, 0);
    await waitFor(() => session.waiting.length === count, `${count} messages`);
    expect(Object.fromEntries(sortBySender(session))).toEqual(Object.fromEntries(expected));
    expect(session.socket.readyState).toBe(WebSocket.OPEN);
  }
  for (const { socket } of [...sessions, ...joined.map(({ session }) => session)]) socket.terminate();
}, 20_000);

test("a session before a renewal and one after it are in the same groups, and { except } leaves out only one", async () => {
  using files = createFolder(toFiles(first));
  await using server = await startServer(controllers, flagsFor(files));
  using ada = await openTalk(server, "?except");
  using bob = await openTalk(server);
  files.write(toFiles(second));
  await server.app.reload();
  using eve = await openTalk(server, "?except");
  using joe = await openTalk(server);
  ada.send("from ada");
  for (const session of [bob, eve, joe]) expect(await session.next()).toBe("from ada");
  eve.send("from eve");
  for (const session of [ada, bob, joe]) expect(await session.next()).toBe("from eve");
  bob.send("from bob");
  for (const session of [ada, bob, eve, joe]) expect(await session.next()).toBe("from bob");
  for (const session of [ada, bob, eve, joe]) expect(session.waiting).toEqual([]);
});

test("a session before a renewal can join and leave groups after it", async () => {
  using files = createFolder(toFiles(first));
  const move = `
import { addToGroup, getGroupSize, removeFromGroup, send, sendToGroup } from "hubbub";
export const get = () => ({ webSocket: {} });
export const webSocketEvent = ({ type, session: { id }, message }) => {
  if (type !== "message") return;
  const [verb, group] = message.split(" ");
  if (verb === "join") addToGroup(group, id);
  if (verb === "leave") removeFromGroup(group, id);
  if (verb === "tell") sendToGroup(group, "told " + group);
  send(id, verb + " " + getGroupSize(group));
};`;
  await using server = await startServer({ "move.js": move }, flagsFor(files));
  using ada = await server.open("/move", { ca });
  files.write(toFiles(second));
  await server.app.reload();
  using bob = await server.open("/move", { ca });
  for (const [session, size] of [[ada, 1] as const, [bob, 2] as const]) {
    session.send("join news");
    expect(await session.next()).toBe(`join ${size}`);
  }
  bob.send("tell news");
  expect(await ada.next()).toBe("told news");
  expect(await bob.next()).toBe("told news");
  expect(await bob.next()).toBe("tell 2");
  ada.send("leave news");
  expect(await ada.next()).toBe("leave 1");
  bob.send("tell news");
  expect(await bob.next()).toBe("told news");
  expect(await bob.next()).toBe("tell 1");
  expect(ada.waiting).toEqual([]);
});

test("a request that runs during a renewal is answered, and an upgrade becomes a session", async () => {
  using files = createFolder(toFiles(first));
  const slow = `
import { addToGroup, kept, sendToGroup } from "hubbub";
const gate = kept("gate", () => Promise.withResolvers());
export const get = async ({ webSocket, scheme }) => {
  await gate.promise;
  return webSocket ? { webSocket: {} } : { body: scheme };
};
export const post = () => { gate.resolve(); return {}; };
export const webSocketEvent = ({ type, session, message }) => {
  if (type === "open") addToGroup("all", session.id);
  if (type === "message") sendToGroup("all", message);
};`;
  await using server = await startServer({ "slow.js": slow }, flagsFor(files));
  const answer = server.fetch("/slow", { tls: { ca } });
  const opening = server.open("/slow", { ca });
  await waitFor(() => server.app.pendingRequests === 2, "two requests");
  files.write(toFiles(second));
  await server.app.reload();
  expect((await server.fetch("/slow", { method: "POST", tls: { ca } })).status).toBe(200);
  expect(await (await answer).text()).toBe("https");
  using before = await opening;
  using after = await server.open("/slow", { ca });
  after.send("hello");
  expect([await before.next(), await after.next()]).toEqual(["hello", "hello"]);
});

test("a stop after renewals closes every session with 1012", async () => {
  using files = createFolder(toFiles(first));
  await using server = await startServer(controllers, flagsFor(files));
  const sessions = [await openTalk(server)];
  for (const next of [second, first]) {
    files.write(toFiles(next));
    await server.app.reload();
    sessions.push(await openTalk(server));
  }
  await withPatience(server.app.stop(), "stop");
  for (const { closed } of sessions) expect(await closed).toEqual({ code: 1012, reason: "server stopping" });
  expect(readServedName(server.url("/"))).rejects.toHaveProperty("code", "ECONNREFUSED");
});

test("a renewal resets no connection, however many are made at that moment", async () => {
  using files = createFolder({ ...controllers, ...toFiles(first) });
  const flags = Object.entries(flagsFor(files)).flatMap(([name, value]) => [`--${name}`, value]);
  await using server = await startBinary([files.path, "--no-watch", ...flags], { cwd: files.path });
  const names: string[] = [];
  const until = performance.now() + 3000;
  const connect = async () => {
    while (performance.now() < until) names.push(await readServedName(server.origin));
  };
  const connecting = Promise.all(Array.from({ length: 10 }, connect));
  await waitFor(() => names.length >= 50, "connections");
  files.write(toFiles(second));
  server.signal("SIGHUP");
  await connecting;
  const changedAt = names.indexOf("second");
  expect(changedAt).toBeGreaterThanOrEqual(50);
  // Ten were being made when the first of the new ones was.
  expect(new Set(names.slice(changedAt + 20))).toEqual(new Set(["second"]));
}, 20_000);

test("a change of the files is enough: written in place, renamed into place", async () => {
  using files = createFolder(toFiles(first));
  await using server = await startServer(controllers, flagsFor(files));
  using session = await openTalk(server);
  files.write(toFiles(second));
  await waitForName(server.url("/"), "second");
  files.write(Object.fromEntries(Object.entries(toFiles(first)).map(([name, text]) => [`${name}.new`, text])));
  for (const name of ["cert.pem", "key.pem"]) renameSync(join(files.path, `${name}.new`), join(files.path, name));
  await waitForName(server.url("/"), "first");
  await greet([session]);
});

test("a folder that a link swaps, as Kubernetes and certbot do, is enough", async () => {
  using files = createFolder();
  for (const each of [first, second]) {
    const written = Object.entries(toFiles(each)).map(([name, text]) => [`${each.name}/${name}`, text]);
    files.write(Object.fromEntries(written));
  }
  symlinkSync("first", join(files.path, "data"));
  for (const name of ["cert.pem", "key.pem"]) symlinkSync(join("data", name), join(files.path, name));
  await using server = await startServer(controllers, flagsFor(files));
  expect(await readServedName(server.url("/"))).toBe("first");
  symlinkSync("second", join(files.path, "data.new"));
  renameSync(join(files.path, "data.new"), join(files.path, "data"));
  await waitForName(server.url("/"), "second");
});

test("a certificate that cannot be used is logged once, and the one before it stays", async () => {
  using files = createFolder({ ...toFiles(first), "a.js": "export const get = () => ({ body: 'a' });" });
  const flags = Object.entries(flagsFor(files)).flatMap(([name, value]) => [`--${name}`, value]);
  await using server = await startBinary([files.path, "--no-watch", ...flags], { cwd: files.path });
  expect(server.origin).toStartWith("https://");
  const refused = () =>
    server.log().filter(({ message }) => message.endsWith("the certificate before it stays in use"));
  const loaded = (generation: number) => server.logged(`Loaded generation ${generation} `);
  files.write({ "key.pem": second.key });
  await server.logged("it does not belong to the certificate");
  server.signal("SIGHUP");
  await loaded(2);
  expect(refused()).toEqual([expect.objectContaining({ level: "ERROR" })]);
  expect(await readServedName(server.origin)).toBe("first");
  rmSync(join(files.path, "cert.pem"));
  await server.logged(`Cannot use certificate "${join(files.path, "cert.pem")}": there is no such file`);
  expect(await readServedName(server.origin)).toBe("first");
  files.write(toFiles(second));
  const renewed = await server.logged("Renewed the certificate");
  expect(renewed["expires"]).toBe(new Date(renewed["expires"] as string).toISOString());
  expect(await readServedName(server.origin)).toBe("second");
  expect(refused().length).toBe(2);
});

test("SIGHUP renews the certificate at once, with --no-watch too, and keeps the sessions", async () => {
  using files = createFolder({ ...controllers, ...toFiles(first) });
  const flags = Object.entries(flagsFor(files)).flatMap(([name, value]) => [`--${name}`, value]);
  await using server = await startBinary([files.path, "--no-watch", ...flags], { cwd: files.path });
  using session = await server.open("/talk", { ca });
  files.write(toFiles(second));
  server.signal("SIGHUP");
  await server.logged("Renewed the certificate");
  expect(await readServedName(server.origin)).toBe("second");
  using after = await server.open("/talk", { ca });
  await greet([session, after]);
  server.signal("SIGTERM");
  for (const each of [session, after]) expect((await each.closed).code).toBe(1012);
  expect(await server.exited).toBe(0);
});

test("a certificate that expires in less than 14 days is warned of at the start, and when it is renewed", async () => {
  const [soon, later] = [createCertificate("soon", { untilDays: 5.5 }), createCertificate("later", { untilDays: 20 })];
  using files = createFolder({
    "a.js": "export const get = () => ({});",
    "cert.pem": soon.certificate,
    "key.pem": soon.key,
  });
  const flags = Object.entries(flagsFor(files)).flatMap(([name, value]) => [`--${name}`, value]);
  await using server = await startBinary([files.path, "--no-watch", ...flags], { cwd: files.path });
  const warnings = () => server.log().filter(({ level }) => level === "WARNING");
  expect(warnings()[0]?.message).toMatch(/^The certificate ".*\/cert\.pem" expires in 5 days, on \d{4}-\d\d-\d\d$/);
  files.write({ "cert.pem": later.certificate, "key.pem": later.key });
  await server.logged("Renewed the certificate");
  expect(warnings().length).toBe(1);
  files.write({ "cert.pem": soon.certificate, "key.pem": soon.key });
  await waitFor(() => warnings().length === 2, "second warning");
});

test("a second server is refused on the port of one that serves TLS, whether it serves TLS or not", async () => {
  using files = createFolder({ "a.js": "export const get = () => ({});", ...toFiles(first) });
  await using server = await startServer(controllers, flagsFor(files));
  const { port } = new URL(server.url("/"));
  const flags = Object.entries(flagsFor(files)).flatMap(([name, value]) => [`--${name}`, value]);
  for (const more of [flags, []]) {
    const result = await runBinary(["serve", files.path, "--port", port, ...more], { cwd: files.path });
    expect(result).toMatchObject({
      exitCode: 1,
      stderr: `hubbub: Cannot listen on 127.0.0.1:${port}: the port is in use, expected a free one (--port 0 takes any)\n`,
    });
  }
});

test("a certificate that cannot be served ends the executable with 78 and one sentence", async () => {
  using files = createFolder({ "a.js": "export const get = () => ({});", ...toFiles(first), "other.pem": second.key });
  for (const [args, message] of [
    [["--tls-cert", "cert.pem"], "Cannot serve TLS: --tls-cert is given and --tls-key is not, expected both or none"],
    [
      ["--tls-cert", "cert.pem", "--tls-key", "other.pem"],
      'Cannot use key "other.pem": it does not belong to the certificate "cert.pem", expected the one that it was made for',
    ],
    [
      ["--tls-cert", "nowhere.pem", "--tls-key", "key.pem"],
      'Cannot use certificate "nowhere.pem": there is no such file, expected a PEM file',
    ],
  ] as const) {
    const result = await runBinary(["serve", ".", ...args], { cwd: files.path });
    expect(result).toMatchObject({ exitCode: 78, stderr: `hubbub: ${message}\n` });
  }
});
