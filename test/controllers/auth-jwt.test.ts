import { afterAll, beforeAll, expect, test } from "bun:test";
import { base64url } from "jose";
import type { Algorithm, JwtOptions } from "../../src/controllers/auth/contract.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { authorize, createSigner, inSeconds, type Signer, signWith } from "../support/tokens.ts";

const algorithms: Algorithm[] = [
  "HS256",
  "HS384",
  "HS512",
  "RS256",
  "RS384",
  "RS512",
  "PS256",
  "PS384",
  "PS512",
  "ES256",
  "ES384",
  "ES512",
  "EdDSA",
  "Ed25519",
];

const signers = new Map<Algorithm, Signer>();
for (const algorithm of algorithms) signers.set(algorithm, await createSigner(algorithm));

const signerOf = (algorithm: Algorithm) => signers.get(algorithm) as Signer;

const controller = (options: JwtOptions<unknown>) => `
import { jwt } from "hubbub/auth";
const auth = jwt(${JSON.stringify(options)});
export const get = auth(({ user }) => ({ body: { user } }));
`;

const { jwk: rsaJwk, options: rsaOptions, sign: signRsa } = signerOf("RS256");
const { options: hmacOptions, sign: signHmac } = signerOf("HS256");
const others = { first: await createSigner("ES256"), second: await createSigner("ES256") };
const publicPem = "publicKey" in rsaOptions ? rsaOptions.publicKey : "";

let server: TestServer;

beforeAll(async () => {
  server = await startServer({
    ...Object.fromEntries(algorithms.map((name) => [`${name}.ts`, controller(signerOf(name).options)])),
    "jwk.ts": controller({ publicKey: rsaJwk ?? {} }),
    "set.ts": controller({ jwks: { keys: [others.first.jwk ?? {}, others.second.jwk ?? {}, rsaJwk ?? {}] } }),
    "one-algorithm.ts": controller({ ...rsaOptions, algorithms: ["PS256"] }),
    "claims.ts": controller({
      ...hmacOptions,
      issuer: ["https://id.example", "https://old.example"],
      audience: "chat",
      typ: "at+jwt",
      clockTolerance: 10,
    }),
    "strict-clock.ts": controller({ ...hmacOptions, clockTolerance: 0 }),
    "methods.ts": `
      import { jwt } from "hubbub/auth";
      const auth = jwt(${JSON.stringify(hmacOptions)});
      const show = ({ user, method }) => ({ body: { user: user ?? null, method } });
      export const get = auth.optional(show);
      export const post = auth((request) => { request.later; return show(request); });
      export const put = async ({ body }) => ({ body: { user: (await auth.verify(body)) ?? null } });
      export const patch = auth(() => { throw new Error("the controller's own"); });
    `,
    "schema.ts": `
      import { jwt } from "hubbub/auth";
      import * as v from "valibot";
      const schema = v.pipe(
        v.object({ sub: v.string(), roles: v.array(v.string()) }),
        v.transform(({ sub, roles }) => ({ name: sub, isAdmin: roles.includes("admin") })),
      );
      const auth = jwt({ ...${JSON.stringify(hmacOptions)}, schema });
      export const get = auth(({ user }) => ({ body: { user } }));
    `,
  });
});

afterAll(() => server[Symbol.asyncDispose]());

type Answer = { status: number; challenge: string | null; user: unknown };

type Sent = { method?: string; body?: string; headers?: Record<string, string> };

async function ask(path: string, token: string | undefined, init: Sent = {}): Promise<Answer> {
  const headers = token === undefined ? {} : authorize(token);
  const response = await server.fetch(path, { ...init, headers: { ...headers, ...init.headers } });
  const { user } = (await response.json()) as { user: unknown };
  return { status: response.status, challenge: response.headers.get("www-authenticate"), user };
}

const refused = (problem: string): Answer => ({
  status: 401,
  challenge: `Bearer error="invalid_token", error_description="${problem}"`,
  user: undefined,
});

const encode = (value: unknown) => base64url.encode(JSON.stringify(value));

test.each(algorithms)("jwt() lets a token signed with %s pass, and gives its claims as the user", async (algorithm) => {
  const token = await signerOf(algorithm).sign({ name: "Ada" });
  const answer = await ask(`/${algorithm}`, token);
  expect(answer).toMatchObject({ status: 200, challenge: null, user: { sub: "ada", name: "Ada" } });
});

test.each(algorithms)("jwt() refuses a %s token with another's signature or other claims", async (algorithm) => {
  const token = await signerOf(algorithm).sign();
  const [header = "", , signature = ""] = token.split(".");
  const claims = encode({ sub: "eve", exp: inSeconds(3600) });
  expect(await ask(`/${algorithm}`, `${header}.${claims}.${signature}`)).toEqual(refused("The signature is not valid"));
  const forged = await (await createSigner(algorithm)).sign();
  expect(await ask(`/${algorithm}`, forged)).toEqual(refused("The signature is not valid"));
});

test.each(algorithms)("jwt() refuses a %s token whose algorithm was turned into none", async (algorithm) => {
  const [, claims = "", signature = ""] = (await signerOf(algorithm).sign()).split(".");
  for (const alg of ["none", "None", "NONE", "nOnE"]) {
    for (const rest of ["", signature]) {
      const answer = await ask(`/${algorithm}`, `${encode({ alg })}.${claims}.${rest}`);
      expect({ alg, ...answer }).toMatchObject({ alg, status: 401, user: undefined });
    }
  }
});

test("jwt() refuses an HS token that was signed with the public key as the secret", async () => {
  const secrets = [publicPem, publicPem.trim(), `${publicPem}\n`, JSON.stringify(rsaJwk)];
  for (const secret of secrets) {
    for (const alg of ["HS256", "HS384", "HS512"]) {
      const token = await signWith(new TextEncoder().encode(secret), { alg })();
      for (const path of ["/RS256", "/jwk", "/set", "/one-algorithm"]) {
        expect({ path, ...(await ask(path, token)) }).toEqual({ path, ...refused("The algorithm is not allowed") });
      }
    }
  }
});

test("jwt() trusts no key that the token brings along", async () => {
  const own = await createSigner("RS256");
  for (const header of [{ jwk: own.jwk }, { jku: "http://127.0.0.1:9/keys.json" }, { x5u: "http://127.0.0.1:9/" }]) {
    expect(await ask("/RS256", await own.sign({}, header))).toEqual(refused("The signature is not valid"));
  }
});

test("jwt() takes a JWK for a public key", async () => {
  expect(await ask("/jwk", await signRsa())).toMatchObject({ status: 200, user: { sub: "ada" } });
});

test("jwt() finds the key in a set, also among several that fit", async () => {
  for (const { sign } of [others.first, others.second, signerOf("PS384"), signerOf("RS256")]) {
    const isInSet = sign !== signerOf("PS384").sign;
    expect((await ask("/set", await sign())).status).toBe(isInSet ? 200 : 401);
  }
  expect(await ask("/set", await (await createSigner("ES256")).sign())).toEqual(refused("The signature is not valid"));
  expect(await ask("/set", await (await createSigner("ES384")).sign())).toEqual(refused("No key fits the token"));
  expect(await ask("/set", await others.second.sign({ exp: inSeconds(-60) }))).toEqual(
    refused("The token has expired"),
  );
});

test("jwt() allows only the algorithms that are listed", async () => {
  expect(await ask("/one-algorithm", await signRsa())).toEqual(refused("The algorithm is not allowed"));
});

const right = { iss: "https://id.example", aud: "chat" };
const typ = "at+jwt";

test.each<[what: string, claims: Record<string, unknown>, header?: Record<string, unknown>, problem?: string]>([
  ["the issuer and the audience", {}],
  ["one of several issuers", { iss: "https://old.example" }],
  ["one of several audiences", { aud: ["news", "chat"] }],
  ["a type with its prefix", {}, { typ: "application/at+jwt" }],
  ["an end that is within the tolerance", { exp: inSeconds(-5) }],
  ["a begin that is within the tolerance", { nbf: inSeconds(5) }],
  ["another issuer", { iss: "https://evil.example" }, {}, "The token is of another issuer"],
  ["an issuer that only begins alike", { iss: "https://id.example.evil" }, {}, "The token is of another issuer"],
  ["no issuer", { iss: undefined }, {}, "The token is of another issuer"],
  ["another audience", { aud: "mail" }, {}, "The token is for another audience"],
  ["other audiences", { aud: ["mail", "news"] }, {}, "The token is for another audience"],
  ["no audience", { aud: undefined }, {}, "The token is for another audience"],
  ["another type", {}, { typ: "JWT" }, "The token is of another type"],
  ["no type", {}, { typ: undefined }, "The token is of another type"],
  ["an end beyond the tolerance", { exp: inSeconds(-20) }, {}, "The token has expired"],
  ["a begin beyond the tolerance", { nbf: inSeconds(60) }, {}, "The token is not valid yet"],
  ["an end that is no number", { exp: "never" }, {}, "The token is not valid"],
])("jwt() looks at %s", async (_what, claims, header = {}, problem) => {
  const token = await signHmac({ ...right, ...claims }, { typ, ...header });
  const answer = await ask("/claims", token);
  if (problem === undefined) expect(answer).toMatchObject({ status: 200, user: { sub: "ada" } });
  else expect(answer).toEqual(refused(problem));
});

test("jwt() tolerates clocks that differ by five seconds, unless it is told another number", async () => {
  const token = await signHmac({ exp: inSeconds(-3) });
  expect((await ask("/HS256", token)).status).toBe(200);
  expect(await ask("/strict-clock", token)).toEqual(refused("The token has expired"));
  expect(await ask("/HS256", await signHmac({ exp: inSeconds(-6) }))).toEqual(refused("The token has expired"));
});

test.each<[what: string, token: string]>([
  ["one part", "abc"],
  ["two parts", "abc.def"],
  ["four parts", "a.b.c.d"],
  ["five parts, an encrypted one", "a.b.c.d.e"],
  ["empty parts", ".."],
  ["a header that is no JSON", `${base64url.encode("no")}.e30.AA`],
  ["a header that is null", `${encode(null)}.e30.AA`],
  ["a header that is a list", `${encode([])}.e30.AA`],
  ["an algorithm of the prototype", `${encode({ alg: "toString" })}.e30.AA`],
  ["an algorithm that is no text", `${encode({ alg: 1 })}.e30.AA`],
  ["a critical header that is unknown", `${encode({ alg: "HS256", crit: ["x"], x: 1 })}.e30.AA`],
  ["one with a payload that is not encoded", `${encode({ alg: "HS256", b64: false, crit: ["b64"] })}.{}.AA`],
  ["as long as a header can be", "a".repeat(13_000)],
])("jwt() refuses a token that is %s", async (_what, token) => {
  expect(await ask("/HS256", token)).toMatchObject({ status: 401, user: undefined });
});

test("jwt() challenges a request without a token, and says no more than that one is wanted", async () => {
  expect(await ask("/HS256", undefined)).toEqual({ status: 401, challenge: "Bearer", user: undefined });
  const page = await server.fetch("/HS256", { headers: { Accept: "text/html" } });
  expect(page.headers.get("content-type")).toStartWith("text/html");
  expect(page.headers.get("cache-control")).toBe("no-store");
  expect(await page.text()).toContain("Not signed in");
});

test("jwt() guards the methods that it is put before, and no others", async () => {
  const token = await signHmac();
  expect(await ask("/methods", token)).toMatchObject({ status: 200, user: { sub: "ada" } });
  expect(await ask("/methods", token, { method: "POST" })).toMatchObject({ status: 200, user: { sub: "ada" } });
  expect(await ask("/methods", undefined, { method: "POST" })).toMatchObject({ status: 401 });
  expect((await server.fetch("/methods", { method: "HEAD", headers: authorize(token) })).status).toBe(200);
});

test("optional() lets a request without a token pass, but not one with a wrong token", async () => {
  expect(await ask("/methods", undefined)).toEqual({ status: 200, challenge: null, user: null });
  expect(await ask("/methods", "wrong")).toEqual(refused("The token is not valid"));
  expect(await ask("/methods", "two words")).toEqual(refused("The token is not valid"));
});

test("verify() gives the user of a token, or nothing", async () => {
  const verify = (body: string) =>
    ask("/methods", undefined, { method: "PUT", body, headers: { "Content-Type": "text/plain" } });
  expect(await verify(await signHmac({ name: "Ada" }))).toMatchObject({ user: { sub: "ada", name: "Ada" } });
  expect(await verify("wrong")).toMatchObject({ status: 200, user: null });
  expect(await verify("a".repeat(20_000))).toMatchObject({ status: 200, user: null });
  expect(await ask("/methods", undefined, { method: "PUT" })).toMatchObject({ status: 200, user: null });
});

test("a guard hides nothing that the controller throws", async () => {
  const response = await server.fetch("/methods", { method: "PATCH", headers: authorize(await signHmac()) });
  expect(response.status).toBe(500);
});

test("jwt() gives what the schema makes of the claims, and refuses claims that it does not take", async () => {
  const admin = await ask("/schema", await signHmac({ roles: ["admin"] }));
  expect(admin).toMatchObject({ status: 200, user: { name: "ada", isAdmin: true } });
  expect(await ask("/schema", await signHmac())).toEqual(refused("The claims are not as expected"));
});
