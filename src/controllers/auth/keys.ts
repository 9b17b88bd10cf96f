import type { KeyObject } from "node:crypto";
import { nameKind } from "../../core/errors.ts";
import type { Algorithm, Jwk, JwtOptions } from "./contract.ts";
import { optionFault } from "./option-fault.ts";

/** What tokens are verified with, the algorithms that it allows, and a text that is the same for the same keys. */
export type Keys = { algorithms: readonly Algorithm[]; fingerprint: string } & (
  | { kind: "secret"; secret: Uint8Array }
  | { kind: "public"; key: KeyObject }
  | { kind: "set"; set: { keys: Jwk[] } }
  | { kind: "remote"; url: URL }
);

type Source = Pick<JwtOptions<unknown>, "secret" | "publicKey" | "jwks" | "allowHttp">;

const rsa: readonly Algorithm[] = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"];
const edwards: readonly Algorithm[] = ["EdDSA", "Ed25519"];
const byCurve: Record<string, Algorithm> = { prime256v1: "ES256", secp384r1: "ES384", secp521r1: "ES512" };

/** What a set of public keys allows: never a signature with a secret, for which a public key could be taken. */
const asymmetric: readonly Algorithm[] = [...rsa, ...Object.values(byCurve), ...edwards];

const MIN_RSA_BITS = 2048;

/**
 * The one of `secret`, `publicKey` and `jwks` that is given.
 *
 * @throws {Fault} `AUTH_OPTIONS` if it is no key, or too weak a one; the message has nothing of the key in it.
 */
export function readKeys(source: Source): Keys {
  if ("secret" in source) return readSecret(source.secret);
  if ("publicKey" in source) return readPublicKey(source.publicKey);
  const { jwks, allowHttp } = source;
  if (typeof jwks === "string" || jwks instanceof URL) return readAddress(jwks, allowHttp);
  return readSet(jwks);
}

function readSecret(secret: unknown): Keys {
  const wanted = "a text or bytes, at least 32";
  if (typeof secret !== "string" && !(secret instanceof Uint8Array)) {
    throw optionFault("secret", `it is ${nameKind(secret)}`, wanted);
  }
  const bytes = typeof secret === "string" ? new TextEncoder().encode(secret) : Uint8Array.from(secret);
  // A key is as long as the hash, or longer: RFC 7518 section 3.2.
  const algorithms = ([256, 384, 512] as const)
    .filter((bits) => bytes.length >= bits / 8)
    .map((bits): Algorithm => `HS${bits}`);
  if (algorithms.length === 0) throw optionFault("secret", `it has ${bytes.length} bytes`, wanted);
  return { kind: "secret", secret: bytes, algorithms, fingerprint: digest("secret", bytes) };
}

function readPublicKey(given: unknown): Keys {
  const key = parsePublicKey(given);
  const algorithms = listAlgorithms(key);
  return {
    kind: "public",
    key,
    algorithms,
    fingerprint: digest("public", key.export({ type: "spki", format: "der" })),
  };
}

function parsePublicKey(given: unknown): KeyObject {
  const wanted = "a public key or a certificate in PEM, or a JWK";
  const isText = typeof given === "string";
  if (!isText && !isJwk(given)) throw optionFault("publicKey", `it is ${nameKind(given)}`, wanted);
  if (isText ? given.includes("PRIVATE KEY") : "d" in given)
    throw optionFault("publicKey", "it is a private key", wanted);
  // Loaded here because it takes longer to load than all else that a server without tokens needs.
  const { createPublicKey } = process.getBuiltinModule("node:crypto");
  try {
    return isText ? createPublicKey(given) : createPublicKey({ key: { ...given }, format: "jwk" });
  } catch {
    throw optionFault("publicKey", "it cannot be read", wanted);
  }
}

function listAlgorithms({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): readonly Algorithm[] {
  const wanted = `RSA of ${MIN_RSA_BITS} bits or more, P-256, P-384, P-521 or Ed25519`;
  if (asymmetricKeyType === "rsa") {
    const bits = asymmetricKeyDetails?.modulusLength ?? 0;
    if (bits < MIN_RSA_BITS) throw optionFault("publicKey", `it is RSA of ${bits} bits`, wanted);
    return rsa;
  }
  if (asymmetricKeyType === "ed25519") return edwards;
  const curve = asymmetricKeyDetails?.namedCurve ?? "";
  const algorithm = Object.hasOwn(byCurve, curve) ? byCurve[curve] : undefined;
  if (algorithm === undefined) throw optionFault("publicKey", `it is ${asymmetricKeyType} ${curve}`.trimEnd(), wanted);
  return [algorithm];
}

function readAddress(jwks: string | URL, allowHttp: boolean | undefined): Keys {
  const wanted = "https, or http with allowHttp: true";
  const url = URL.parse(String(jwks));
  if (url === null) throw optionFault("jwks", "it is no address", "one such as https://example.com/jwks.json");
  const isSafe = url.protocol === "https:" || (url.protocol === "http:" && isLoopback(url.hostname));
  if (!isSafe && !(url.protocol === "http:" && allowHttp === true)) {
    throw optionFault("jwks", `it is fetched with ${url.protocol.slice(0, -1)}`, wanted);
  }
  return { kind: "remote", url, algorithms: asymmetric, fingerprint: digest("remote", url.href) };
}

function readSet(jwks: unknown): Keys {
  const wanted = "an address, or a set of public keys such as { keys: [...] }";
  const keys: unknown = typeof jwks === "object" && jwks !== null && "keys" in jwks ? jwks.keys : undefined;
  if (!Array.isArray(keys)) {
    const kind = nameKind(jwks);
    throw optionFault("jwks", kind === "an object" ? "it has no keys" : `it is ${kind}`, wanted);
  }
  if (!keys.every(isJwk)) throw optionFault("jwks", "it has something that is no key", wanted);
  if (keys.some((key) => "d" in key || key.kty === "oct"))
    throw optionFault("jwks", "it has a private key or a secret", wanted);
  const set = structuredClone({ keys });
  return { kind: "set", set, algorithms: asymmetric, fingerprint: digest("set", JSON.stringify(set)) };
}

function isJwk(value: unknown): value is Jwk {
  return typeof value === "object" && value !== null && "kty" in value && typeof value.kty === "string";
}

/** Whether what is sent to `host` stays on this machine. */
function isLoopback(host: string): boolean {
  return host === "localhost" || host === "[::1]" || /^127(?:\.\d+){3}$/.test(host);
}

function digest(kind: Keys["kind"], key: string | Uint8Array): string {
  return new Bun.CryptoHasher("sha256").update(`${kind}:`).update(key).digest("base64url");
}
