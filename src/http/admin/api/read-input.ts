import * as v from "valibot";
import { nameKind } from "../../../core/errors.ts";
import { isDeeperThan } from "../../../core/json-depth.ts";

/** What a request brought, or one sentence on what is wrong with it. */
export type ReadInput<Output> = { input: Output } | { wrong: string };

/** An object whose fields a body or a query has. */
export type InputSchema<Output> = v.GenericSchema<unknown, Output>;

/** Arrays and objects in a body may lie so deep within each other. */
const MAX_DEPTH = 1000;

/** Reads the text of a JSON body. */
export function readJson<Output>(text: string, schema: InputSchema<Output>): ReadInput<Output> {
  if (isDeeperThan(text, MAX_DEPTH)) return { wrong: `The body is nested deeper than ${MAX_DEPTH}` };
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    return { wrong: "The body is no JSON" };
  }
  if (typeof body !== "object" || body === null || Array.isArray(body))
    return { wrong: `The body is ${nameKind(body)}, expected an object` };
  return readFields(body, schema, "field");
}

/** Reads a query, in which a number is a text. */
export function readQuery<Output>(query: URLSearchParams, schema: InputSchema<Output>): ReadInput<Output> {
  const fields: Record<string, unknown> = {};
  for (const [name, text] of query) {
    if (Object.hasOwn(fields, name)) return { wrong: `The parameter "${clip(name)}" is there twice` };
    fields[name] = NUMBERS.has(name) && /^\d{1,15}$/.test(text) ? Number(text) : text;
  }
  return readFields(fields, schema, "parameter");
}

const NUMBERS = new Set(["offset", "limit"]);

function readFields<Output>(fields: object, schema: InputSchema<Output>, kind: string): ReadInput<Output> {
  const result = v.safeParse(schema, fields, { abortEarly: true });
  if (result.success) return { input: result.output };
  const [issue] = result.issues;
  const name = clip(v.getDotPath(issue) ?? "");
  if (issue.type === "strict_object") {
    const isMissing = issue.expected !== "never";
    return { wrong: isMissing ? `The ${kind} "${name}" is missing` : `There is no ${kind} "${name}"` };
  }
  return { wrong: `The ${kind} "${name}" ${issue.message}` };
}

function clip(name: string): string {
  return name.length > 50 ? `${name.slice(0, 50)}…` : name;
}
