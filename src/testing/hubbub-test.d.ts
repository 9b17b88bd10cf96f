/** What the module "hubbub/test" is to a test's types; `environment.ts` makes its values. */
import type { ServeOptions, SessionOf, SessionOptions, TestServer } from "./contract.ts";

export type * from "./contract.ts";

/**
 * Starts the server with the controllers that are tested, on a free port; it ends with the test.
 *
 * @throws {Fault} `TEST_SERVER` if it cannot start, with every fault of the controllers.
 * @example await using server = await serve({ settings: { timeout: "5s" } });
 */
export declare function serve(options?: ServeOptions): Promise<TestServer>;

/**
 * Opens a session at a path of the server that was started last, or of one that it starts, which ends with the test.
 *
 * @throws {Fault} `TEST_SESSION` with the HTTP status if it is refused.
 * @example await using session = await open("/chat", { query: { name: "Ada" } });
 */
export declare function open<Controller = unknown>(
  path: string,
  options?: SessionOptions,
): Promise<SessionOf<Controller>>;
