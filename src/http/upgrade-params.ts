import type { ControllerRequest } from "../controllers/controller.ts";
import type { Generation } from "../controllers/generation.ts";
import { showIssues } from "../controllers/schema-issues.ts";
import type { SchemaResult, StandardSchema } from "../controllers/standard-schema.ts";
import { isPromise, takeFulfilled } from "../core/promise.ts";
import type { Issue } from "../sessions/event.ts";
import { securityHeaders } from "./security-headers.ts";
import type { UpgradeGate } from "./upgrade.ts";

/** What a schema made of an upgrade's parameters, or why it is refused. */
export type CheckedParams = { params: unknown } | { issues: readonly Issue[] };

/**
 * Validates the parameters of an upgrade.
 *
 * Without a promise, unless the schema makes one. Throws what the schema throws.
 */
export function checkParams(
  schema: StandardSchema,
  params: unknown,
  generation: Generation,
): CheckedParams | Promise<CheckedParams> {
  const standard = schema["~standard"];
  const result = takeFulfilled(generation.run((value: unknown) => standard.validate(value), params));
  return isPromise(result) ? generation.follow(result).then(toChecked) : toChecked(result);
}

function toChecked(result: SchemaResult): CheckedParams {
  return result.issues === undefined ? { params: result.value } : { issues: result.issues };
}

/** Refuses an upgrade; a browser shows nothing of the answer, so the log tells of it, without what the parameters are. */
export function refuseParams(
  { path, remoteAddress }: ControllerRequest,
  issues: readonly Issue[],
  { metrics, throttledLog }: UpgradeGate,
): Response {
  metrics.upgradesRefused.params += 1;
  const text = `Refused a session at ${path}: its parameters do not match the controller's schema`;
  throttledLog.warning("params", text, { path, address: remoteAddress });
  const body = { status: 400, message: "The parameters do not match the schema", issues: showIssues(issues) };
  return Response.json(body, { status: 400, headers: { ...securityHeaders, "Cache-Control": "no-store" } });
}
