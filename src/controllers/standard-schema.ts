import type { Issue } from "../sessions/event.ts";

/**
 * What the schemas of valibot, zod, arktype and other libraries have in common: https://standardschema.dev, version 1.
 *
 * Its types are copied here, as that page proposes, so that a folder of controllers is checked without a package for them.
 */
export type StandardSchema<Output = unknown, Input = unknown> = {
  readonly "~standard": {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>;
    readonly types?: { readonly input: Input; readonly output: Output } | undefined;
  };
};

export type SchemaResult<Output = unknown> =
  { readonly value: Output; readonly issues?: undefined } | { readonly issues: readonly Issue[] };

/** Whether `value` is a schema. Those of some libraries can be called: ask this before `typeof value === "function"`. */
export function isSchema(value: unknown): value is StandardSchema {
  if (value === null || (typeof value !== "object" && typeof value !== "function") || !("~standard" in value))
    return false;
  const standard = value["~standard"];
  return (
    typeof standard === "object" &&
    standard !== null &&
    "validate" in standard &&
    typeof standard.validate === "function"
  );
}
