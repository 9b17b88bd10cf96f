/** A JSON Schema as far as its type goes; what else it says is no matter here. */
export type JsonSchema = boolean | { readonly [keyword: string]: unknown };

type Keywords = Exclude<JsonSchema, boolean>;

/** Names the type that `$ref` means. */
export type NameRef = (ref: string) => string;

/** A type as text; a compound one needs brackets before `[]`. */
type Type = { text: string; isCompound?: boolean };

const unknown: Type = { text: "unknown" };
const never: Type = { text: "never" };

/**
 * The TypeScript type of the values that `schema` allows, over as many lines as it has properties.
 *
 * Bounds, patterns and formats have no type; what cannot be told is `unknown`.
 */
export function formatType(schema: unknown, nameRef: NameRef): string {
  return toType(schema, nameRef).text;
}

/** A schema's description as a comment on lines of its own, or nothing. */
export function formatComment(schema: unknown): string {
  const { description, deprecated } = isKeywords(schema) ? schema : {};
  const text = typeof description === "string" ? description.trim().replaceAll("*/", "*\\/") : "";
  const lines = [...(text === "" ? [] : text.split(/\r?\n/)), ...(deprecated === true ? ["@deprecated"] : [])];
  if (lines.length === 0) return "";
  return lines.length === 1 ? `/** ${lines[0]} */\n` : `/**\n${lines.map((line) => ` * ${line}\n`).join("")} */\n`;
}

function toType(schema: unknown, nameRef: NameRef): Type {
  if (schema === false) return never;
  if (!isKeywords(schema)) return unknown;
  const { $ref, allOf, anyOf, oneOf, not, nullable } = schema;
  if (typeof $ref === "string") return { text: nameRef($ref) };
  if (isKeywords(not) && Object.keys(not).length === 0) return never;
  const listTypes = (schemas: unknown) => (Array.isArray(schemas) ? schemas : []).map((each) => toType(each, nameRef));
  const unions = [anyOf, oneOf].filter(Array.isArray).map((options) => joinUnion(listTypes(options)));
  const type = joinIntersection([toOwnType(schema, nameRef), ...unions, ...listTypes(allOf)]);
  return nullable === true ? joinUnion([type, { text: "null" }]) : type;
}

/** What a schema says by itself, without its `anyOf`, `oneOf` and `allOf`. */
function toOwnType(schema: Keywords, nameRef: NameRef): Type {
  if ("const" in schema) return { text: formatLiteral(schema["const"]) };
  if (Array.isArray(schema["enum"])) return joinUnion(schema["enum"].map((value) => ({ text: formatLiteral(value) })));
  const { type = guessName(schema) } = schema;
  const names: unknown[] = Array.isArray(type) ? type : [type];
  return joinUnion(names.map((name) => toNamedType(name, schema, nameRef)));
}

function guessName(schema: Keywords): string | undefined {
  if ("properties" in schema || "additionalProperties" in schema) return "object";
  return "items" in schema || "prefixItems" in schema ? "array" : undefined;
}

function toNamedType(name: unknown, schema: Keywords, nameRef: NameRef): Type {
  switch (name) {
    case "string":
    case "number":
    case "boolean":
    case "null":
      return { text: name };
    case "integer":
      return { text: "number" };
    case "array":
      return { text: formatArray(schema, nameRef) };
    case "object":
      return { text: formatObject(schema, nameRef) };
    default:
      return unknown;
  }
}

/** In draft 7 the members of a tuple are `items`, and the rest `additionalItems`. */
function formatArray({ items, prefixItems, additionalItems, minItems }: Keywords, nameRef: NameRef): string {
  const members: unknown = prefixItems ?? items;
  const formatMember = (schema: unknown) => bracket(toType(schema, nameRef));
  if (!Array.isArray(members)) return `${formatMember(items)}[]`;
  const rest = prefixItems === undefined ? additionalItems : items;
  const least = typeof minItems === "number" ? minItems : members.length;
  const parts = members.map((member, index) =>
    index < least ? formatType(member, nameRef) : `${formatMember(member)}?`,
  );
  if (rest !== undefined && rest !== false) parts.push(`...${formatMember(rest)}[]`);
  return `[${parts.join(", ")}]`;
}

function formatObject(schema: Keywords, nameRef: NameRef): string {
  const { required, additionalProperties: more } = schema;
  const needed = new Set(Array.isArray(required) ? required : []);
  const properties = listProperties(schema);
  const lines = properties.map(([key, value]) => {
    const name = /^[\p{L}_$][\p{L}\p{N}_$]*$/u.test(key) ? key : JSON.stringify(key);
    return `${formatComment(value)}${name}${needed.has(key) ? "" : "?"}: ${formatType(value, nameRef)};`;
  });
  if (more !== undefined && more !== false && listNames(schema) === undefined) {
    const types = [more, ...properties.map(([, value]) => value)].map((value) => toType(value, nameRef));
    if (properties.length === 0) return `Record<string, ${joinUnion(types).text}>`;
    if (properties.some(([key]) => !needed.has(key))) types.push({ text: "undefined" });
    lines.push(`[key: string]: ${joinUnion(types).text};`);
  }
  return lines.length === 0 ? "Record<string, unknown>" : `{\n${indent(lines.join("\n"))}\n}`;
}

/** A record whose keys are listed has each of them as a property. */
function listProperties(schema: Keywords): [key: string, schema: unknown][] {
  const { properties, additionalProperties } = schema;
  if (isKeywords(properties) && Object.keys(properties).length > 0) return Object.entries(properties);
  return (listNames(schema) ?? []).map((name) => [String(name), additionalProperties]);
}

function listNames({ propertyNames }: Keywords): unknown[] | undefined {
  const names = isKeywords(propertyNames) ? propertyNames["enum"] : undefined;
  return Array.isArray(names) ? names : undefined;
}

function formatLiteral(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(formatLiteral).join(", ")}]`;
  if (!isKeywords(value)) return JSON.stringify(value) ?? "unknown";
  const entries = Object.entries(value).map(([key, each]) => `${JSON.stringify(key)}: ${formatLiteral(each)}`);
  return `{ ${entries.join("; ")} }`;
}

function joinUnion(types: readonly Type[]): Type {
  const some = withoutTwins(types).filter(({ text }) => text !== "never");
  if (some.some(({ text }) => text === "unknown")) return unknown;
  if (some.length <= 1) return some[0] ?? never;
  return { text: some.map(({ text }) => text).join(" | "), isCompound: true };
}

function joinIntersection(types: readonly Type[]): Type {
  const some = withoutTwins(types).filter(({ text }) => text !== "unknown");
  if (some.length <= 1) return some[0] ?? unknown;
  return { text: some.map(bracket).join(" & "), isCompound: true };
}

function withoutTwins(types: readonly Type[]): Type[] {
  return [...new Map(types.map((type) => [type.text, type])).values()];
}

function bracket({ text, isCompound }: Type): string {
  return isCompound === true ? `(${text})` : text;
}

function indent(text: string): string {
  return text.replaceAll(/^(?=.)/gm, "  ");
}

function isKeywords(value: unknown): value is Keywords {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
