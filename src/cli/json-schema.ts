import type { ConversionConfig, JsonSchema as ValibotJsonSchema } from "@valibot/to-json-schema";
import type { GenericSchema } from "valibot";
import type { StandardSchema } from "../controllers/standard-schema.ts";
import type { JsonSchema } from "./type-text.ts";

/** Of what a schema takes, or of what it makes of that. */
export type Side = "input" | "output";

/** What a library that describes its own schemas has beside `validate`: https://standardschema.dev/json-schema. */
type Describes = Record<Side, (options: { target: string; libraryOptions?: object }) => JsonSchema>;

const TARGET = "draft-2020-12";

/**
 * The JSON Schema of what `schema` takes, or of what is on the wire when it has made a message of that.
 *
 * Undefined if its library does not tell. What JSON Schema has no word for is left open.
 */
export async function describeSchema(schema: StandardSchema, side: Side): Promise<JsonSchema | undefined> {
  const standard = schema["~standard"] as StandardSchema["~standard"] & { jsonSchema?: Partial<Describes> };
  if (standard.vendor === "valibot") {
    const { toJsonSchema } = await import("@valibot/to-json-schema");
    return toJsonSchema(schema as unknown as GenericSchema, valibotConfig(side)) as JsonSchema;
  }
  const libraryOptions = { zod: zodOptions(side), arktype: arktypeOptions(side) }[standard.vendor];
  return standard.jsonSchema?.[side]?.({ target: TARGET, ...(libraryOptions && { libraryOptions }) });
}

/** A date goes out as a text; none comes in from JSON. */
const sentDate = { type: "string" } as const;

function zodOptions(side: Side): object {
  return {
    unrepresentable: "any",
    override({ zodSchema, jsonSchema }: { zodSchema: { _zod: { def: { type: string } } }; jsonSchema: object }) {
      if (side === "output" && zodSchema._zod.def.type === "date") Object.assign(jsonSchema, sentDate);
    },
  };
}

function arktypeOptions(side: Side): object {
  return side === "output" ? { fallback: { date: () => sentDate } } : {};
}

/** Actions that change a value and leave its type. */
const preserving = new Set(
  "brand flavor readonly trim trim_start trim_end to_lower_case to_upper_case normalize to_min_value to_max_value filter_items sort_items".split(
    " ",
  ),
);

/** What those make that are known; any other may make anything. */
const made: Record<string, ValibotJsonSchema> = {
  to_string: { type: "string" },
  stringify_json: { type: "string" },
  to_number: { type: "number" },
  to_boolean: { type: "boolean" },
  to_date: sentDate,
};

function valibotConfig(side: Side): ConversionConfig {
  const common: ConversionConfig = { target: TARGET, typeMode: side, errorMode: "ignore" };
  if (side === "input") return common;
  return {
    ...common,
    overrideAction: ({ valibotAction: { kind, type } }) =>
      kind === "transformation" && !preserving.has(type) ? (made[type] ?? {}) : undefined,
    overrideSchema({ valibotSchema, jsonSchema }) {
      if (valibotSchema.type === "date") return sentDate;
      return "entries" in valibotSchema && jsonSchema.required !== undefined
        ? { ...jsonSchema, required: listRequired(valibotSchema.entries as Entries) }
        : undefined;
    },
  };
}

type Entries = Record<string, { type: string; default?: unknown }>;

/** An optional entry with a default is always there when the schema is done. */
function listRequired(entries: Entries): string[] {
  const isOptional = ({ type, default: value }: Entries[string]) =>
    ["exact_optional", "optional", "nullish"].includes(type) && value === undefined;
  return Object.keys(entries).filter((key) => !isOptional(entries[key]!));
}
