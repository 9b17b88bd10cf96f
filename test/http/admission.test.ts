import { expect, test } from "bun:test";
import { startBinary } from "../support/binary.ts";
import { exchange } from "../support/exchange.ts";
import { createFolder } from "../support/folder.ts";
import { handshake, openRaw } from "../support/raw.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { waitFor } from "../support/session.ts";

const accept = { "a.js": "export const get = ({ webSocket }) => (webSocket ? { webSocket: {} } : { body: 'page' });" };

/** Asks for a session at `/a`; the answer's status, its `Retry-After` and its body. */
async function ask(server: TestServer, headers: Record<string, string> = {}) {
  const { statuses, text } = await exchange(
    server.url("/"),
    handshake("/a", { Accept: "application/json", ...headers }),
  );
  return {
    status: statuses[0],
    retryAfter: Number(/^retry-after: (\d+)\r$/im.exec(text)?.[1]),
    // The request that ends the connection is answered behind it.
    body: text.split("\r\n\r\n")[1]?.replace(/HTTP\/1\.1 .*/s, "") ?? "",
  };
}

test("--max-sessions refuses one session more with 503 and Retry-After, and takes it when another has ended", async () => {
  await using server = await startServer(accept, { "max-sessions": "2" });
  using first = await server.open("/a");
  using _second = await server.open("/a");
  const { status, retryAfter, body } = await ask(server);
  expect({ status, body: JSON.parse(body) as unknown }).toEqual({
    status: 503,
    body: { status: 503, message: "The server has as many sessions as it takes" },
  });
  expect(retryAfter).toBeGreaterThanOrEqual(5);
  expect(retryAfter).toBeLessThan(10);
  expect(server.app.metrics.upgradesRefused).toMatchObject({ "max-sessions": 1, "max-upgrades": 0 });
  expect(await (await server.fetch("/a")).text()).toBe("page");
  expect((await server.fetch("/-/ready")).status).toBe(200);
  first.close();
  await waitFor(() => server.app.sessionCount === 1, "end of a session");
  using third = await server.open("/a");
  expect(third.socket.readyState).toBe(WebSocket.OPEN);
  expect(server.app.metrics.sessionsOpened).toBe(3);
});

test("--max-sessions is exact when many ask at once and each get takes its time", async () => {
  const files = {
    "a.js": `import { kept } from "hubbub";
const gate = kept("gate", () => ({ ...Promise.withResolvers(), asked: 0 }));
export const get = async ({ webSocket }) => {
  if (!webSocket) return { body: gate.asked };
  gate.asked += 1;
  await gate.promise;
  return { webSocket: {} };
};
export const post = () => { gate.resolve(); return {}; };`,
  };
  await using server = await startServer(files, { "max-sessions": "5" });
  const asking = Array.from({ length: 20 }, () => openRaw(server.url("/a")).catch(() => undefined));
  await waitFor(async () => (await (await server.fetch("/a")).text()) === "20", "calls of get");
  await server.fetch("/a", { method: "POST" });
  const raws = (await Promise.all(asking)).filter((raw) => raw !== undefined);
  expect(raws).toHaveLength(5);
  expect(server.app.sessionCount).toBe(5);
  expect(server.app.metrics.upgradesRefused["max-sessions"]).toBe(15);
  for (const raw of raws) raw.reset();
  await waitFor(() => server.app.sessionCount === 0, "end of the sessions");
  expect((await ask(server)).status).toBe(101);
});

test("--max-sessions counts no upgrade that its controller refuses or that fails", async () => {
  const files = {
    "a.js": `export const get = ({ params }) => {
  if (params.how === "throws") throw new Error("as asked");
  return params.how === "refuses" ? { status: 403 } : { webSocket: {} };
};`,
  };
  await using server = await startServer(files, { "max-sessions": "1" });
  for (const how of ["throws", "refuses", "throws", "refuses"]) {
    expect((await exchange(server.url("/"), handshake(`/a?how=${how}`))).statuses[0]).toBe(
      how === "throws" ? 500 : 403,
    );
  }
  expect((await ask(server, { "Sec-WebSocket-Key": "short" })).status).toBe(400);
  expect((await ask(server, { Origin: "http://other.example" })).status).toBe(403);
  expect(server.app.metrics.upgradesRefused).toMatchObject({ "max-sessions": 0, origin: 1 });
  using _session = await server.open("/a");
  expect((await ask(server)).status).toBe(503);
});

test("--max-sessions-per-address counts what a trusted proxy forwards, an IPv6 network as one, with 429", async () => {
  await using server = await startServer(accept, { "max-sessions-per-address": "2", "trust-proxy": "loopback" });
  const from = (address: string) => ({ "X-Forwarded-For": `6.6.6.6, ${address}` });
  using first = await server.open("/a", { headers: from("203.0.113.9") });
  using _second = await server.open("/a", { headers: from("::ffff:203.0.113.9") });
  const { status, retryAfter, body } = await ask(server, from("203.0.113.9"));
  expect({ status, body: JSON.parse(body) as unknown }).toEqual({
    status: 429,
    body: { status: 429, message: "There are too many sessions from this address" },
  });
  expect(retryAfter).toBeGreaterThanOrEqual(30);
  using _other = await server.open("/a", { headers: from("203.0.113.10") });
  using _third = await server.open("/a", { headers: from("2001:db8:1:2::3") });
  using _fourth = await server.open("/a", { headers: from("2001:db8:1:2:ffff::4") });
  expect((await ask(server, from("2001:0db8:1:2:5::"))).status).toBe(429);
  expect((await ask(server, from("2001:db8:1:3::3"))).status).toBe(101);
  expect(server.app.metrics.upgradesRefused["max-sessions-per-address"]).toBe(2);
  const before = server.app.sessionCount;
  first.close();
  await waitFor(() => server.app.sessionCount < before, "end of a session");
  expect((await ask(server, from("203.0.113.9"))).status).toBe(101);
});

test("--max-sessions-per-address does not count this machine, and believes no proxy that is not trusted", async () => {
  await using server = await startServer(accept, { "max-sessions-per-address": "1" });
  const headers = { "X-Forwarded-For": "203.0.113.9" };
  using _first = await server.open("/a", { headers });
  using _second = await server.open("/a", { headers });
  using _third = await server.open("/a");
  expect(server.app.sessionCount).toBe(3);
});

test("--max-upgrades refuses more upgrades in a second with 503 and Retry-After, and takes them later", async () => {
  await using server = await startServer(accept, { "max-upgrades": "20" });
  const startedAt = performance.now();
  const answers = await Promise.all(Array.from({ length: 80 }, () => ask(server)));
  const seconds = (performance.now() - startedAt) / 1000;
  const opened = answers.filter(({ status }) => status === 101).length;
  expect(opened).toBeGreaterThanOrEqual(20);
  expect(opened).toBeLessThanOrEqual(20 + 20 * seconds);
  const refused = answers.filter(({ status }) => status !== 101);
  for (const { status, retryAfter, body } of refused) {
    expect({ status, retryAfter, body: JSON.parse(body) as unknown }).toEqual({
      status: 503,
      retryAfter: 1,
      body: { status: 503, message: "Too many sessions are being opened at once" },
    });
  }
  expect(server.app.metrics.upgradesRefused["max-upgrades"]).toBe(refused.length);
  await waitFor(async () => (await ask(server)).status === 101, "session");
});

test("a refusal is shown to a person as a page, and to a program as JSON", async () => {
  await using server = await startServer(accept, { "max-sessions": "1" });
  using _session = await server.open("/a");
  const page = await exchange(server.url("/"), handshake("/a", { Accept: "text/html" }));
  expect(page.text).toMatch(/^content-type: text\/html/im);
  expect(page.text).toContain("The server has as many sessions as it takes");
});

test("--max-sessions auto takes as many sessions as the open-file limit allows, and goes on answering", async () => {
  using folder = createFolder(accept);
  await using server = await startBinary([folder.path, "--no-watch"], {
    cwd: folder.path,
    prefix: ["prlimit", "--nofile=128"],
  });
  const raws = await Promise.all(Array.from({ length: 64 }, () => openRaw(`${server.origin}/a`)));
  const refused = await exchange(server.origin, handshake("/a"));
  expect(refused.statuses).toEqual([503]);
  expect(await (await server.fetch("/a")).text()).toBe("page");
  await server.logged("Refused a session: there are as many as --max-sessions allows");
  for (const raw of raws) raw.reset();
  await waitFor(async () => (await exchange(server.origin, handshake("/a"))).statuses[0] === 101, "session");
});
