import { expect, test } from "bun:test";
import { App } from "../../../src/app.ts";
import { readConfig } from "../../../src/core/config.ts";
import { TestClock } from "../../../src/testing/test-clock.ts";
import { createFolder } from "../../support/folder.ts";
import { startServer, type TestServer } from "../../support/server.ts";

const token = "0123456789abcdef";
const controllers = { "a.js": 'export const get = () => ({ body: "a" });' };

const start = (flags: Record<string, string> = {}) => startServer(controllers, { "admin-token": token, ...flags });

const ask = (server: TestServer, headers: Record<string, string> = {}, path = "/-/api/nothing", method = "GET") =>
  server.fetch(path, { method, headers });

const bearer = (given: string) => ({ Authorization: `Bearer ${given}` });

/** Signs in as the address with the token does; the cookie as a browser sends it back. */
async function signIn(server: TestServer, headers: Record<string, string> = {}) {
  const answer = await ask(server, headers, `/-/?token=${token}`);
  expect(answer.status).toBe(303);
  const setCookie = answer.headers.get("set-cookie") ?? "";
  return { answer, setCookie, Cookie: setCookie.split(";")[0] ?? "" };
}

test.each(["/-/", "/-/?token=0123456789abcdef", "/-/api/groups", "/-/api"])(
  "without --admin-token %s answers 404, and says how to turn it on",
  async (path) => {
    await using server = await startServer(controllers);
    const answer = await ask(server, bearer(token), path);
    expect(answer.status).toBe(404);
    expect(await answer.json()).toEqual({
      status: 404,
      message:
        "The inspector and the API are off: start the server with the variable HUBBUB_ADMIN_TOKEN, or with --admin-token @FILE",
    });
  },
);

test("AdminAccess lets the token through, and asks everybody else for it", async () => {
  await using server = await start();
  // There is nothing at this address, which only those are told who have access.
  expect((await ask(server, bearer(token))).status).toBe(404);
  expect((await ask(server, { Authorization: `bearer  ${token}` })).status).toBe(404);
  const none = await ask(server);
  expect(none.status).toBe(401);
  expect(none.headers.get("www-authenticate")).toBe('Bearer realm="hubbub"');
  expect(await none.json()).toEqual({ status: 401, message: "This address needs the admin token" });
  for (const authorization of [`Basic ${token}`, "Bearer", `Bearer ${token} x`, token]) {
    expect((await ask(server, { Authorization: authorization })).status).toBe(401);
  }
  expect(server.app.metrics.requestsRefused["admin-token"]).toBe(0);
  for (const wrong of [`${token}x`, token.slice(1), token.toUpperCase()]) {
    const answer = await ask(server, bearer(wrong));
    expect([answer.status, await answer.json()]).toEqual([401, { status: 401, message: "The token is wrong" }]);
  }
  expect(server.app.metrics.requestsRefused["admin-token"]).toBe(3);
});

test("AdminAccess gives a browser a cookie for the token, and the address without it", async () => {
  await using server = await start();
  const { answer, setCookie, Cookie } = await signIn(server);
  expect(answer.headers.get("location")).toBe("/-/");
  expect(answer.headers.get("cache-control")).toBe("no-store");
  const { port } = new URL(server.url("/"));
  expect(setCookie).toMatch(new RegExp(`^hubbub-admin-${port}=[\\w-]{43}; Path=/-/; HttpOnly; SameSite=Strict$`));
  expect(setCookie).not.toContain(token);
  expect((await ask(server, { Cookie: `a=b; ${Cookie}; c=d` })).status).toBe(404);
  // The cookie is no token, nor the token a cookie.
  expect((await ask(server, bearer(Cookie.split("=")[1] ?? ""))).status).toBe(401);
  expect((await ask(server, { Cookie: `hubbub-admin-${port}=${token}` })).status).toBe(401);
});

test("AdminAccess marks the cookie as Secure when a trusted proxy speaks https", async () => {
  await using server = await start({ "trust-proxy": "loopback" });
  const forwarded = { "X-Forwarded-Proto": "https", "X-Forwarded-Host": "chat.example.com" };
  const { setCookie } = await signIn(server, forwarded);
  expect(setCookie).toMatch(/^hubbub-admin=[\w-]{43}; Path=\/-\/; HttpOnly; SameSite=Strict; Secure$/);
});

test("AdminAccess has a browser forget a cookie of another start", async () => {
  await using server = await start();
  const { port } = new URL(server.url("/"));
  const answer = await ask(server, { Cookie: `hubbub-admin-${port}=old` });
  expect(answer.status).toBe(401);
  expect(answer.headers.get("set-cookie")).toContain(`hubbub-admin-${port}=; Path=/-/;`);
  expect(answer.headers.get("set-cookie")).toContain("Max-Age=0");
});

test("AdminAccess shows a form to a person in a browser, which signs in", async () => {
  await using server = await start();
  const page = await ask(server, { Accept: "text/html" }, "/-/");
  expect(page.status).toBe(401);
  expect(page.headers.get("content-security-policy")).toContain("form-action 'self'");
  expect(await page.text()).toContain('<form method="post" action="/-/sign-in">');
  const post = (body: string) =>
    server.fetch("/-/sign-in", {
      method: "POST",
      body,
      headers: { "Content-Type": "application/x-www-form-urlencoded", Origin: server.url(""), Accept: "text/html" },
    });
  const wrong = await post("token=wrong");
  expect([wrong.status, (await wrong.text()).includes("The token is wrong")]).toEqual([401, true]);
  expect((await post("name=x")).status).toBe(400);
  const right = await post(`token=${token}`);
  expect([right.status, right.headers.get("location")]).toEqual([303, "/-/"]);
});

const otherPages: Record<string, string>[] = [
  { Origin: "http://evil.example" },
  { Origin: "null" },
  { Origin: "http://127.0.0.1:1" },
  { "Sec-Fetch-Site": "cross-site" },
  { "Sec-Fetch-Site": "same-site" },
];

test.each(otherPages)("AdminAccess refuses a page of another origin: %p", async (headers) => {
  await using server = await start();
  const { Cookie } = await signIn(server);
  for (const [credentials, path] of [
    [bearer(token), "/-/api/groups"],
    [{ Cookie }, "/-/api/groups"],
    [{}, `/-/?token=${token}`],
  ] as const) {
    const answer = await ask(server, { ...headers, ...credentials }, path);
    expect(answer.status).toBe(403);
    expect(answer.headers.get("access-control-allow-origin")).toBeNull();
    expect(answer.headers.get("set-cookie")).toBeNull();
    expect(await answer.json()).toEqual({
      status: 403,
      message: "Pages of other origins have no access to this address",
    });
  }
  const preflight = await ask(
    server,
    { ...headers, "Access-Control-Request-Method": "POST" },
    "/-/api/groups",
    "OPTIONS",
  );
  expect([preflight.status, preflight.headers.get("access-control-allow-origin")]).toEqual([403, null]);
});

test("AdminAccess takes a change by cookie only from a page that says where it is from", async () => {
  await using server = await start();
  const { Cookie } = await signIn(server);
  const post = async (headers: Record<string, string>) => (await ask(server, headers, "/-/api/nothing", "POST")).status;
  expect(await post({ Cookie })).toBe(403);
  expect(await post({ Cookie, Origin: server.url("") })).toBe(404);
  expect(await post({ Cookie, "Sec-Fetch-Site": "same-origin" })).toBe(404);
  expect(await post(bearer(token))).toBe(404);
});

test("AdminAccess compares origins as a trusted proxy tells", async () => {
  await using server = await start({ "trust-proxy": "loopback" });
  const forwarded = { "X-Forwarded-Proto": "https", "X-Forwarded-Host": "chat.example.com", ...bearer(token) };
  expect((await ask(server, { ...forwarded, Origin: "https://chat.example.com" })).status).toBe(404);
  expect((await ask(server, { ...forwarded, Origin: server.url("") })).status).toBe(403);
});

test("AdminAccess does not listen to an address that sent ten wrong tokens, and forgives one each 30 seconds", async () => {
  using folder = createFolder(controllers);
  const clock = new TestClock();
  const flags = { port: "0", drain: "0", "admin-token": token, "trust-proxy": "loopback" };
  const app = new App({ config: readConfig({ flags }), folder: folder.path, isEmbedded: false, version: "1", clock });
  const { origin } = await app.start();
  try {
    const askFrom = (address: string, given: string) =>
      fetch(`${origin}/-/api/nothing`, { headers: { ...bearer(given), "X-Forwarded-For": address } });
    const statusFrom = async (address: string, given: string) => (await askFrom(address, given)).status;
    for (let n = 0; n < 10; n += 1) expect(await statusFrom("2001:db8::1", `wrong-${n}`)).toBe(401);
    const refused = await askFrom("2001:db8::2", token);
    expect([refused.status, refused.headers.get("retry-after")]).toEqual([429, "30"]);
    expect(await refused.json()).toEqual({
      status: 429,
      message: "Too many wrong tokens came from this address: try again later",
    });
    expect(await statusFrom("2001:db8:0:1::1", token)).toBe(404);
    expect(await statusFrom("203.0.113.9", token)).toBe(404);
    await clock.advance(29_000);
    expect((await askFrom("2001:db8::1", token)).headers.get("retry-after")).toBe("1");
    await clock.advance(1000);
    expect(await statusFrom("2001:db8::1", token)).toBe(404);
    expect(await statusFrom("2001:db8::1", "wrong")).toBe(401);
    expect(await statusFrom("2001:db8::1", token)).toBe(429);
    expect(app.metrics.requestsRefused).toMatchObject({ "admin-token": 11, "admin-attempts": 3 });
  } finally {
    await app.stop();
  }
});
