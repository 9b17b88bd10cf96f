import { beforeAll, expect, test } from "bun:test";
import { cpSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { checkFolder } from "../../src/cli/check/check-folder.ts";
import { type CheckReport, createReport, formatReport } from "../../src/cli/check/report.ts";
import { buildOnce, runBinary } from "../support/binary.ts";
import { listExamples } from "../support/examples.ts";
import { createFolder } from "../support/folder.ts";
import { root } from "../support/server.ts";

beforeAll(buildOnce, 60_000);

/** Checks a folder with `files`, or the one in it that `within` names; files are shown from there. */
async function check(files: Record<string, string>, within = "."): Promise<CheckReport> {
  using folder = createFolder(files);
  const path = join(folder.path, within);
  const report = createReport(await checkFolder(path), path);
  return JSON.parse(JSON.stringify(report).replaceAll(`${folder.path}/`, "")) as CheckReport;
}

const listFaults = ({ faults }: CheckReport) =>
  faults.map(
    ({ code, file, line, column }) => `${[file, line, column].filter((part) => part !== null).join(":")} ${code}`,
  );

const well = "export const get = () => ({ webSocket: {} });\n";

test("checkFolder() reports what is wrong with names, loading, exports and types, all at once and by place", async () => {
  const report = await check({
    "*.ts": well,
    "broken.ts": "export const get = () => {\n  return (;\n};\n",
    "lib/late.ts": 'export const at: number = "noon";\n',
    "shape.ts": "export const get: unknown = 5;\n",
    "throws.ts": `import { at } from "./lib/late.ts";\n${well}\nthrow new Error(\`no database at \${at}\`);\n`,
    "well.test.ts": 'import { open } from "hubbub/test";\nawait open(5);\n',
    "well.ts": well,
    "well/index.ts": well,
  });
  expect(listFaults(report)).toEqual(
    [
      "*.ts CONTROLLER_NAME",
      "broken.ts:2:11 CONTROLLER_LOAD",
      "lib/late.ts:1:14 TS2322",
      "shape.ts CONTROLLER_SHAPE",
      "throws.ts:4:11 CONTROLLER_LOAD",
      "well/index.ts CONTROLLER_CONFLICT",
      "well.test.ts:2:12 TS2345",
    ].sort((a, b) => (a.split(":")[0]! < b.split(":")[0]! ? -1 : 1)),
  );
  expect(report).toMatchObject({ ok: false, controllers: 6, unchecked: [] });
});

test("checkFolder() says nothing twice", async () => {
  const report = await check({
    "a.ts": 'import { b } from "./b.ts";\nexport const get = () => b;\n',
    "c.ts": 'import { nothing } from "./lib/d.ts";\nexport const get = () => nothing();\n',
    "lib/d.ts": "export const something = 1;\n",
    "e.ts": "export const get = (;\n",
  });
  expect(listFaults(report)).toEqual([
    "a.ts:1:19 CONTROLLER_LOAD",
    "c.ts:1:10 CONTROLLER_LOAD",
    "e.ts:1:21 CONTROLLER_LOAD",
  ]);
});

test("checkFolder() names what could not be checked for types because of what it imports", async () => {
  const report = await check({
    "far.test.ts": 'import type { Near } from "./lib/near";\nexport type Far = Near;\n',
    "lib/near.ts": 'import { broken } from "./broken.js";\nexport type Near = typeof broken;\n',
    "lib/broken.ts": "export const broken = ;\n",
    "other.ts": `${well}export const one: string = 1;\n`,
    "well.ts": well,
  });
  expect(listFaults(report)).toEqual(["lib/broken.ts:1:23 TS1109", "other.ts:2:14 TS2322"]);
  expect(report.unchecked.sort()).toEqual(["far.test.ts", "lib/near.ts"]);
  expect(formatReport(report)).toContain(
    "The types in far.test.ts were not checked: it imports a file that the checker cannot read\n",
  );
});

test("formatReport() shows each fault with its code frame, and counts", async () => {
  const report = await check({
    "a.ts": `// one\n// two\n${well}\tconst n: number = "text";\n`,
    "b.ts": "export const get = 1;\n",
  });
  expect(formatReport(report)).toBe(`a.ts:4:8: Type 'string' is not assignable to type 'number'. [TS2322]

  2 | // two
  3 | export const get = () => ({ webSocket: {} });
  4 |  const n: number = "text";
    |        ^

b.ts: Cannot load controller "b.ts": "get" is a number, expected a function [CONTROLLER_SHAPE]

Found 2 faults in 2 files: 2 controllers, 2 files checked for types
`);
  expect(formatReport(await check({ "a.ts": well }))).toBe("No faults: 1 controller, 1 file checked for types\n");
});

test("checkFolder() knows what controllers have: modules, globals, the runtime, and packages beside them", async () => {
  const report = await check({
    "all.ts": `
      import { jwt } from "hubbub/auth";
      import { defineController, send } from "hubbub";
      import { sendToGroup } from "/lib/xp/websocket";
      import { Hono } from "hono";
      import { cors } from "hono/cors";
      import * as v from "valibot";
      import { small } from "small";
      import { help } from "./lib/help.js";
      log.info("%s %s", app.name, resolve("./all.ts"));
      export default defineController({
        message: v.object({ text: v.string() }),
        onMessage: ({ message, session }) => { send(session.id, message.text + help(small)); sendToGroup(1, [Bun.version, jwt, Hono, cors]); },
      });`,
    "lib/help.js": "export const help = (text) => text.trim();",
    "node_modules/small/package.json":
      '{ "name": "small", "type": "module", "exports": "./index.js", "types": "./index.d.ts" }',
    "node_modules/small/index.js": 'export const small = "x";',
    "node_modules/small/index.d.ts": "export const small: string;",
    "public/page.js": "document.body.append(1);",
  });
  expect(report).toMatchObject({ ok: true, faults: [], controllers: 1, files: 2 });
});

test("checkFolder() reads JavaScript as Enonic has it, and its types where it says @ts-check", async () => {
  const enonic = `var lib = require("/lib/xp/websocket");\nvar help = require("help");\nstray = 010;
    with (Math) stray = PI;
    exports.get = function (request) { return { webSocket: {}, data: help.a }; };\n`;
  const files = { "chat/chat.js": enonic, "chat/help.js": "exports.a = 1; exports.all = function () {};" };
  expect(await check(files)).toMatchObject({ ok: true, controllers: 2, files: 2 });
  const checked = `// @ts-check\nexports.get = () => { log.info("x"); return {}; };\nrequire("/lib/xp/websocket").send(1, "x");\n`;
  expect(listFaults(await check({ ...files, "checked.js": checked }))).toEqual(["checked.js:3:35 TS2345"]);
  expect(listFaults(await check({ ...files, "lib/bad.js": "exports.a = = 1;" }))).toEqual(["lib/bad.js:1:13 TS1109"]);
});

test("checkFolder() heeds a tsconfig.json above: its rules, and not how it reads or writes files", async () => {
  const files = {
    "app/controllers/a.ts": `import { b } from "./lib/b.ts";\n${well}const unused = b + Number(typeof more);\n`,
    "app/controllers/lib/b.ts": "export const b = 1;\n",
    "app/controllers/old/c.ts": `${well}export const c: string = 1;\n`,
    "app/more.d.ts": "declare const more: unknown;\n",
    "app/scripts/other.ts": "export const d: string = 1;\n",
    "base.json": '{ "compilerOptions": { "module": "commonjs", "moduleResolution": "node10", "rootDir": "src" } }',
    "app/tsconfig.json": `{
      // What is not made yet in a fresh copy does not matter.
      "extends": ["../base.json", "./.hubbub/tsconfig.json"],
      "compilerOptions": { "noUnusedLocals": true, "composite": true, "baseUrl": ".", "outDir": "dist", "types": ["node"], },
      "exclude": ["controllers/old"],
    }`,
    "app/hubbub.d.ts": 'declare module "hubbub" { export const old: true; }',
  };
  expect(listFaults(await check(files, "app/controllers"))).toEqual(["app/controllers/a.ts:3:7 TS6133"]);
});

test.each([
  ["{", "tsconfig.json TSCONFIG"],
  ['{ "extends": "./nowhere.json" }', "TS5083"],
  ['{ "compilerOptions": { "strikt": true } }', "tsconfig.json TS5023"],
  ['{ "compilerOptions": { "types": ["nowhere"] } }', "TS2688"],
])("checkFolder() says what is wrong with %p as tsconfig.json", async (text, fault) => {
  expect(
    (await check({ "a.ts": well, "tsconfig.json": text })).faults.map(({ file, code }) =>
      [file, code].join(" ").trim(),
    ),
  ).toContain(fault);
});

test("checkFolder() shows files under the name of the folder, also where that is a link", async () => {
  using folder = createFolder({
    "real/a.ts": `${well}export const one: string = 1;\n`,
    "real/b.ts": "export const get = 1;",
  });
  symlinkSync("real", join(folder.path, "link"));
  const link = join(folder.path, "link");
  const report = createReport(await checkFolder(link), link);
  expect(report.faults.map(({ file }) => file)).toEqual([`${link}/a.ts`, `${link}/b.ts`]);
});

test.each(["README.md", "docs/controllers.md", "docs/authentication.md"])(
  "the examples in %s have no faults",
  async (page) => {
    expect(formatReport(await check(listExamples(page)))).toStartWith("No faults: ");
  },
);

test("the executable checks the examples with nothing around it", async () => {
  using folder = createFolder();
  cpSync(join(root, "controllers"), join(folder.path, "controllers"), { recursive: true });
  const result = await runBinary(["check"], { cwd: folder.path });
  expect(result).toEqual({ exitCode: 0, stdout: "No faults: 5 controllers, 11 files checked for types\n", stderr: "" });
});

test("the executable ends with 1 for faults, whatever controllers open, and prints nothing else on standard output", async () => {
  using folder = createFolder({
    "app/a.ts": `import { createServer } from "node:net";
      setInterval(() => {}, 1);
      Bun.serve({ port: 0, fetch: () => new Response() });
      createServer().listen(0);
      process.stdin.resume();
      console.log("said");
      process.stdout.write("written\\n");
      ${well}export const one: string = 1;\n`,
    "hubbub.toml": "prot = 1\n",
  });
  const { exitCode, stdout, stderr } = await runBinary(["check", "app", "--json"], { cwd: folder.path });
  const report = JSON.parse(stdout) as CheckReport;
  expect(report.faults.map(({ code, file }) => [code, file])).toEqual([
    ["CONFIG_VALUE", null],
    ["TS2322", "app/a.ts"],
  ]);
  expect([exitCode, stderr]).toEqual([1, "written\n"]);
});

test.each([
  [[], 78, 'Cannot check "controllers": there is no such folder, expected one with controllers'],
  [["a.ts"], 78, 'Cannot check "a.ts": it is a file, expected a folder with controllers'],
  [["empty"], 78, 'Cannot serve "FOLDER/empty": it has no controllers, expected at least one file such as chat.ts'],
  [["--jsno"], 2, 'Cannot use flag "--jsno": there is no such flag, expected --json'],
] as const)("hubbub check %p ends with %d and one sentence", async (args, exitCode, message) => {
  using folder = createFolder({ "a.ts": well, "empty/readme.md": "" });
  const result = await runBinary(["check", ...args], { cwd: folder.path });
  const stderr = result.stderr.replaceAll(folder.path, "FOLDER");
  expect({ ...result, stderr }).toEqual({ exitCode, stdout: "", stderr: `hubbub: ${message}\n` });
});

test("hubbub check says that there is no room for what it needs on the way", async () => {
  using folder = createFolder({ "controllers/a.ts": well });
  const environment = { TMPDIR: join(folder.path, "nowhere") };
  const { exitCode, stderr } = await runBinary(["check"], { cwd: folder.path, environment });
  expect(stderr).toMatch(/^hubbub: Cannot write what is needed on the way to ".*\/nowhere": ENOENT: .*TMPDIR/);
  expect(exitCode).toBe(1);
});
