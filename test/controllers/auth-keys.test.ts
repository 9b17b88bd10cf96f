import { afterAll, afterEach, expect, setSystemTime, spyOn, test } from "bun:test";
import { log } from "../../src/core/log.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { authorize, createSigner, inSeconds, type KeyServer, startKeyServer } from "../support/tokens.ts";

const controller = (url: string) => `
import { jwt } from "hubbub/auth";
const auth = jwt({ jwks: ${JSON.stringify(url)} });
export const get = auth(({ user }) => ({ body: user }));
export const put = async ({ body }) => ({ body: { user: (await auth.verify(body)) ?? null } });
`;

const [first, second] = [await createSigner("RS256", "first"), await createSigner("ES256", "second")];

/** Tokens live for a day, so that a test can move the clock by hours. */
const claims = { exp: inSeconds(86_400) };
const token = await first.sign(claims);
const nextToken = await second.sign(claims);

const start = (keys: KeyServer) => startServer({ "who.ts": controller(keys.url) });

const ask = (server: TestServer, value: string) => server.fetch("/who", { headers: authorize(value) });

const statusOf = async (server: TestServer, value: string) => (await ask(server, value)).status;

/** What `Date` says is moved by so much; the timers go on. */
const pass = (seconds: number) => setSystemTime(new Date(Date.now() + seconds * 1000));

const errors = spyOn(log, "error").mockImplementation(() => {});

afterAll(() => errors.mockRestore());

afterEach(() => {
  setSystemTime();
  errors.mockClear();
});

test("jwt() fetches the keys for the first token, once", async () => {
  using keys = startKeyServer([first.jwk]);
  await using server = await start(keys);
  expect(keys.count).toBe(0);
  const statuses = await Promise.all(Array.from({ length: 20 }, () => statusOf(server, token)));
  expect(new Set(statuses)).toEqual(new Set([200]));
  expect(keys.count).toBe(1);
});

test("jwt() takes a new key as soon as a token names it, and drops one that is gone within ten minutes", async () => {
  using keys = startKeyServer([first.jwk]);
  await using server = await start(keys);
  expect(await statusOf(server, token)).toBe(200);
  keys.keys = [second.jwk];
  pass(31);
  expect(await statusOf(server, nextToken)).toBe(200);
  expect(keys.count).toBe(2);
  expect(await statusOf(server, token)).toBe(401);
  expect(await statusOf(server, nextToken)).toBe(200);
});

test("jwt() asks again after ten minutes, and then no longer believes a key that was withdrawn", async () => {
  using keys = startKeyServer([first.jwk, second.jwk]);
  await using server = await start(keys);
  expect(await statusOf(server, token)).toBe(200);
  keys.keys = [second.jwk];
  pass(599);
  expect(await statusOf(server, token)).toBe(200);
  pass(2);
  expect(await statusOf(server, token)).toBe(401);
  expect(keys.count).toBe(2);
});

test("jwt() is not made to ask by tokens that name keys which are not there", async () => {
  using keys = startKeyServer([first.jwk]);
  await using server = await start(keys);
  expect(await statusOf(server, token)).toBe(200);
  for (let n = 0; n < 20; n += 1) expect(await statusOf(server, nextToken)).toBe(401);
  expect(keys.count).toBe(1);
});

test("jwt() keeps the keys when the controllers are edited", async () => {
  using keys = startKeyServer([first.jwk]);
  await using server = await start(keys);
  expect(await statusOf(server, token)).toBe(200);
  keys.answer = () => new Response("gone", { status: 500 });
  server.folder.write({ "who.ts": `${controller(keys.url)}\n// Edited.` });
  await server.app.reload();
  expect(server.app.generationNumber).toBeGreaterThan(1);
  expect(await statusOf(server, token)).toBe(200);
  expect(keys.count).toBe(1);
});

const failures: [what: string, answer: () => Response, is: string][] = [
  ["answers 500", () => new Response("", { status: 500 }), "the answer is 500"],
  ["leads elsewhere", () => Response.redirect("http://127.0.0.1:9/"), "the answer is 302"],
  ["answers with a page", () => new Response("<html>"), "the answer is no JSON"],
  ["answers with something else", () => Response.json({ key: 1 }), "the answer has no keys"],
  ["answers with keys that are none", () => Response.json({ keys: ["x", null] }), "the answer has no keys"],
  ["answers without end", () => new Response(" ".repeat(1_048_577)), "the answer is longer than 1048576 bytes"],
];

test.each(failures)("jwt() answers 503 and logs it once while the key server %s", async (_what, answer, is) => {
  using keys = startKeyServer([first.jwk]);
  keys.answer = answer;
  await using server = await start(keys);
  for (let n = 0; n < 3; n += 1) {
    const response = await ask(server, token);
    expect([response.status, response.headers.get("retry-after")]).toEqual([503, "5"]);
  }
  const text = `Cannot fetch the keys at "${keys.url}": ${is}, expected a JSON Web Key Set`;
  expect(errors.mock.calls).toEqual([[text]]);
  expect(keys.count).toBe(1);
  keys.answer = undefined;
  pass(1.1);
  expect(await statusOf(server, token)).toBe(200);
});

test("jwt() answers 503 when the key server has not answered within five seconds", async () => {
  using keys = startKeyServer([first.jwk]);
  const answer = Promise.withResolvers<Response>();
  keys.answer = () => answer.promise;
  await using server = await start(keys);
  const statuses = await Promise.all([statusOf(server, token), statusOf(server, token)]);
  expect(statuses).toEqual([503, 503]);
  expect(keys.count).toBe(1);
  expect(errors).toHaveBeenCalledTimes(1);
  answer.resolve(new Response());
}, 15_000);

test("jwt() answers 503 while nothing listens at the key server's address", async () => {
  using keys = startKeyServer([first.jwk]);
  keys[Symbol.dispose]();
  await using server = await start(keys);
  expect(await statusOf(server, token)).toBe(503);
  expect(errors).toHaveBeenCalledTimes(1);
  expect(errors.mock.calls[0]?.[0]).toStartWith(`Cannot fetch the keys at "${keys.url}": `);
});

test("verify() throws AUTH_KEYS while the keys cannot be fetched", async () => {
  using keys = startKeyServer([first.jwk]);
  keys.answer = () => new Response("", { status: 500 });
  await using server = await start(keys);
  const headers = { "Content-Type": "text/plain" };
  expect((await server.fetch("/who", { method: "PUT", body: token, headers })).status).toBe(500);
  expect(errors.mock.calls.at(-1)?.[0]).toContain("Cannot fetch the keys at");
});

test("jwt() goes on with the keys of before for an hour while they cannot be fetched, but knows no new ones", async () => {
  using keys = startKeyServer([first.jwk]);
  await using server = await start(keys);
  expect(await statusOf(server, token)).toBe(200);
  keys.answer = () => new Response("", { status: 502 });
  pass(1800);
  expect(await statusOf(server, token)).toBe(200);
  expect(errors).toHaveBeenCalledTimes(1);
  expect(await statusOf(server, nextToken)).toBe(503);
  pass(1700);
  expect(await statusOf(server, token)).toBe(200);
  pass(700);
  expect(await statusOf(server, token)).toBe(503);
  keys.answer = undefined;
  keys.keys = [second.jwk];
  pass(2);
  expect(await statusOf(server, nextToken)).toBe(200);
  expect(await statusOf(server, token)).toBe(401);
  expect(errors).toHaveBeenCalledTimes(1);
});

test("a fault names the address of the keys without what is secret in it", async () => {
  using keys = startKeyServer([first.jwk]);
  keys.answer = () => new Response("", { status: 500 });
  const address = `${keys.url.replace("//", "//user:hunter2@")}?key=hunter3`;
  await using server = await startServer({ "who.ts": controller(address) });
  expect(await statusOf(server, token)).toBe(503);
  expect(JSON.stringify(errors.mock.calls)).toContain(keys.url);
  expect(JSON.stringify(errors.mock.calls)).not.toContain("hunter");
});
