import type { Identity } from "../../sessions/identity.ts";
import type { ControllerRequest } from "../controller.ts";

const identities = new WeakMap<ControllerRequest, Identity>();

/** Notes whose token a request carried: it becomes `request.user`, and the session's if the request opens one. */
export function identify(request: ControllerRequest, identity: Identity): void {
  identities.set(request, identity);
}

/** Whose token the request carried, if a guard has verified one. */
export function identityOf(request: ControllerRequest): Identity | undefined {
  return identities.get(request);
}
