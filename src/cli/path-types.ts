import { invalidMessageCodes } from "../controllers/invalid-message.ts";
import type { Controller } from "../controllers/loader.ts";
import type { StandardSchema } from "../controllers/standard-schema.ts";
import { describeError } from "../core/errors.ts";
import { describeSchema, type Side } from "./json-schema.ts";
import { formatComment, formatType, type JsonSchema } from "./type-text.ts";

/** The types of what each path takes and sends. */
export type PathTypes = {
  /** TypeScript that imports nothing. */
  text: string;
  /** How many paths are in it. */
  count: number;
  /** What has a schema and yet no type, a sentence each. */
  gaps: string[];
};

const head = `// Written by \`hubbub types\` from the schemas of the controllers: run it again when they change.
`;

const invalidMessage = `/** What the sender of a message gets that its path does not take. */
export type InvalidMessage = {
  error: {
    code: ${invalidMessageCodes.map((code) => `"${code}"`).join(" | ")};
    message: string;
    issues: { path: (string | number)[]; message: string }[];
  };
};
`;

/** Writes down the types of what the paths of `controllers` take from a session and send to one. */
export async function formatPathTypes(controllers: Iterable<Controller>): Promise<PathTypes> {
  const writer = new TypeWriter();
  const paths: string[] = [];
  let isAnyAnswered = false;
  for (const { file, path, onEvent, schemas } of [...controllers].sort((a, b) => (a.path < b.path ? -1 : 1))) {
    if (onEvent === undefined && schemas.sends === undefined) continue;
    const name = writer.claim(toTypeName(path));
    const takes = await writer.write(`${name}Takes`, schemas.takes, "input", `"message" in "${file}"`);
    const sends = await writer.write(`${name}Sends`, schemas.sends, "output", `"sends" in "${file}"`);
    const isAnswered = schemas.takes !== undefined && sends !== "unknown";
    isAnyAnswered ||= isAnswered;
    const sent = isAnswered ? `${sends} | InvalidMessage` : sends;
    paths.push(`  /** ${file} */\n  ${JSON.stringify(path)}: { takes: ${takes}; sends: ${sent} };\n`);
  }
  const index = `/** What each path takes from a session, and what it sends to one. */
export interface Paths {
${paths.join("")}}
`;
  return {
    text: [head, index, ...writer.types, ...(isAnyAnswered ? [invalidMessage] : [])].join("\n"),
    count: paths.length,
    gaps: writer.gaps,
  };
}

/** Collects types, each under a name of its own. */
class TypeWriter {
  readonly types: string[] = [];
  readonly gaps: string[] = [];
  readonly #names = new Set<string>();

  /** `base`, with a number if it is taken. */
  claim(base: string): string {
    let name = base;
    for (let number = 2; this.#names.has(name); number += 1) name = `${base}${number}`;
    this.#names.add(name);
    return name;
  }

  /**
   * Writes the type of one side of a schema, and of what it refers to, under `name`; returns what names it.
   *
   * @param what the schema, for a sentence about a gap
   */
  async write(name: string, schema: StandardSchema | undefined, side: Side, what: string): Promise<string> {
    if (schema === undefined) return "unknown";
    let described: JsonSchema | undefined;
    let reason = `this version of ${schema["~standard"].vendor} does not say it as JSON Schema`;
    try {
      described = await describeSchema(schema, side);
    } catch (error) {
      reason = describeError(error);
    }
    if (described === undefined) {
      this.gaps.push(`The type of ${what} is unknown: ${reason}`);
      return "unknown";
    }
    const definitions = Object.entries(listDefinitions(described));
    const names = new Map([["#", name]]);
    for (const [ref] of definitions) names.set(ref, this.claim(name + toDefinitionName(ref)));
    const nameRef = (ref: string) => names.get(decodeURIComponent(ref)) ?? "unknown";
    for (const [ref, definition] of [["#", described] as const, ...definitions]) {
      this.types.push(
        `${formatComment(definition)}export type ${nameRef(ref)} = ${formatType(definition, nameRef)};\n`,
      );
    }
    return name;
  }
}

/** `/room/:id` → `RoomId` */
function toTypeName(path: string): string {
  const words = path.split(/[^\p{L}\p{N}]+/u).filter((word) => word !== "");
  const joined = words.map(capitalize).join("");
  return joined === "" ? "Index" : joined.replace(/^(?=\p{N})/u, "Path");
}

/** The name that an author gave; libraries number what has none, and not always in the same way. */
function toDefinitionName(ref: string): string {
  const key = ref.split("/").at(-1) ?? "";
  return /^\p{L}+$/u.test(key) ? capitalize(key) : "Part";
}

function capitalize(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}

/** What a schema refers to, by the reference. */
function listDefinitions(schema: JsonSchema): Record<string, unknown> {
  if (typeof schema === "boolean") return {};
  const { $defs = {}, definitions = {} } = schema;
  const refer = (keyword: string, defined: unknown) =>
    Object.entries(Object(defined) as object).map(([key, definition]: [string, unknown]) => [
      `#/${keyword}/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`,
      definition,
    ]);
  return Object.fromEntries([...refer("$defs", $defs), ...refer("definitions", definitions)]) as Record<
    string,
    unknown
  >;
}
