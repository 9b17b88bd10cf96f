/** What the module "hubbub/auth" is to a controller's types; `modules.ts` makes its values. */
import type { AuthApi } from "./auth/auth.ts";

export { bearer, type BearerOptions } from "./auth/bearer.ts";
export type * from "./auth/contract.ts";

export declare const jwt: AuthApi["jwt"];
export declare const refresh: AuthApi["refresh"];
