import { expect, test } from "bun:test";
import { generateKeyPairSync } from "node:crypto";
import { importPKCS8 } from "jose";
import * as v from "valibot";
import { readTrust } from "../../src/controllers/auth/options.ts";
import { Fault } from "../../src/core/errors.ts";
import { createCertificate } from "../support/certificates.ts";
import { startServer } from "../support/server.ts";
import { authorize, createSigner, signWith } from "../support/tokens.ts";

const secret = "a".repeat(32);

const rsa = await createSigner("RS256");
const publicKey = "publicKey" in rsa.options ? rsa.options.publicKey : "";
const shortRsa = generateKeyPairSync("rsa", { modulusLength: 1024 }).publicKey.export({ type: "spki", format: "pem" });
const exchangeKey = generateKeyPairSync("x25519").publicKey.export({ type: "spki", format: "pem" });
const privateKey = generateKeyPairSync("ed25519").privateKey;
const privatePem = privateKey.export({ type: "pkcs8", format: "pem" });
const privateJwk = privateKey.export({ format: "jwk" });

const wantedSecret = "expected a text or bytes, at least 32";
const wantedKey = "expected a public key or a certificate in PEM, or a JWK";
const wantedCurve = "expected RSA of 2048 bits or more, P-256, P-384, P-521 or Ed25519";
const wantedSet = "expected an address, or a set of public keys such as { keys: [...] }";
const wantedHttps = "expected https, or http with allowHttp: true";

test.each<[what: string, options: object, message: string]>([
  ["no key", {}, "Cannot check tokens: no key is given, expected one of secret, publicKey and jwks"],
  [
    "two keys",
    { secret, publicKey },
    "Cannot check tokens: secret and publicKey are given, expected one of secret, publicKey and jwks",
  ],
  [
    "a misspelt option",
    { secret, audiance: "chat" },
    'Cannot check tokens with "audiance": there is no such option, expected one of secret, publicKey, jwks, allowHttp, issuer, audience, algorithms, typ, clockTolerance, cookie, schema',
  ],
  [
    "an issuer that is not set",
    { secret, issuer: undefined },
    'Cannot check tokens with "issuer": it is undefined, expected a value, or no option',
  ],
  [
    "a secret that is not set",
    { secret: undefined },
    `Cannot check tokens with "secret": it is undefined, ${wantedSecret}`,
  ],
  ["an empty secret", { secret: "" }, `Cannot check tokens with "secret": it has 0 bytes, ${wantedSecret}`],
  ["a short secret", { secret: "a".repeat(31) }, `Cannot check tokens with "secret": it has 31 bytes, ${wantedSecret}`],
  ["a secret that is a number", { secret: 1 }, `Cannot check tokens with "secret": it is a number, ${wantedSecret}`],
  [
    "an algorithm that the secret is too short for",
    { secret, algorithms: ["HS512"] },
    'Cannot check tokens with "algorithms": it has "HS512", expected some of HS256, which the key allows',
  ],
  [
    "an HS algorithm with a public key",
    { publicKey, algorithms: ["RS256", "HS256"] },
    'Cannot check tokens with "algorithms": it has "HS256", expected some of RS256, RS384, RS512, PS256, PS384, PS512, which the key allows',
  ],
  [
    "the algorithm none",
    { secret, algorithms: ["none"] },
    'Cannot check tokens with "algorithms": it has "none", expected some of HS256, which the key allows',
  ],
  [
    "no algorithm",
    { secret, algorithms: [] },
    'Cannot check tokens with "algorithms": it is empty, expected some of HS256, which the key allows',
  ],
  [
    "one algorithm as a text",
    { secret, algorithms: "HS256" },
    'Cannot check tokens with "algorithms": it is a string, expected some of HS256, which the key allows',
  ],
  [
    "a public key that is none",
    { publicKey: "x" },
    `Cannot check tokens with "publicKey": it cannot be read, ${wantedKey}`,
  ],
  [
    "a JWK without its number",
    { publicKey: { kty: "RSA", e: "AQAB" } },
    `Cannot check tokens with "publicKey": it cannot be read, ${wantedKey}`,
  ],
  [
    "a public key that is a list",
    { publicKey: [] },
    `Cannot check tokens with "publicKey": it is an array, ${wantedKey}`,
  ],
  [
    "a private key",
    { publicKey: privatePem },
    `Cannot check tokens with "publicKey": it is a private key, ${wantedKey}`,
  ],
  [
    "a private JWK",
    { publicKey: privateJwk },
    `Cannot check tokens with "publicKey": it is a private key, ${wantedKey}`,
  ],
  [
    "a short RSA key",
    { publicKey: shortRsa },
    `Cannot check tokens with "publicKey": it is RSA of 1024 bits, ${wantedCurve}`,
  ],
  [
    "a key that signs nothing",
    { publicKey: exchangeKey },
    `Cannot check tokens with "publicKey": it is x25519, ${wantedCurve}`,
  ],
  [
    "an address that is none",
    { jwks: "keys.json" },
    'Cannot check tokens with "jwks": it is no address, expected one such as https://example.com/jwks.json',
  ],
  [
    "an address without TLS",
    { jwks: "http://id.example/keys.json" },
    `Cannot check tokens with "jwks": it is fetched with http, ${wantedHttps}`,
  ],
  [
    "an address that only begins like this machine's",
    { jwks: "http://127.0.0.1.evil.example/keys.json" },
    `Cannot check tokens with "jwks": it is fetched with http, ${wantedHttps}`,
  ],
  [
    "an address of a file",
    { jwks: "file:///keys.json", allowHttp: true },
    `Cannot check tokens with "jwks": it is fetched with file, ${wantedHttps}`,
  ],
  ["a set that is none", { jwks: {} }, `Cannot check tokens with "jwks": it has no keys, ${wantedSet}`],
  ["a set that is not set", { jwks: undefined }, `Cannot check tokens with "jwks": it is undefined, ${wantedSet}`],
  [
    "a public key that is not set",
    { publicKey: undefined },
    `Cannot check tokens with "publicKey": it is undefined, ${wantedKey}`,
  ],
  [
    "a set with something else",
    { jwks: { keys: ["x"] } },
    `Cannot check tokens with "jwks": it has something that is no key, ${wantedSet}`,
  ],
  [
    "a set with a private key",
    { jwks: { keys: [privateJwk] } },
    `Cannot check tokens with "jwks": it has a private key or a secret, ${wantedSet}`,
  ],
  [
    "a set with a secret",
    { jwks: { keys: [{ kty: "oct", k: "AAAA" }] } },
    `Cannot check tokens with "jwks": it has a private key or a secret, ${wantedSet}`,
  ],
  [
    "an empty issuer",
    { secret, issuer: "" },
    'Cannot check tokens with "issuer": it is empty, expected a text or a list of texts',
  ],
  [
    "an empty list of audiences",
    { secret, audience: [] },
    'Cannot check tokens with "audience": it is empty, expected a text or a list of texts',
  ],
  [
    "an audience that is a number",
    { secret, audience: ["chat", 7] },
    'Cannot check tokens with "audience": it has a number, expected a text or a list of texts',
  ],
  ["a type that is a number", { secret, typ: 1 }, 'Cannot check tokens with "typ": it is a number, expected a text'],
  [
    "a cookie without a name",
    { secret, cookie: "" },
    'Cannot check tokens with "cookie": it is empty, expected a text',
  ],
  [
    "a tolerance that is too long",
    { secret, clockTolerance: 301 },
    'Cannot check tokens with "clockTolerance": it is 301, expected 0 to 300 seconds',
  ],
  [
    "a tolerance that is a text",
    { secret, clockTolerance: "5s" },
    'Cannot check tokens with "clockTolerance": it is a string, expected 0 to 300 seconds',
  ],
  [
    "a schema that is none",
    { secret, schema: { parse() {} } },
    'Cannot check tokens with "schema": it is an object, expected a schema of valibot or of another Standard Schema library',
  ],
])("readTrust() refuses %s", (_what, options, message) => {
  try {
    readTrust(options);
    throw new Error("It was accepted");
  } catch (error) {
    expect(error).toBeInstanceOf(Fault);
    expect(error).toMatchObject({ code: "AUTH_OPTIONS", message });
  }
});

test("readTrust() allows the algorithms that the key is good for", () => {
  const algorithmsOf = (options: object) => readTrust(options).algorithms;
  expect(algorithmsOf({ secret })).toEqual(["HS256"]);
  expect(algorithmsOf({ secret: new Uint8Array(48) })).toEqual(["HS256", "HS384"]);
  expect(algorithmsOf({ secret: "ä".repeat(32) })).toEqual(["HS256", "HS384", "HS512"]);
  expect(algorithmsOf({ publicKey })).toEqual(["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"]);
  expect(algorithmsOf({ publicKey, algorithms: ["PS512"] })).toEqual(["PS512"]);
  expect(algorithmsOf({ jwks: "https://id.example/keys.json" }).filter((name) => name.startsWith("HS"))).toEqual([]);
});

test.each([
  "https://id.example/k",
  "http://localhost:1/k",
  "http://127.8.9.1/k",
  "http://[::1]:1/k",
  new URL("https://a/"),
])("readTrust() takes the address %s", (jwks) => {
  expect(readTrust({ jwks }).keys.kind).toBe("remote");
});

test("readTrust() takes http from elsewhere only if it is told to", () => {
  expect(readTrust({ jwks: "http://id.internal/k", allowHttp: true }).keys.kind).toBe("remote");
});

test("readTrust() gives the same fingerprint for options that believe the same tokens", () => {
  const of = (options: object) => readTrust(options).fingerprint;
  const base = { secret, issuer: "a" };
  const schema = v.object({});
  expect(of({ secret: new TextEncoder().encode(secret), issuer: ["a"], cookie: "token", schema })).toBe(of(base));
  const different = [
    { ...base, secret: "b".repeat(32) },
    { ...base, issuer: "b" },
    { ...base, audience: "a" },
    { ...base, typ: "JWT" },
    { ...base, clockTolerance: 6 },
    { publicKey, issuer: "a" },
    { publicKey, issuer: "a", algorithms: ["RS256"] },
    { jwks: "https://id.example/keys.json", issuer: "a" },
    { jwks: { keys: [rsa.jwk] }, issuer: "a" },
  ];
  expect(new Set([base, ...different].map(of)).size).toBe(different.length + 1);
});

/** The faults of the one controller that a server with `text` has. */
async function findFaults(text: string): Promise<unknown[]> {
  const thrown = await startServer({ "chat.ts": text }).catch((error: unknown) => error);
  return thrown instanceof AggregateError ? thrown.errors : [];
}

test("jwt() stops the start with a fault that names the file and not the secret", async () => {
  const faults = await findFaults(
    `import { jwt } from "hubbub/auth";\nexport const get = jwt({ secret: "hunter2" })(() => ({}));`,
  );
  const message = `Cannot load controller "chat.ts": Cannot check tokens with "secret": it has 7 bytes, ${wantedSecret} at chat.ts:2:20`;
  expect(faults).toMatchObject([{ code: "CONTROLLER_LOAD", message }]);
  expect(Bun.inspect(faults)).not.toContain("hunter2");
});

test("a guard before something that is no method stops the start", async () => {
  const faults = await findFaults(
    `import { jwt } from "hubbub/auth";\nexport const get = jwt({ secret: "${secret}" })({ webSocket: {} });`,
  );
  const message = expect.stringContaining("Cannot guard a method: it is an object, expected a function");
  expect(faults).toMatchObject([{ code: "CONTROLLER_LOAD", message }]);
});

test("jwt() takes a certificate", async () => {
  const { certificate, key } = createCertificate("id");
  await using server = await startServer({
    "who.ts": `import { jwt } from "hubbub/auth";
      export const get = jwt({ publicKey: ${JSON.stringify(certificate)} })(({ user }) => ({ body: user }));`,
  });
  const token = await signWith(await importPKCS8(key, "ES256"), { alg: "ES256" })();
  const response = await server.fetch("/who", { headers: authorize(token) });
  expect(await response.json()).toMatchObject({ sub: "ada" });
});
