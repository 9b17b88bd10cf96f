import type { ControllerRequest, ControllerResponse, HttpAnswer, OfUser } from "../controller.ts";
import type { StandardSchema } from "../standard-schema.ts";

/** The signature algorithms that are known; `none` is not one. */
export type Algorithm =
  | `${"HS" | "RS" | "PS" | "ES"}${256 | 384 | 512}`
  /** Both names mean a signature with an Ed25519 key. */
  | "EdDSA"
  | "Ed25519";

/** A key as RFC 7517 writes it. */
export type Jwk = { readonly kty?: string; readonly [member: string]: unknown };

/** What a token says when no schema says more (RFC 7519). */
export type Claims = {
  readonly iss?: string;
  readonly sub?: string;
  readonly aud?: string | string[];
  readonly exp?: number;
  readonly nbf?: number;
  readonly iat?: number;
  readonly jti?: string;
  readonly [claim: string]: unknown;
};

/** Which tokens are believed: by `secret`, `publicKey` or `jwks`, one of the three. */
export type JwtOptions<User = Claims> = {
  /** For HS256, HS384 and HS512: at least 32, 48 or 64 bytes, a text as its UTF-8. */
  secret?: string | Uint8Array | undefined;
  /** For RS, PS, ES and EdDSA: a public key or a certificate in PEM, or a JWK. */
  publicKey?: string | Jwk | undefined;
  /** A set of public keys, or the https address that it is fetched from. */
  jwks?: string | URL | { readonly keys: readonly Jwk[] } | undefined;
  /** Accept a `jwks` address that is not https, and not of this machine. */
  allowHttp?: boolean | undefined;
  /** What `iss` must be; one of several. */
  issuer?: string | readonly string[] | undefined;
  /** What `aud` must contain; one of several. */
  audience?: string | readonly string[] | undefined;
  /** Fewer than the key allows. */
  algorithms?: readonly Algorithm[] | undefined;
  /** What the header's `typ` must be, such as `at+jwt`. */
  typ?: string | undefined;
  /** Seconds by which the clocks may differ, 0 to 300; 5 if absent. */
  clockTolerance?: number | undefined;
  /** The cookie that may hold the token; none if absent. */
  cookie?: string | undefined;
  /** What the claims must be; what it makes of them is the user. */
  schema?: StandardSchema<User> | undefined;
};

/** A method with a guard before it. */
export type Guarded<Data = unknown, User = unknown> = ((
  request: ControllerRequest,
) => Promise<ControllerResponse<Data> | Response>) &
  OfUser<User>;

/** A request whose token was verified. */
export type UserRequest<User> = ControllerRequest & { readonly user: User };

/** What `jwt` makes: called with a method, it puts a guard before it. */
export type Auth<User = Claims> = {
  /** The method with a guard: without a valid token the answer is 401. */
  <Data>(method: (request: UserRequest<User>) => HttpAnswer<Data>): Guarded<Data, User>;
  /** The same, but a request without any token passes too, and has no user. */
  optional<Data>(method: (request: UserRequest<User | undefined>) => HttpAnswer<Data>): Guarded<Data, User | undefined>;
  /**
   * The user of a token; undefined if it is not valid.
   *
   * @throws {Fault} `AUTH_KEYS` if the keys cannot be fetched.
   */
  verify(token: string): Promise<User | undefined>;
};

/** The type of an `Auth`'s user. */
export type UserOf<Guard extends { verify(token: string): Promise<unknown> }> = Guard extends {
  verify(token: string): Promise<infer User | undefined>;
}
  ? User
  : never;
