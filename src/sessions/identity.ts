/** Who a session's client is, as its token says. */
export type Identity = {
  /** What controllers read as `user`. */
  readonly user: unknown;
  /** The token's `iss` and `sub`: only a token with the same can take its place. */
  readonly issuer: string | undefined;
  readonly subject: string | undefined;
  /** Milliseconds since 1970; `Infinity` if the token never expires. */
  readonly expiresAt: number;
  /** The name of the check that the token passed: the next one must pass it too. */
  readonly check: string;
};
