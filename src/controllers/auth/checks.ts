import { AsyncLocalStorage } from "node:async_hooks";
import type { Clock } from "../../core/clock.ts";
import type { Identity } from "../../sessions/identity.ts";
import type { JwtOptions } from "./contract.ts";
import { readTrust, type Trust } from "./options.ts";
import type { RemoteKeys, Verification } from "./verifier.ts";

/** Whose a token is, or what is wrong with it, in words that may be sent to its bearer. */
export type Checked = { identity: Identity } | { problem: string };

/**
 * Checks one token.
 *
 * @throws {Fault} `AUTH_KEYS` if the keys cannot be fetched; whatever the schema throws.
 */
export type Check = (token: unknown) => Promise<Checked>;

type Schema = JwtOptions<unknown>["schema"];

/**
 * What the controllers of one generation believe.
 *
 * A check is named after its options, so that a session which an earlier generation opened finds the same check in this
 * one; it finds none if the controllers believe other tokens since.
 */
export class Checks {
  readonly #remotes: RemoteKeys;
  readonly #clock: Clock;
  /** Fetched keys outlive the generation that asked for them. */
  readonly #asHost = AsyncLocalStorage.snapshot();
  readonly #byName = new Map<string, Check>();
  /** By a trust's fingerprint: the schemas that were given with it, in their order. */
  readonly #schemas = new Map<string, Schema[]>();

  constructor(remotes: RemoteKeys, clock: Clock) {
    this.#remotes = remotes;
    this.#clock = clock;
  }

  /**
   * The check that `options` describe: the same for the same options.
   *
   * @throws {Fault} `AUTH_OPTIONS`
   */
  add(options: JwtOptions<unknown>): Check {
    const trust = readTrust(options);
    const schemas = this.#schemas.get(trust.fingerprint) ?? [];
    this.#schemas.set(trust.fingerprint, schemas);
    if (!schemas.includes(options.schema)) schemas.push(options.schema);
    const name = `${trust.fingerprint}/${schemas.indexOf(options.schema)}`;
    const check = this.#byName.get(name) ?? this.#create(name, trust, options.schema);
    this.#byName.set(name, check);
    return check;
  }

  find(name: string): Check | undefined {
    return this.#byName.get(name);
  }

  #create(name: string, trust: Trust, schema: Schema): Check {
    let verifier: Promise<(token: string) => Promise<Verification>> | undefined;
    const verify = async (token: string) => {
      // The library is loaded for the first token: a server without tokens does not wait for it.
      verifier ??= import("./verifier.ts").then(({ createVerifier }) =>
        createVerifier(trust, this.#remotes, this.#clock),
      );
      return (await verifier)(token);
    };
    return async (token) => {
      if (typeof token !== "string") return { problem: "The token is no text" };
      const result = await this.#asHost(verify, token);
      if ("problem" in result) return result;
      const { claims } = result;
      const outcome = schema === undefined ? { value: claims } : await schema["~standard"].validate(claims);
      if (outcome.issues !== undefined) return { problem: "The claims are not as expected" };
      const identity: Identity = {
        user: outcome.value,
        issuer: toText(claims.iss),
        subject: toText(claims.sub),
        expiresAt: claims.exp === undefined ? Infinity : (claims.exp + trust.clockToleranceSeconds) * 1000,
        check: name,
      };
      return { identity };
    };
  }
}

/** The library does not look at the types of these claims. */
function toText(claim: unknown): string | undefined {
  return typeof claim === "string" ? claim : undefined;
}
