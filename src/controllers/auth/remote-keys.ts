import { createRemoteJWKSet, customFetch, type JWTVerifyGetKey } from "jose";
import { JWKSNoMatchingKey } from "jose/errors";
import { describeError, Fault } from "../../core/errors.ts";
import { log } from "../../core/log.ts";

/** How long keys are used after they were fetched when they cannot be fetched again. */
const STALE_MS = 3_600_000;

/** After a failure nothing is asked for this long. */
const RETRY_MS = 1000;

/** A set of keys is a few kilobytes. */
const MAX_BYTES = 1_048_576;

/**
 * Gives the keys at `url`: fetched when the first is needed, kept for ten minutes, and fetched again for a key that is
 * not among them, every 30 seconds at most.
 *
 * While they cannot be fetched those of before are used, for an hour.
 */
export function openRemoteKeys(url: URL): JWTVerifyGetKey {
  const shown = url.origin + url.pathname;
  let last = { text: "", at: -Infinity };
  let failedAt = -Infinity;
  let fault: Fault | undefined;

  const find = createRemoteJWKSet(url, { [customFetch]: fetchKeys });
  return async (header, token) => {
    try {
      return await find(header, token);
    } catch (error) {
      // It may be among the keys that cannot be fetched.
      throw error instanceof JWKSNoMatchingKey && fault !== undefined ? fault : error;
    }
  };

  async function fetchKeys(address: string, options: RequestInit): Promise<Response> {
    if (fault === undefined || Date.now() - failedAt >= RETRY_MS) {
      try {
        last = { text: await fetchText(address, options), at: Date.now() };
        if (fault !== undefined) log.info(`Fetched the keys at "${shown}" again`);
        fault = undefined;
      } catch (error) {
        failedAt = Date.now();
        fault = report(error);
      }
    }
    if (fault !== undefined && Date.now() - last.at >= STALE_MS) throw fault;
    return new Response(last.text);
  }

  /** The fault that a failure is; the first in a row is logged. */
  function report(error: unknown): Fault {
    const text = `Cannot fetch the keys at "${shown}": ${describeError(error)}, expected a JSON Web Key Set`;
    if (fault === undefined) log.error(text);
    return new Fault("AUTH_KEYS", text, { cause: error });
  }
}

async function fetchText(address: string, options: RequestInit): Promise<string> {
  const response = await fetch(address, options);
  if (response.status !== 200) throw new Error(`the answer is ${response.status}`);
  const text = await response.text();
  if (text.length > MAX_BYTES) throw new Error(`the answer is longer than ${MAX_BYTES} bytes`);
  const set: unknown = parse(text);
  const keys: unknown = typeof set === "object" && set !== null && "keys" in set ? set.keys : undefined;
  const isSet = Array.isArray(keys) && keys.every((key) => typeof key === "object" && key !== null);
  if (!isSet) throw new Error("the answer has no keys");
  return text;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error("the answer is no JSON");
  }
}
