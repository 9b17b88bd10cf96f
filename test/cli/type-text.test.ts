import { expect, test } from "bun:test";
import { formatComment, formatType } from "../../src/cli/type-text.ts";

const format = (schema: unknown) => formatType(schema, (ref) => `Named<${ref}>`);

const text = { type: "string" };
const count = { type: "integer" };

test.each<[unknown, string]>([
  [true, "unknown"],
  [false, "never"],
  [{}, "unknown"],
  [null, "unknown"],
  [undefined, "unknown"],
  ["string", "unknown"],
  [{ type: "file" }, "unknown"],
  [{ not: {} }, "never"],
  [{ not: { type: "string" } }, "unknown"],
  [{ type: "string", minLength: 3, pattern: "x", format: "email" }, "string"],
  [count, "number"],
  [{ type: "null" }, "null"],
  [{ type: ["string", "null", "integer", "number"] }, "string | null | number"],
  [{ type: "string", nullable: true }, "string | null"],
  [{ const: 'a"b' }, String.raw`"a\"b"`],
  [{ const: [1, { a: null }] }, '[1, { "a": null }]'],
  [{ type: "string", enum: ["a", "b", "a"] }, '"a" | "b"'],
  [{ enum: [] }, "never"],
  [{ anyOf: [text, { type: "null" }] }, "string | null"],
  [{ oneOf: [text, {}] }, "unknown"],
  [{ anyOf: [text, false] }, "string"],
  [{ anyOf: [] }, "never"],
  [{ allOf: [{ $ref: "#/a" }, { anyOf: [text, count] }, {}] }, "Named<#/a> & (string | number)"],
  [{ $ref: "#", description: "itself" }, "Named<#>"],
  [{ type: "array" }, "unknown[]"],
  [{ items: text }, "string[]"],
  [{ type: "array", items: { anyOf: [text, count] } }, "(string | number)[]"],
  [{ type: "array", items: { type: "array", items: { enum: [1, 2] } } }, "(1 | 2)[][]"],
  [{ type: "array", prefixItems: [text, count], items: false }, "[string, number]"],
  [{ type: "array", prefixItems: [text, { anyOf: [text, count] }], minItems: 1 }, "[string, (string | number)?]"],
  [{ type: "array", prefixItems: [text], items: count }, "[string, ...number[]]"],
  [{ type: "array", items: [text], additionalItems: count }, "[string, ...number[]]"],
  [{ type: "array", items: [text], additionalItems: false }, "[string]"],
  [{ prefixItems: [] }, "[]"],
  [{ type: "object" }, "Record<string, unknown>"],
  [{ type: "object", properties: {}, additionalProperties: false }, "Record<string, unknown>"],
  [{ additionalProperties: count }, "Record<string, number>"],
  [{ properties: { a: text, b: count }, required: ["a"] }, "{\n  a: string;\n  b?: number;\n}"],
  [
    { properties: { a: text }, additionalProperties: count },
    "{\n  a?: string;\n  [key: string]: number | string | undefined;\n}",
  ],
  [
    { properties: { a: text }, required: ["a"], additionalProperties: {} },
    "{\n  a: string;\n  [key: string]: unknown;\n}",
  ],
  [
    { type: "object", propertyNames: { enum: ["x", "y-z"] }, additionalProperties: count, required: ["x"] },
    '{\n  x: number;\n  "y-z"?: number;\n}',
  ],
  [
    { properties: { "a-b": text, "2": text, $c: text, ünï: text, "": text, '"': text, constructor: text } },
    '{\n  "2"?: string;\n  "a-b"?: string;\n  $c?: string;\n  ünï?: string;\n  ""?: string;\n  "\\""?: string;\n  constructor?: string;\n}',
  ],
  [
    {
      properties: {
        list: {
          description: "All */ of them",
          type: "array",
          items: { properties: { a: { description: "one\ntwo", deprecated: true } } },
        },
      },
    },
    "{\n  /** All *\\/ of them */\n  list?: {\n    /**\n     * one\n     * two\n     * @deprecated\n     */\n    a?: unknown;\n  }[];\n}",
  ],
])("formatType() makes of %j a type", (schema, type) => {
  expect(format(schema)).toBe(type);
});

test("formatType() gives no property a prototype's name by mistake", () => {
  const schema = JSON.parse('{"properties":{"__proto__":{"type":"string"}},"required":["__proto__"]}') as unknown;
  expect(format(schema)).toBe("{\n  __proto__: string;\n}");
});

test("formatComment() is nothing without a description", () => {
  expect([formatComment({}), formatComment(true), formatComment({ description: " " })]).toEqual(["", "", ""]);
});
