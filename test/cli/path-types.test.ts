import { expect, test } from "bun:test";
import { copyFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { formatPathTypes, type PathTypes } from "../../src/cli/path-types.ts";
import type { Generation } from "../../src/controllers/generation.ts";
import { App } from "../../src/app.ts";
import { readConfig } from "../../src/core/config.ts";
import { createFolder, type TestFolder } from "../support/folder.ts";
import { root } from "../support/server.ts";

/** A folder whose controllers find the packages of this repository. */
function createControllers(files: Record<string, string>): TestFolder {
  const folder = createFolder(files);
  symlinkSync(join(root, "node_modules"), join(folder.path, "node_modules"));
  return folder;
}

async function formatFolder(files: Record<string, string>): Promise<PathTypes> {
  using folder = createControllers(files);
  const app = new App({ config: readConfig({}), folder: folder.path, isEmbedded: false, version: "1.2.3" });
  const generation: Generation = await app.load();
  try {
    return await formatPathTypes(generation.controllers.values());
  } finally {
    await generation.dispose(0);
  }
}

const define = (imports: string, definition: string) =>
  `import { defineController } from "hubbub"; ${imports} export default defineController({ ${definition}, onMessage() {} });`;

const valibot = 'import * as v from "valibot";';
const zod = 'import { z } from "zod";';
const arktype = 'import { type } from "arktype";';

/** The text of the type of that name. */
const typeOf = ({ text }: PathTypes, name: string) =>
  new RegExp(`^export type ${name} = (.*?);\n(?=\n|$)`, "ms").exec(`${text}\n`)?.[1];

test("formatPathTypes() lists the paths of sessions, with what each takes and sends", async () => {
  const types = await formatFolder({
    "chat.ts": define(valibot, "message: v.object({ text: v.string() }), sends: v.object({ from: v.string() })"),
    "index.ts": "export const get = () => ({ body: 1 });",
    "room/[id].ts": define(valibot, "message: v.number()"),
    "feed.ts": `import { defineController } from "hubbub"; ${valibot} export default defineController({ sends: v.string() });`,
    "plain.ts": "export const webSocketEvent = () => {};",
  });
  expect(types.text)
    .toBe(`// Written by \`hubbub types\` from the schemas of the controllers: run it again when they change.

/** What each path takes from a session, and what it sends to one. */
export interface Paths {
  /** chat.ts */
  "/chat": { takes: ChatTakes; sends: ChatSends | InvalidMessage };
  /** feed.ts */
  "/feed": { takes: unknown; sends: FeedSends };
  /** plain.ts */
  "/plain": { takes: unknown; sends: unknown };
  /** room/[id].ts */
  "/room/:id": { takes: RoomIdTakes; sends: unknown };
}

export type ChatTakes = {
  text: string;
};

export type ChatSends = {
  from: string;
};

export type FeedSends = string;

export type RoomIdTakes = number;

/** What the sender of a message gets that its path does not take. */
export type InvalidMessage = {
  error: {
    code: "not-text" | "not-json" | "not-valid";
    message: string;
    issues: { path: (string | number)[]; message: string }[];
  };
};
`);
  expect([types.count, types.gaps]).toEqual([4, []]);
});

test("formatPathTypes() gives each path names of its own", async () => {
  const controller = define(valibot, "message: v.string(), sends: v.string()");
  const { text } = await formatFolder({
    "index.ts": controller,
    "index/index.ts": controller,
    "room-id.ts": controller,
    "room/[id].ts": controller,
    "2048.ts": controller,
    "straße/größe.ts": controller,
  });
  const names = [...text.matchAll(/^export type (\w*Takes)/gmu)].map(([, name]) => name);
  expect(new Set(names).size).toBe(names.length);
  expect([...text.matchAll(/takes: (\S+);/g)].map(([, name]) => name)).toEqual([
    "IndexTakes",
    "Path2048Takes",
    "Index2Takes",
    "RoomIdTakes",
    "RoomId2Takes",
    "StraßeGrößeTakes",
  ]);
});

const shapes = {
  valibot: `${valibot} const schema = v.object({
    at: v.pipe(v.string(), v.transform((at) => new Date(at))), day: v.pipe(v.string(), v.toDate()), made: v.date(),
    name: v.pipe(v.string(), v.trim(), v.brand("Name")), more: v.optional(v.string()), count: v.optional(v.number(), 1),
    kind: v.picklist(["a", "b"]), size: v.nullable(v.number()), both: v.tuple([v.string(), v.number()]), by: v.record(v.string(), v.boolean()) });`,
  zod: `${zod} const schema = z.object({
    at: z.string().transform((at) => new Date(at)), day: z.string().pipe(z.coerce.date()), made: z.date(),
    name: z.string().trim().brand("Name"), more: z.string().optional(), count: z.number().default(1),
    kind: z.enum(["a", "b"]), size: z.number().nullable(), both: z.tuple([z.string(), z.number()]), by: z.record(z.string(), z.boolean()) });`,
  arktype: `${arktype} const schema = type({
    at: ["string", "=>", (at) => new Date(at)], day: "string.date.parse", made: "Date",
    name: "string.trim", "more?": "string", count: "number = 1",
    kind: "'a' | 'b'", size: "number | null", both: ["string", "number"], by: { "[string]": "boolean" } });`,
};

test.each(Object.keys(shapes) as (keyof typeof shapes)[])(
  "formatPathTypes() tells what a schema of %s takes from what it sends",
  async (library) => {
    const types = await formatFolder({ "a.ts": define(shapes[library], "message: schema, sends: schema") });
    const linesOf = (name: string) =>
      typeOf(types, name)
        ?.split("\n")
        .slice(1, -1)
        .map((line) => line.trim())
        .sort();
    const same = [
      "both: [string, number];",
      "by: Record<string, boolean>;",
      'kind: "a" | "b";',
      "more?: string;",
      "name: string;",
      "size: number | null;",
    ];
    expect(linesOf("ATakes")).toEqual(
      [...same, "at: string;", "count?: number;", "day: string;", "made: unknown;"].sort(),
    );
    expect(linesOf("ASends")).toEqual(
      [...same, "at: unknown;", "count: number;", "day: string;", "made: string;"].sort(),
    );
    expect(types.gaps).toEqual([]);
  },
);

test.each([
  ["valibot", `${valibot} const schema = v.object({ value: v.string(), kids: v.lazy(() => v.array(schema)) });`],
  ["zod", `${zod} const schema = z.object({ value: z.string(), get kids() { return z.array(schema); } });`],
  ["arktype", `${arktype} const schema = type.module({ node: { value: "string", kids: "node[]" } }).node;`],
])("formatPathTypes() names what refers to itself in a schema of %s", async (_library, schema) => {
  const types = await formatFolder({ "tree.ts": define(schema, "message: schema") });
  const twice = await formatFolder({ "tree.ts": define(schema, "message: schema") });
  expect(twice.text).toBe(types.text);
  const names = [...types.text.matchAll(/^export type (\w+)/gm)].map(([, name]) => name);
  const used = [...types.text.matchAll(/kids: (\w+)/g)].map(([, name]) => name);
  expect(used.length).toBeGreaterThan(0);
  for (const name of used) expect(names).toContain(name);
});

test("formatPathTypes() tells of a schema that says nothing, and of one that throws", async () => {
  const schema = (more: string) =>
    define(
      `const schema = { "~standard": { version: 1, vendor: "own", validate: (value) => ({ value }), ${more} } };`,
      "message: schema",
    );
  const types = await formatFolder({
    "a.ts": schema(""),
    "b.ts": schema(`jsonSchema: { input() { throw new Error("not for this"); } }`),
    "c.ts": schema(`jsonSchema: { input: ({ target }) => ({ const: target }) }`),
  });
  expect(types.gaps).toEqual([
    'The type of "message" in "a.ts" is unknown: this version of own does not say it as JSON Schema',
    'The type of "message" in "b.ts" is unknown: not for this',
  ]);
  expect([...types.text.matchAll(/takes: (\w+)/g)].map(([, name]) => name)).toEqual(["unknown", "unknown", "CTakes"]);
  expect(typeOf(types, "CTakes")).toBe('"draft-2020-12"');
});

test("what formatPathTypes() writes types the browser client", async () => {
  const { text } = await formatFolder({
    "chat.ts": define(
      valibot,
      'message: v.object({ text: v.string(), tags: v.optional(v.array(v.picklist(["a", "b"]))) }), sends: v.object({ from: v.string() })',
    ),
    "room/[id].ts": define(zod, "message: z.number(), sends: z.object({ size: z.number() })"),
    "tree.ts": define(
      shapes.zod.replace("z.object({", "z.object({ get kids() { return z.array(schema); },"),
      "message: schema, sends: schema",
    ),
  });
  using folder = createFolder({
    "paths.d.ts": text,
    "page.ts": `import { connect, type Connect } from "./connect.js";
import type { ChatTakes, Paths } from "./paths.js";

const open = connect as Connect<Paths>;
const said: ChatTakes = { text: "hello", tags: ["a"] };
const chat = open("/chat");
chat.send(said);
chat.addEventListener("message", ({ data }) => {
  const from: string = "error" in data ? data.error.issues.map(({ message }) => message).join() : data.from;
  console.log(from);
  // @ts-expect-error it may be the answer to an invalid message
  console.log(data.from);
});
// @ts-expect-error there is no such tag
chat.send({ text: "hello", tags: ["c"] });
const room = open("/room/7");
room.send(7);
// @ts-expect-error a room takes numbers
room.send("7");
`,
    "tsconfig.json": JSON.stringify({
      compilerOptions: {
        target: "ESNext",
        module: "Preserve",
        lib: ["ESNext", "DOM"],
        types: [],
        strict: true,
        noEmit: true,
      },
    }),
  });
  copyFileSync(join(root, "src/client/connect.d.ts"), join(folder.path, "connect.d.ts"));
  const check = Bun.spawnSync([process.execPath, "check"], { cwd: folder.path });
  expect(check.stdout.toString()).toBe("");
  expect(check.exitCode).toBe(0);
});
