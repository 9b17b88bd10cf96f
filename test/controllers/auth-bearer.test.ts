import { expect, test } from "bun:test";
import { bearer, hideBearerProtocols, isBearerProtocol } from "../../src/controllers/auth/bearer.ts";
import { LazyRequest, splitUrl } from "../../src/http/request.ts";
import { handshake, connectRaw } from "../support/raw.ts";
import { startServer } from "../support/server.ts";
import { waitFor } from "../support/session.ts";
import { createSigner, toProtocol } from "../support/tokens.ts";

function requestWith(headers: Record<string, string>): LazyRequest {
  const origination = { scheme: "http", authority: "localhost", remoteAddress: "127.0.0.1" } as const;
  const raw = new Request("http://localhost/chat", { headers });
  return new LazyRequest({ raw, target: splitUrl(raw.url), origination, isUpgrade: true, pathParams: {}, body: {} });
}

const offer = (...protocols: string[]) => ({ "Sec-WebSocket-Protocol": protocols.join(", ") });

test.each<[what: string, headers: Record<string, string>, token: string | undefined]>([
  ["Authorization", { Authorization: "Bearer a.b-c_d~e+f/g==" }, "a.b-c_d~e+f/g=="],
  ["Authorization in lower case", { Authorization: "bearer abc" }, "abc"],
  ["Authorization with spaces", { Authorization: "Bearer   abc" }, "abc"],
  ["a sub-protocol alone", offer(toProtocol("a.b.c")), "a.b.c"],
  ["a sub-protocol among others", offer("chat", toProtocol("a.b.c"), "json"), "a.b.c"],
  ["a sub-protocol with a token of any characters", offer(toProtocol("ä ?&/=")), "ä ?&/="],
  ["the first of two sub-protocols", offer(toProtocol("one"), toProtocol("two")), "one"],
  ["the named cookie", { Cookie: "other=x; token=abc" }, "abc"],
  ["Authorization before the others", { Authorization: "Bearer a", ...offer(toProtocol("b")), Cookie: "token=c" }, "a"],
  ["the sub-protocol before the cookie", { ...offer(toProtocol("b")), Cookie: "token=c" }, "b"],
  ["no header", {}, undefined],
  ["another scheme", { Authorization: "Basic YTpi" }, undefined],
  ["a scheme alone", { Authorization: "Bearer" }, undefined],
  ["two words, which are no token", { Authorization: "Bearer a b", Cookie: "token=c" }, "a b"],
  ["a sub-protocol without a token", offer("bearer"), undefined],
  ["an empty sub-protocol", offer("bearer."), undefined],
  ["a sub-protocol in plain base64", offer("bearer.Pz8+"), "??>"],
  ["a sub-protocol of a similar name", offer("xbearer.YWJj", "Bearer.YWJj"), undefined],
  ["another cookie", { Cookie: "tokens=abc" }, undefined],
  ["an empty cookie", { Cookie: "token=" }, undefined],
])("bearer() reads %s", (_what, headers, token) => {
  expect(bearer(requestWith(headers), { cookie: "token" })).toBe(token as string);
});

test("bearer() reads no cookie unless it is named", () => {
  expect(bearer(requestWith({ Cookie: "token=abc" }))).toBeUndefined();
  expect(bearer(requestWith({ Cookie: "session=abc" }), { cookie: "session" })).toBe("abc");
  expect(bearer(requestWith({}), { cookie: "toString" })).toBeUndefined();
});

test.each([[undefined], [""], [7]])("bearer() refuses the cookie %p", (cookie) => {
  expect(() => bearer(requestWith({}), { cookie: cookie as string })).toThrow("Cannot read a token from a cookie");
});

test("bearer() reads no token from the address", async () => {
  await using server = await startServer({
    "a.ts": `import { bearer } from "hubbub/auth"; export const get = (r) => ({ body: { token: bearer(r) ?? null } });`,
  });
  const answer = await server.fetch("/a?token=abc&access_token=abc&bearer=abc");
  expect(await answer.json()).toEqual({ token: null });
});

test.each([
  ["bearer.YWJj", true],
  ["bearer", false],
  ["bearer.", false],
  ["bearers.YWJj", false],
  ["chat", false],
])("isBearerProtocol() of %s is %p", (name, is) => {
  expect(isBearerProtocol(name)).toBe(is);
});

test.each([
  ["chat, json", "chat, json"],
  ["chat, bearer.YWJj, json", "chat, json"],
  ["chat,bearer.YWJj", "chat"],
  ["bearer, bearer.YWJj", "bearer"],
  ["bearer.YWJj", undefined],
  ["bearer.YWJj, bearer.ZGVm", undefined],
])("hideBearerProtocols() makes of %p %p", (header, shown) => {
  expect(hideBearerProtocols(header)).toBe(shown as string);
});

const token = await (await createSigner("HS256")).sign();
const protocol = toProtocol(token);

/** What in a controller's hands could bring a token into a log or a page. */
const spy = `
import { inspect } from "node:util";
export const get = (request) => {
  const name = request.headers["Sec-WebSocket-Protocol"] ?? request.getHeader("sec-websocket-protocol");
  return {
    status: 400,
    body: [JSON.stringify(request), inspect(request), Bun.inspect(request), JSON.stringify(request.headers), String(name)],
  };
};
`;

test("a request shows no token of a sub-protocol to its controller, in whatever form", async () => {
  await using server = await startServer({ "spy.ts": spy });
  for (const offered of [protocol, `chat, ${protocol}`, `${protocol},chat`, `chat,${protocol}, ${protocol}`]) {
    using raw = await connectRaw(server.url("/spy"), handshake("/spy", { "Sec-WebSocket-Protocol": offered }));
    await waitFor(() => raw.received().includes("\r\n\r\n["), "answer");
    const answer = raw.received().toString();
    expect(answer).toStartWith("HTTP/1.1 400");
    expect(answer).not.toContain("bearer.");
    expect(answer).toEndWith(offered === protocol ? '"null"]' : '"chat"]');
  }
});

test("a request shows no credentials as JSON and in console.log", async () => {
  for (const [authorization, hidden] of [
    [`Bearer ${token}`, '"Bearer …"'],
    [token, '"…"'],
  ] as const) {
    const request = requestWith({ Authorization: authorization });
    for (const shown of [JSON.stringify(request), Bun.inspect(request)]) {
      expect(shown).toContain(hidden);
      expect(shown).not.toContain(token);
    }
    expect(request.headers["Authorization"]).toBe(authorization);
    expect(request.getHeader("authorization")).toBe(authorization);
  }
});
