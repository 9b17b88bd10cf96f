import { createLocalJWKSet, jwtVerify, type JWTPayload, type JWTVerifyGetKey, type JWTVerifyOptions } from "jose";
import {
  JOSEAlgNotAllowed,
  JWKSMultipleMatchingKeys,
  JWKSNoMatchingKey,
  JWSSignatureVerificationFailed,
  JWTClaimValidationFailed,
  JWTExpired,
} from "jose/errors";
import type { Clock } from "../../core/clock.ts";
import { Fault } from "../../core/errors.ts";
import type { Keys } from "./keys.ts";
import type { Trust } from "./options.ts";
import { openRemoteKeys } from "./remote-keys.ts";

/** What a token says, or what is wrong with it, in words that may be sent to its bearer. */
export type Verification = { claims: JWTPayload } | { problem: string };

/** The address of a set of keys → what fetches and keeps them. */
export type RemoteKeys = Map<string, JWTVerifyGetKey>;

/** A request's header holds no longer one. */
const MAX_TOKEN_LENGTH = 16_384;

/**
 * Makes what verifies tokens as `trust` says.
 *
 * @param remotes sets of keys that were opened before, and to which this one's is added
 */
export function createVerifier(
  trust: Trust,
  remotes: RemoteKeys,
  clock: Clock,
): (token: string) => Promise<Verification> {
  const { keys, algorithms, issuer, audience, typ, clockToleranceSeconds } = trust;
  const fixed: JWTVerifyOptions = {
    algorithms: [...algorithms],
    clockTolerance: clockToleranceSeconds,
    ...(issuer && { issuer: [...issuer] }),
    ...(audience && { audience: [...audience] }),
    ...(typ && { typ }),
  };
  const key = keys.kind === "secret" ? keys.secret : keys.kind === "public" ? keys.key : openKeys(keys, remotes);

  return async (token) => {
    if (token.length > MAX_TOKEN_LENGTH) return { problem: "The token is too long" };
    const options = { ...fixed, currentDate: new Date(clock.date()) };
    try {
      return { claims: (await jwtVerify(token, key, options)).payload };
    } catch (error) {
      if (error instanceof JWKSMultipleMatchingKeys) return tryEach(error, token, options);
      return toProblem(error);
    }
  };
}

function openKeys(keys: Extract<Keys, { kind: "set" | "remote" }>, remotes: RemoteKeys): JWTVerifyGetKey {
  if (keys.kind === "set") return createLocalJWKSet(keys.set);
  const address = keys.url.href;
  const opened = remotes.get(address) ?? openRemoteKeys(keys.url);
  remotes.set(address, opened);
  return opened;
}

/** The token does not say which of several keys signed it. */
async function tryEach(
  keys: JWKSMultipleMatchingKeys,
  token: string,
  options: JWTVerifyOptions,
): Promise<Verification> {
  for await (const key of keys) {
    try {
      return { claims: (await jwtVerify(token, key, options)).payload };
    } catch (error) {
      if (!(error instanceof JWSSignatureVerificationFailed)) return toProblem(error);
    }
  }
  return { problem: "The signature is not valid" };
}

/** A fault of ours is thrown on; everything else is the token's. */
function toProblem(error: unknown): { problem: string } {
  if (error instanceof Fault) throw error;
  if (error instanceof JWTExpired) return { problem: "The token has expired" };
  if (error instanceof JWSSignatureVerificationFailed) return { problem: "The signature is not valid" };
  if (error instanceof JOSEAlgNotAllowed) return { problem: "The algorithm is not allowed" };
  if (error instanceof JWKSNoMatchingKey) return { problem: "No key fits the token" };
  const claim = error instanceof JWTClaimValidationFailed ? error.claim : "";
  return {
    problem: (Object.hasOwn(claimProblems, claim) ? claimProblems[claim] : undefined) ?? "The token is not valid",
  };
}

const claimProblems: Record<string, string> = {
  iss: "The token is of another issuer",
  aud: "The token is for another audience",
  nbf: "The token is not valid yet",
  typ: "The token is of another type",
};
