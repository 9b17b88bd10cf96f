import { exportJWK, exportSPKI, generateKeyPair, type JWK, SignJWT } from "jose";
import type { Algorithm } from "../../src/controllers/auth/contract.ts";

/** Signs tokens, and gives what verifies them. */
export type Signer = {
  /** A token of `ada` that expires in an hour, but for what `claims` and `header` say; undefined removes a claim. */
  sign: (claims?: Record<string, unknown>, header?: Record<string, unknown>) => Promise<string>;
  /** For a controller: `{ secret }`, or `{ publicKey }` in PEM. */
  options: { secret: string } | { publicKey: string };
  /** The public key as a JWK; absent for a secret. */
  jwk: JWK | undefined;
};

/** Seconds since 1970, `seconds` from now. */
export const inSeconds = (seconds: number): number => Math.floor(Date.now() / 1000) + seconds;

/** Makes a key for `algorithm`. */
export async function createSigner(algorithm: Algorithm, kid?: string): Promise<Signer> {
  if (algorithm.startsWith("HS")) {
    const secret = Buffer.from(crypto.getRandomValues(new Uint8Array(64))).toString("base64url");
    return {
      sign: signWith(new TextEncoder().encode(secret), { alg: algorithm }),
      options: { secret },
      jwk: undefined,
    };
  }
  const { privateKey, publicKey } = await generateKeyPair(algorithm, { extractable: true });
  const named = kid === undefined ? {} : { kid };
  return {
    sign: signWith(privateKey, { alg: algorithm, ...named }),
    options: { publicKey: await exportSPKI(publicKey) },
    jwk: { ...(await exportJWK(publicKey)), ...named },
  };
}

/** Signs as `Signer.sign` does, with any key. */
export function signWith(key: CryptoKey | Uint8Array, protectedHeader: { alg: string }): Signer["sign"] {
  return (claims = {}, header = {}) => {
    const all = Object.entries({ sub: "ada", exp: inSeconds(3600), ...claims });
    return new SignJWT(Object.fromEntries(all.filter(([, value]) => value !== undefined)))
      .setProtectedHeader({ ...protectedHeader, ...header })
      .sign(key);
  };
}

/** A token as a sub-protocol. */
export const toProtocol = (token: string): string => `bearer.${Buffer.from(token).toString("base64url")}`;

/** The header that carries a token. */
export const authorize = (token: string): Record<string, string> => ({ Authorization: `Bearer ${token}` });

/** Serves a set of keys as an identity provider does. */
export type KeyServer = Disposable & {
  url: string;
  /** What is served. */
  keys: (JWK | undefined)[];
  /** Instead of the keys, if it is set. */
  answer: (() => Response | Promise<Response>) | undefined;
  /** How often it was asked. */
  count: number;
};

export function startKeyServer(keys: (JWK | undefined)[] = []): KeyServer {
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch() {
      own.count += 1;
      return own.answer?.() ?? Response.json({ keys: own.keys });
    },
  });
  const own: KeyServer = {
    url: `${server.url.href}keys.json`,
    keys,
    answer: undefined,
    count: 0,
    [Symbol.dispose]: () => void server.stop(true),
  };
  return own;
}
