import { type Clock, systemClock } from "../../core/clock.ts";
import { Fault } from "../../core/errors.ts";
import { log } from "../../core/log.ts";
import type { Metrics } from "../../core/metrics.ts";
import type { Expiries } from "../../sessions/expiries.ts";
import type { Registry } from "../../sessions/registry.ts";
import type { Session } from "../../sessions/session.ts";
import { bearer } from "./bearer.ts";
import { Checks } from "./checks.ts";
import type { Auth, Claims, JwtOptions } from "./contract.ts";
import { guard, type Method } from "./guard.ts";
import type { RemoteKeys } from "./verifier.ts";

/** Everything that a controller can import from `"hubbub/auth"`. */
export type AuthApi = {
  bearer: typeof bearer;
  /**
   * Makes a guard that lets requests with a valid JWT (RFC 7519) pass.
   *
   * @throws {Fault} `AUTH_OPTIONS` if an option is unknown, undefined, or not safe.
   */
  jwt<User = Claims>(options: JwtOptions<User>): Auth<User>;
  /**
   * Gives a session a newer token of the same subject: its user and its end are the new token's.
   *
   * False if the session is not open or came without a token, or if the token is refused: then nothing changes.
   */
  refresh(id: string, token: string): Promise<boolean>;
};

/** The names that `createAuth` gives: what the module `"hubbub/auth"` exports. */
export const authNames: readonly (keyof AuthApi)[] = ["bearer", "jwt", "refresh"];

export type AuthParts = {
  registry: Registry;
  expiries: Expiries;
  metrics: Metrics;
  /** Kept for all generations, so that a live edit fetches no keys. */
  remotes: RemoteKeys;
  clock?: Clock | undefined;
};

/** Makes what the controllers of one generation import from `"hubbub/auth"`. */
export function createAuth({ registry, expiries, metrics, remotes, clock = systemClock }: AuthParts): AuthApi {
  const checks = new Checks(remotes, clock);

  return {
    bearer,

    jwt<User>(options: JwtOptions<User>) {
      const check = checks.add(options);
      const { cookie } = options;
      const auth = (method: Method) => guard(method, { check, cookie, isOptional: false, metrics });
      const optional = (method: Method) => guard(method, { check, cookie, isOptional: true, metrics });
      const verify = async (token: unknown) => {
        const result = await check(token);
        return "identity" in result ? result.identity.user : undefined;
      };
      // The types of the user are promises about what the check lets pass.
      return Object.assign(auth, { optional, verify }) as Auth<User>;
    },

    async refresh(id, token) {
      const session = registry.get(typeof id === "string" ? id : String(id));
      if (session === undefined) return false;
      const problem = await replaceToken(session, token);
      if (problem === undefined) return true;
      metrics.tokensRefused += 1;
      log.debug(`Refused a newer token: ${problem}`, { session: session.info.id, path: session.info.path });
      return false;
    },
  };

  /** What is wrong with `token` as the next one of `session`; undefined once it is. */
  async function replaceToken(session: Session, token: string): Promise<string | undefined> {
    const check = session.identity && checks.find(session.identity.check);
    if (check === undefined) {
      return session.identity === undefined
        ? "The session came without one"
        : "The controllers believe other tokens since the session was opened";
    }
    const result = await check(token).catch(toProblem);
    if ("problem" in result) return result.problem;
    const { identity: next } = result;
    const { socket, identity: last } = session;
    if (socket === undefined || last === undefined) return "The session has ended";
    if (next.subject === undefined || next.subject !== last.subject || next.issuer !== last.issuer) {
      return "The token is of another subject";
    }
    if (next.expiresAt < last.expiresAt) return "The token expires sooner than the last one";
    session.identify(next);
    expiries.watch(session);
    return undefined;
  }
}

/** The session goes on with the token that it has while the keys cannot be fetched. */
function toProblem(error: unknown): { problem: string } {
  if (error instanceof Fault && error.code === "AUTH_KEYS") return { problem: error.message };
  throw error;
}
