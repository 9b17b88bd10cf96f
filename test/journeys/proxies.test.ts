import { afterAll, beforeAll, expect, test } from "bun:test";
import { buildOnce, startBinary, type TestProcess } from "../support/binary.ts";
import { hasBrowser, openWindow, waitForPage } from "../support/browser.ts";
import { createFolder, type TestFolder } from "../support/folder.ts";
import { hasProxy, type ProxyName, proxyNames, startProxy, type TestProxy } from "../support/proxies.ts";
import { connectRaw, handshake, openRaw, parseFrames } from "../support/raw.ts";
import { waitFor } from "../support/session.ts";

const MIB = 1024 ** 2;

const controllers = {
  "hub.js": `
import { addToGroup, close, kept, send, sendToGroup } from "hubbub";
const closes = kept("closes", () => []);
export const get = (request) => {
  if (!request.webSocket) return { body: { ...request.toJSON(), closes } };
  const { remoteAddress, scheme, url } = request;
  return { webSocket: { subProtocols: ["text"], data: { remoteAddress, scheme, url } } };
};
export const post = ({ body }) => ({ body: { length: body.length } });
export const webSocketEvent = ({ type, session: { id, params }, data, message, closeReason, reason }) => {
  if (type === "open") {
    addToGroup("all", id);
    send(id, data);
  }
  if (type === "message" && message === "end") close(id, 4001, "as asked");
  else if (type === "message") sendToGroup("all", message);
  if (type === "close") closes.push([params.name, closeReason, reason]);
};
`,
  "stream.js": `
let more = Promise.withResolvers();
export const get = () => new Response(async function* () { yield "first,"; await more.promise; yield "second"; });
export const post = () => { more.resolve(); return { status: 204 }; };
`,
};

let folder: TestFolder;

beforeAll(async () => {
  folder = createFolder(controllers);
  await buildOnce();
}, 60_000);

afterAll(() => folder[Symbol.dispose]());

/** The real server, which believes what a proxy on 127.0.0.1 says of its clients. */
const startNode = (...flags: string[]): Promise<TestProcess> =>
  startBinary([folder.path, "--trust-proxy", "127.0.0.1", "--no-watch", ...flags], { cwd: folder.path });

/** A proxy with one node behind it. */
async function startBoth(name: ProxyName, flags: string[] = [], idleSeconds?: number) {
  await using started = new AsyncDisposableStack();
  const node = started.use(await startNode(...flags));
  const idle = idleSeconds === undefined ? {} : { idleSeconds };
  const proxy = started.use(await startProxy(name, { nodes: [node.origin], ...idle }));
  const both = started.move();
  return { node, proxy, [Symbol.asyncDispose]: () => both.disposeAsync() };
}

/** Opens a session by hand, from an address of its own. */
const openBy = ({ origin, ca }: TestProxy, path: string, headers: Record<string, string> = {}, from = "127.0.0.1") =>
  openRaw(origin + path, { Host: new URL(origin).host, ...headers }, "", { ca, from });

/** The texts of the messages that came. */
const textsOf = (bytes: Buffer) =>
  parseFrames(bytes)
    .filter(({ opcode }) => opcode === 1)
    .map(({ payload }) => payload.toString());

type Seen = Record<string, unknown> & { headers: Record<string, string>; closes: unknown[] };

for (const name of proxyNames) {
  if (!hasProxy(name)) console.warn(`${name} is not installed: its tests are skipped (apt-get install it)`);
  const testProxy = (what: string, run: () => Promise<void>) => test.skipIf(!hasProxy(name))(`${name} ${what}`, run);

  testProxy("passes requests on with what the client asked: scheme, host, port, address", async () => {
    await using both = await startBoth(name);
    const { proxy } = both;
    const { port } = new URL(proxy.origin);
    const seen = (await (await proxy.fetch("/hub?a=1")).json()) as Seen;
    expect(seen).toMatchObject({ scheme: "https", host: "127.0.0.1", port: Number(port), params: { a: "1" } });
    expect(seen["url"]).toBe(`${proxy.origin}/hub?a=1`);
    const posted = await proxy.fetch("/hub", {
      method: "POST",
      headers: { "Content-Type": "text/plain" },
      body: "x".repeat(MIB),
    });
    expect(await posted.json()).toEqual({ length: MIB });
    const refused = await proxy.fetch("/hub", { method: "POST", body: "x".repeat(MIB + 1) });
    // Caddy sends the body on before it reads the answer, and then may miss it: the server has closed the connection.
    expect(name === "Caddy" ? [413, 502] : [413]).toContain(refused.status);
  });

  testProxy("sends http to https", async () => {
    await using both = await startBoth(name);
    const answer = await fetch(`${both.proxy.plainOrigin}/hub?a=1`, { redirect: "manual" });
    expect(answer.status).toBe(308);
    expect(new URL(answer.headers.get("location") ?? "")).toMatchObject({
      protocol: "https:",
      hostname: "127.0.0.1",
      pathname: "/hub",
      search: "?a=1",
    });
  });

  testProxy("tells the client's own address, and not the one that the client claims", async () => {
    await using both = await startBoth(name);
    const { proxy } = both;
    const claims = {
      "X-Forwarded-For": "203.0.113.9",
      "X-Forwarded-Host": "evil.example",
      "X-Forwarded-Proto": "http",
    };
    using session = await openBy(proxy, "/hub", claims, "127.0.0.5");
    await waitFor(() => textsOf(session.received()).length > 0, "greeting");
    expect(JSON.parse(textsOf(session.received())[0] ?? "")).toEqual({
      remoteAddress: "127.0.0.5",
      scheme: "https",
      url: `${proxy.origin}/hub`,
    });
  });

  testProxy("opens sessions with a sub-protocol, and carries a group's messages both ways", async () => {
    await using both = await startBoth(name);
    const { proxy, node } = both;
    using ada = await proxy.open("/hub", { subProtocols: ["json", "text"] });
    expect(ada.subProtocol).toBe("text");
    expect(await ada.nextJson()).toMatchObject({ scheme: "https" });
    using bob = await node.open("/hub");
    expect(await bob.nextJson()).toMatchObject({ scheme: "http" });
    ada.send("hello");
    expect([await ada.next(), await bob.next()]).toEqual(["hello", "hello"]);
    bob.send(new Uint8Array([0, 255]));
    expect(await ada.next()).toEqual(new Uint8Array([0, 255]));
  });

  testProxy("lets the page's own origin open sessions, and no other", async () => {
    await using both = await startBoth(name);
    const { origin, ca } = both.proxy;
    const { host, port } = new URL(origin);
    using own = await openBy(both.proxy, "/hub", { Origin: origin });
    expect(own.ended()).toBe(false);
    for (const other of ["https://evil.example", "https://127.0.0.1", `http://127.0.0.1:${port}`, both.node.origin]) {
      const request = handshake("/hub", { Host: host, Origin: other, "X-Forwarded-Host": new URL(other).host });
      using refused = await connectRaw(origin, request, { ca });
      await waitFor(() => refused.received().includes("\r\n\r\n"), "answer");
      expect(refused.received().toString()).toStartWith("HTTP/1.1 403 ");
    }
  });

  testProxy("carries a message of --max-message both ways, and 1009 for a larger one", async () => {
    await using both = await startBoth(name);
    using session = await both.proxy.open("/hub");
    await session.next();
    const large = new Uint8Array(MIB).map((_, index) => index % 251);
    session.send(large);
    expect(await session.next()).toEqual(large);
    session.send(new Uint8Array(MIB + 1));
    expect((await session.closed).code).toBe(1009);
  });

  testProxy("carries close codes and reasons both ways", async () => {
    await using both = await startBoth(name);
    const { proxy, node } = both;
    using told = await proxy.open("/hub?name=told");
    told.send("end");
    expect(await told.closed).toEqual({ code: 4001, reason: "as asked" });
    using leaving = await proxy.open("/hub?name=leaving");
    leaving.close(4002, "enough");
    await leaving.closed;
    const listCloses = async () => ((await (await node.fetch("/hub")).json()) as Seen).closes;
    await waitFor(async () => (await listCloses()).length === 2, "two close events");
    expect(await listCloses()).toEqual([
      ["told", 4001, "as asked"],
      ["leaving", 4002, "enough"],
    ]);
  });

  testProxy("passes a streamed answer on as it is made", async () => {
    await using both = await startBoth(name);
    const answer = await both.proxy.fetch("/stream");
    const reader = (answer.body as ReadableStream<Uint8Array>).getReader();
    const first = await reader.read();
    expect(Buffer.from(first.value ?? []).toString()).toBe("first,");
    expect((await both.proxy.fetch("/stream", { method: "POST" })).status).toBe(204);
    const second = await reader.read();
    expect(Buffer.from(second.value ?? []).toString()).toBe("second");
  });

  testProxy("passes a refusal on with its Retry-After", async () => {
    await using both = await startBoth(name, ["--max-sessions", "1"]);
    const { origin, ca } = both.proxy;
    using session = await both.proxy.open("/hub");
    await session.next();
    using refused = await connectRaw(origin, handshake("/hub", { Host: new URL(origin).host }), { ca });
    await waitFor(() => refused.received().includes("\r\n\r\n"), "answer");
    expect(refused.received().toString()).toMatch(/^HTTP\/1\.1 503 [^]*\r\nretry-after: \d+\r\n/i);
  });

  testProxy("passes on the 1012 of a node that drains, and opens new sessions on another one", async () => {
    await using stopping = await startNode("--drain", "30");
    await using staying = await startNode();
    await using proxy = await startProxy(name, { nodes: [stopping.origin, staying.origin] });
    const openSome = async () => {
      const all = await Promise.all(Array.from({ length: 10 }, () => proxy.open("/hub")));
      await Promise.all(all.map((session) => session.next()));
      return all;
    };
    const before = await openSome();
    // A drain takes as long as there are sessions: a second for a hundred.
    const others = await Promise.all(Array.from({ length: 200 }, () => stopping.open("/hub")));
    stopping.signal("SIGTERM");
    await waitFor(async () => (await stopping.fetch("/-/ready")).status === 503, "drain");
    // Caddy asks no other node when one refuses; it learns of the drain by asking /-/ready every two seconds.
    if (name === "Caddy") await waitFor(() => areAllAccepted(proxy, 10), "time without refusals");
    const after = await openSome();
    expect(await Promise.race(before.map(({ closed }) => closed))).toEqual({ code: 1012, reason: "server stopping" });
    using witness = await staying.open("/hub");
    await witness.next();
    witness.send("who is here?");
    expect(await Promise.all(after.map((session) => session.next()))).toEqual(after.map(() => "who is here?"));
    for (const session of [...before, ...others, ...after]) session.socket.terminate();
  });
}

/** Asks for so many sessions at once, and gives them up again; whether none was refused. */
async function areAllAccepted(proxy: TestProxy, count: number): Promise<boolean> {
  const all = await Promise.allSettled(Array.from({ length: count }, () => proxy.open("/hub")));
  for (const each of all) if (each.status === "fulfilled") each.value.socket.terminate();
  return all.every(({ status }) => status === "fulfilled");
}

test.skipIf(!hasProxy("HAProxy"))("HAProxy takes a node that drains out", async () => {
  await using node = await startNode("--drain", "30");
  await using proxy = await startProxy("HAProxy", { nodes: [node.origin] });
  const sessions = await Promise.all(Array.from({ length: 200 }, () => node.open("/hub")));
  /** The columns of the node's line in HAProxy's statistics. */
  const readState = async () => {
    const table = await (await fetch(`${proxy.statsOrigin}/;csv`)).text();
    const [names = [], ...rows] = table.split("\n").map((line) => line.split(","));
    const row = rows.find(([backend, server]) => backend === "hubbub" && server === "node1") ?? [];
    return Object.fromEntries(names.map((name, index) => [name, row[index]]));
  };
  await waitFor(async () => (await readState())["check_code"] === "200", "answer to a health check");
  expect(await readState()).toMatchObject({ status: "UP", check_status: "L7OK" });
  node.signal("SIGTERM");
  await waitFor(async () => (await readState())["status"] === "DOWN", "end of the node's service");
  expect(await readState()).toMatchObject({ check_status: "L7STS", check_code: "503" });
  for (const session of sessions) session.socket.terminate();
});

for (const name of proxyNames) {
  test.skipIf(!hasProxy(name) || !hasBrowser)(
    `a browser chats through ${name}`,
    async () => {
      using empty = createFolder();
      await using node = await startBinary(["--trust-proxy", "127.0.0.1"], { cwd: empty.path });
      await using proxy = await startProxy(name, { nodes: [node.origin] });
      await using window = openWindow(`${proxy.origin}/chat`);
      await waitForPage(window, `document.querySelector("#state")?.dataset.state === "open"`);
      using other = await proxy.open("/chat?name=Bob");
      await other.next();
      other.send("hello from Bob");
      await waitForPage(window, `document.body.innerText.includes("hello from Bob")`);
      const protocol = `performance.getEntriesByType("navigation")[0].nextHopProtocol`;
      expect(await window.evaluate(protocol)).toBe(name === "nginx" ? "http/1.1" : "h2");
    },
    20_000,
  );
}

// These wait for seconds, side by side.
for (const name of proxyNames) {
  test.concurrent.skipIf(!hasProxy(name))(
    `${name} keeps a silent session that is pinged beyond the proxy's own timeout`,
    async () => {
      await using both = await startBoth(name, ["--ping", "1"], 2);
      using silent = await openBy(both.proxy, "/hub");
      const pings = () => parseFrames(silent.received()).filter(({ opcode }) => opcode === 9).length;
      const openedAt = performance.now();
      await waitFor(() => pings() >= 3 || silent.ended(), "third ping");
      expect(performance.now() - openedAt).toBeGreaterThan(2500);
      using speaker = await both.proxy.open("/hub");
      speaker.send("still there?");
      await waitFor(() => textsOf(silent.received()).includes("still there?"), "message");
    },
    20_000,
  );
}

for (const name of ["nginx", "HAProxy"] as const) {
  test.concurrent.skipIf(!hasProxy(name))(
    `${name} cuts a silent session that is not pinged`,
    async () => {
      await using both = await startBoth(name, ["--ping", "0"], 2);
      using silent = await openBy(both.proxy, "/hub");
      await waitFor(() => silent.ended(), "end of the session");
      expect(parseFrames(silent.received()).filter(({ opcode }) => opcode === 8)).toEqual([]);
    },
    20_000,
  );
}
