import { toJsonSchema } from "@valibot/to-json-schema";
import type { GenericSchema } from "valibot";
import { version } from "../../../core/version.ts";
import { type Operation, operations } from "./operations.ts";
import { refused } from "./schemas.ts";

/** A part of the document: JSON. */
type Part = Record<string, unknown>;

/** What any operation may be refused with, before it runs. */
const common: Record<number, string> = {
  401: "There is no token, or a wrong one",
  403: "A page of another origin asked",
  404: "The API is off: there is no admin token",
  429: "Too many wrong tokens came from this address",
};

const posted: Record<number, string> = {
  413: "The body is larger than --max-message; this answer may have no body",
  415: "The body is not application/json",
};

/** The API as an OpenAPI 3.1 document. */
export function describeApi(): Part {
  const paths: Record<string, Part> = {};
  for (const each of operations) {
    const path = `/-/api${each.path.replace(/:(\w+)/g, "{$1}")}`;
    paths[path] = { ...paths[path], [each.method.toLowerCase()]: describeOperation(each) };
  }
  return {
    openapi: "3.1.0",
    info: { title: "Hubbub", version, description: "What backends ask of a Hubbub server", license: { name: "MIT" } },
    servers: [{ url: "/" }],
    security: [{ token: [] }],
    paths,
    components: {
      securitySchemes: { token: { type: "http", scheme: "bearer", description: "The token of --admin-token" } },
      schemas: { Refused: describe(refused, "output") },
    },
  };
}

function describeOperation(operation: Operation): Part {
  const { id, summary, takes, answers, method, refuses, path } = operation;
  const parameters = [...listPathParameters(path), ...(method === "GET" ? listQueryParameters(takes) : [])];
  const wrong = takes === undefined ? {} : { 400: "A field or parameter is wrong or missing" };
  const refusals = { ...wrong, ...common, ...(method === "POST" ? posted : {}), ...mergeRefusals(refuses) };
  return {
    operationId: id,
    summary,
    ...(parameters.length > 0 && { parameters }),
    ...(method === "POST" &&
      takes !== undefined && { requestBody: { required: true, content: toContent(describe(takes, "input")) } }),
    responses: {
      200: { description: "Done", content: toContent(describe(answers, "output")) },
      ...Object.fromEntries(
        Object.entries(refusals).map(([status, description]) => [
          status,
          { description, content: toContent({ $ref: "#/components/schemas/Refused" }) },
        ]),
      ),
    },
  };
}

/** A status that has several reasons names each. */
function mergeRefusals(refuses: Operation["refuses"] = {}): Record<string, string> {
  return Object.fromEntries(
    Object.entries(refuses).map(([status, text]) => {
      const other = common[Number(status)];
      return [status, other === undefined ? text : `${text}; or: ${other}`];
    }),
  );
}

function listPathParameters(path: string): Part[] {
  return [...path.matchAll(/:(\w+)/g)].map(([, name]) => ({
    name,
    in: "path",
    required: true,
    schema: { type: "string" },
  }));
}

function listQueryParameters(query: GenericSchema | undefined): Part[] {
  if (query === undefined) return [];
  const { properties = {}, required = [] } = describe(query, "input") as { properties?: Part; required?: string[] };
  return Object.entries(properties).map(([name, schema]) => ({
    name,
    in: "query",
    required: required.includes(name),
    schema,
  }));
}

function toContent(schema: Part): Part {
  return { "application/json": { schema } };
}

function describe(schema: GenericSchema, typeMode: "input" | "output"): Part {
  // What a check asks for is told in words.
  const { $schema: _, ...described } = toJsonSchema(schema, { typeMode, target: "draft-2020-12", errorMode: "ignore" });
  return described;
}
