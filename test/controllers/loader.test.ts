import { expect, test } from "bun:test";
import { symlinkSync } from "node:fs";
import { join } from "node:path";
import { apiNames } from "../../src/controllers/api.ts";
import { Generation } from "../../src/controllers/generation.ts";
import { type Controller, findControllers } from "../../src/controllers/loader.ts";
import { API_GLOBAL, installModules } from "../../src/controllers/modules.ts";
import { Fault } from "../../src/core/errors.ts";
import { createFolder, type TestFolder } from "../support/folder.ts";

async function loadFolder(folder: TestFolder): Promise<Generation> {
  installModules(folder.path, apiNames);
  const defineController = (definition: object) => Object.assign(definition, { [Symbol.for("hubbub.defined")]: true });
  return Generation.load({ folder: folder.path, number: 1, globals: { [API_GLOBAL]: { defineController } } });
}

/** The controllers of a folder with `files`, by path. */
async function load(files: Record<string, string>): Promise<ReadonlyMap<string, Controller>> {
  using folder = createFolder(files);
  const generation = await loadFolder(folder);
  await generation.dispose(0);
  return generation.controllers;
}

/** The faults of a folder with `files`, which must not load. */
async function loadFaults(files: Record<string, string>): Promise<Fault[]> {
  try {
    await load(files);
  } catch (error) {
    if (!(error instanceof AggregateError)) throw error;
    return error.errors as Fault[];
  }
  throw new Error("The folder has no fault");
}

test("findControllers() lists the controllers of nested folders, the most specific path first", () => {
  using folder = createFolder({
    "index.ts": "",
    "room/[id].ts": "",
    "room/new.ts": "",
    "chat/chat.js": "",
    "chat/helper.json": "",
    "lib/x.ts": "",
    "a/lib/x.ts": "",
    "public/x.js": "",
    "node_modules/x/index.js": "",
    "_draft.ts": "",
    ".hidden/x.ts": "",
    "chat.test.ts": "",
    "types.d.ts": "",
  });
  expect(findControllers(folder.path).files).toEqual([
    { file: "index.ts", path: "/" },
    { file: "chat/chat.js", path: "/chat" },
    { file: "room/new.ts", path: "/room/new" },
    { file: "room/[id].ts", path: "/room/:id" },
  ]);
});

test("findControllers() follows links to files and folders", () => {
  using other = createFolder({ "news.ts": "", "admin/stats.ts": "" });
  using folder = createFolder({ "chat.ts": "" });
  symlinkSync(join(other.path, "news.ts"), join(folder.path, "feed.ts"));
  symlinkSync(join(other.path, "admin"), join(folder.path, "inner"));
  symlinkSync(join(other.path, "gone"), join(folder.path, "dangling"));
  const paths = findControllers(folder.path).files.map(({ path }) => path);
  expect(paths).toEqual(["/chat", "/feed", "/inner/stats"]);
});

test("findControllers() ends when a link leads back to its own folder", () => {
  using folder = createFolder({ "chat.ts": "" });
  symlinkSync(".", join(folder.path, "again"));
  expect(findControllers(folder.path).files).toContainEqual({ file: "chat.ts", path: "/chat" });
});

test("findControllers() leaves out a link that leads only to itself", () => {
  using folder = createFolder({ "chat.ts": "" });
  symlinkSync("loop", join(folder.path, "loop"));
  expect(findControllers(folder.path).files).toEqual([{ file: "chat.ts", path: "/chat" }]);
});

test("findControllers() serves a folder under each of its names", () => {
  using folder = createFolder({ "news/feed.ts": "" });
  symlinkSync("news", join(folder.path, "aktuell"));
  expect(findControllers(folder.path).files.map(({ path }) => path)).toEqual(["/aktuell/feed", "/news/feed"]);
});

test("findControllers() refuses a folder that is not there", () => {
  using folder = createFolder({ "file.ts": "" });
  for (const path of [join(folder.path, "nowhere"), join(folder.path, "file.ts")]) {
    const message = `Cannot serve "${path}": there is no such folder, expected one with controllers`;
    expect(() => findControllers(path)).toThrow(expect.objectContaining({ code: "FOLDER", message }));
  }
});

test("findControllers() refuses a folder without controllers", () => {
  using folder = createFolder({ "lib/x.ts": "", "readme.md": "" });
  const message = `Cannot serve "${folder.path}": it has no controllers, expected at least one file such as chat.ts`;
  expect(() => findControllers(folder.path)).toThrow(expect.objectContaining({ code: "FOLDER", message }));
});

test.each([
  ["chat.js", "chat.ts", "/chat"],
  ["chat.ts", "chat/chat.js", "/chat"],
  ["chat/chat.js", "chat/index.ts", "/chat"],
  ["room/[id].ts", "room/[name].ts", "/room/:name"],
  ["[a]/x.ts", "[b]/x/index.ts", "/:b/x"],
])("findControllers() refuses %s beside %s", (one, other, path) => {
  using folder = createFolder({ [one]: "", [other]: "" });
  const message = `Cannot load controllers "${one}" and "${other}": both claim ${path}, expected one file for a path`;
  expect(findControllers(folder.path).faults).toEqual([
    expect.objectContaining({ code: "CONTROLLER_CONFLICT", message, place: { file: other } }),
  ]);
});

test("findControllers() refuses a name that cannot be a path", () => {
  using folder = createFolder({ "chat.ts": "", "room/[id.ts": "" });
  const message =
    'Cannot load controller "room/[id.ts": "[id" cannot be part of a path, expected a plain name or a parameter such as [id]';
  const { files, faults } = findControllers(folder.path);
  expect(faults).toEqual([expect.objectContaining({ code: "CONTROLLER_NAME", message })]);
  expect(files).toEqual([{ file: "chat.ts", path: "/chat" }]);
});

const NONE =
  'it exports none of get, post, put, patch, delete, head, options, all and webSocketEvent; a file that is no controller belongs in lib/ or begins with "_"';

const schema = (text: string) => `import { string } from "valibot"; const schema = string(); ${text}`;

const defining = (text: string) =>
  schema(`import { defineController } from "hubbub"; export default defineController({ ${text} });`);

test.each([
  ["export const get = 5;", '"get" is a number, expected a function'],
  ["export const GET = 'x';", '"GET" is a string, expected a function'],
  ["exports.post = {};", '"post" is an object, expected a function'],
  ["export const all = [];", '"all" is an array, expected a function'],
  ["export const webSocketEvent = 'chat';", '"webSocketEvent" is a string, expected a function'],
  ["export default { get: true };", '"get" is a boolean, expected a function'],
  ["export default { message: 5 };", '"message" is a number, expected a function'],
  [
    "export default { open() {}, webSocketEvent() {} };",
    'it has "webSocketEvent" and "open", expected one or the other',
  ],
  [schema("export const message = schema;"), '"message" is a schema, expected it in defineController({ message, … })'],
  [
    schema("export default { message: schema };"),
    '"message" is a schema, expected it in defineController({ message, … })',
  ],
  [defining("message: {}"), '"message" is an object, expected a function or a schema'],
  [defining("message: 5"), '"message" is a number, expected a function or a schema'],
  [
    defining("message: schema"),
    '"message" is a schema and nothing hears messages, expected onMessage or webSocketEvent',
  ],
  [defining("message: schema, onMessage: 5"), '"onMessage" is a number, expected a function'],
  [
    defining("message: schema, onMessage() {}, webSocketEvent() {}"),
    'it has "webSocketEvent" and "onMessage", expected one or the other',
  ],
  [
    defining("onMessage() {}"),
    'it has "onMessage" and no schema in "message", expected both or a handler in "message"',
  ],
  [
    defining('message() {}, onInvalid: "close"'),
    'it has "onInvalid" and no schema in "message", expected both or a handler in "message"',
  ],
  [
    defining('message: schema, onMessage() {}, onInvalid: "drop"'),
    '"onInvalid" is "drop", expected "reply" or "close"',
  ],
  [
    defining("message: schema, onMessage() {}, onInvalid: true"),
    '"onInvalid" is a boolean, expected "reply" or "close"',
  ],
  [defining("open() {}, params: { id: schema }"), '"params" is an object, expected a schema'],
  [defining("open() {}, sends() {}"), '"sends" is a function, expected a schema'],
  ["export default 5;", "its default export is a number, expected what defineController returns"],
  ["export default () => {};", "its default export is a function, expected what defineController returns"],
  ["", NONE],
  ["export {};", NONE],
  ["const get = () => {};", NONE],
  ["export const gets = () => {};", NONE],
  ["export const get = undefined;", NONE],
  ["export default {};", NONE],
  ["module.exports = { listen() {} };", NONE],
])("loadController() refuses the exports of %p", async (text, what) => {
  const faults = await loadFaults({ "chat.js": text });
  expect(faults).toEqual([expect.any(Fault)]);
  expect(faults[0]).toMatchObject({
    code: "CONTROLLER_SHAPE",
    message: `Cannot load controller "chat.js": ${what}`,
  });
  expect((faults[0] as Fault).detail).toBeUndefined();
});

test("loadController() takes the schemas of a definition, and leaves their names to everything else", async () => {
  const controllers = await load({
    "typed.js": defining('message: schema, onMessage() {}, onInvalid: "close", sends: schema'),
    "called.js": `import { defineController } from "hubbub";
      const schema = Object.assign(() => {}, { "~standard": { version: 1, vendor: "x", validate: (value) => ({ value }) } });
      export default defineController({ message: schema, webSocketEvent() {} });`,
    "plain.js": 'exports.webSocketEvent = () => {}; exports.sends = 1; exports.onMessage = 2; exports.onInvalid = "x";',
    "handler.js": defining("message() {}"),
  });
  const kinds = [...controllers].map(
    ([
      path,
      {
        schemas: { takes, onInvalid, sends },
      },
    ]) => [path, [takes?.["~standard"].vendor, onInvalid, sends?.["~standard"].vendor]],
  );
  expect(Object.fromEntries(kinds)).toEqual({
    "/typed": ["valibot", "close", "valibot"],
    "/called": ["x", "reply", undefined],
    "/plain": [undefined, "reply", undefined],
    "/handler": [undefined, "reply", undefined],
  });
});

test("loadController() reports a parse error with file, line, column and code frame", async () => {
  const [fault] = await loadFaults({ "admin/chat.ts": "const a = 1;\nexport const get = (;\n" });
  expect(fault?.code).toBe("CONTROLLER_LOAD");
  expect(fault?.message).toBe('Cannot load controller "admin/chat.ts": Unexpected ; at admin/chat.ts:2:21');
  expect(fault?.detail).toMatch(/^2 \| export const get = \(;\n {24}\^\nerror: Unexpected ;\n/);
});

test("loadController() reports a file that does not parse even where it is only imported", async () => {
  const [fault] = await loadFaults({
    "chat.ts": "import { x } from './lib/x.ts'; export const get = () => x;",
    "lib/x.ts": "export const x = 1;\nexport const x = 2;\n",
  });
  expect(fault?.message).toMatch(/^Cannot load controller "chat\.ts": .+ at lib\/x\.ts:2:14$/);
});

test("loadController() reports a throw at load with file, line and code frame", async () => {
  const [fault] = await loadFaults({
    "chat.ts": "const wanted = 'DATABASE';\nthrow new Error(`${wanted} is not set`);\n",
  });
  expect(fault?.code).toBe("CONTROLLER_LOAD");
  expect(fault?.message).toMatch(/^Cannot load controller "chat\.ts": DATABASE is not set at chat\.ts:2:\d+$/);
  expect(fault?.detail).toContain("2 | throw new Error(`${wanted} is not set`);");
  expect(fault?.cause).toMatchObject({ message: "DATABASE is not set" });
});

test("loadController() reports a rejection at load", async () => {
  const [fault] = await loadFaults({ "chat.ts": "await Promise.resolve();\nthrow new TypeError('no');\n" });
  expect(fault?.message).toMatch(/^Cannot load controller "chat\.ts": no at chat\.ts:2:\d+$/);
});

test("loadController() reports a thrown value that is no error", async () => {
  const [fault] = await loadFaults({ "chat.ts": "throw 'just text';" });
  expect(fault).toMatchObject({ code: "CONTROLLER_LOAD", message: 'Cannot load controller "chat.ts": just text' });
});

test.each([
  ["import x from './nope.ts'; export const get = x;", "./nope.ts", 15],
  ["import x from 'no-such-package'; export const get = x;", "no-such-package", 15],
  ["import { nope } from 'hubbub'; export const get = nope;", "nope", 10],
  ["exports.get = require('/lib/nope');", "/lib/nope", 23],
])("loadController() names what %p cannot import, and the place", async (text, name, column) => {
  const [fault] = await loadFaults({ "chat.js": `\n${text}` });
  expect(fault).toMatchObject({ code: "CONTROLLER_LOAD", place: { file: "chat.js", line: 2, column } });
  expect(fault?.message).toMatch(
    new RegExp(`^Cannot load controller "chat\\.js": .*${name}.* at chat\\.js:2:${column}$`),
  );
});

test("loadController() finds the place of an import that fails in what a controller imports", async () => {
  const [fault] = await loadFaults({
    "chat.ts": "import { a } from './lib/a.ts';\nexport const get = a;",
    "lib/a.ts": "// nothing above\n  import 'missing';\nexport const a = () => ({});",
  });
  expect(fault?.place).toEqual({ file: "lib/a.ts", line: 2, column: 10 });
});

test("Generation.load() reports the faults of all controllers at once", async () => {
  using folder = createFolder({
    "a.ts": "export const get = (",
    "b.ts": "throw new Error('boom');",
    "c.ts": "export const get = 5;",
    "d.ts": "",
    "e*.ts": "",
    "well.ts": "export const get = () => ({});",
    "well/index.ts": "",
  });
  const thrown: unknown = await loadFolder(folder).catch((error: unknown) => error);
  expect(thrown).toBeInstanceOf(AggregateError);
  const { message, errors } = thrown as AggregateError;
  expect(message).toBe(`Cannot load the controllers in "${folder.path}": 6 of 7 have a fault`);
  expect((errors as Fault[]).map((fault) => [/"(.+?)"/.exec(fault.message)?.[1], fault.code])).toEqual([
    ["e*.ts", "CONTROLLER_NAME"],
    ["well.ts", "CONTROLLER_CONFLICT"],
    ["a.ts", "CONTROLLER_LOAD"],
    ["b.ts", "CONTROLLER_LOAD"],
    ["c.ts", "CONTROLLER_SHAPE"],
    ["d.ts", "CONTROLLER_SHAPE"],
  ]);
});

test("Generation.load() stops the timers of a folder with a fault", async () => {
  const counter = { ticks: 0 };
  const global = globalThis as unknown as { loaderTestCounter?: typeof counter };
  global.loaderTestCounter = counter;
  await loadFaults({
    "a.ts": "setInterval(() => { globalThis.loaderTestCounter.ticks += 1; }, 1); export const get = () => {};",
    "b.ts": "export const get = 5;",
  });
  const before = counter.ticks;
  await Bun.sleep(20);
  delete global.loaderTestCounter;
  expect(counter.ticks).toBe(before);
});

test.each([
  ["ES module", "export const get = () => {}; export function webSocketEvent() {}"],
  ["upper case", "export const GET = () => {}; export const webSocketEvent = () => {};"],
  ["async", "export async function get() {} export async function webSocketEvent() {}"],
  ["CommonJS exports", "exports.get = function () {}; exports.webSocketEvent = function () {};"],
  ["CommonJS module.exports", "module.exports = { get: function () {}, webSocketEvent: function () {} };"],
  ["default object", "export default { get() {}, webSocketEvent() {} };"],
  [
    "defineController",
    "import { defineController } from 'hubbub'; export default defineController({ get() {}, open() {} });",
  ],
  [
    "assigned after load began",
    "exports.get = null; exports.webSocketEvent = () => {}; (() => { exports.get = () => {}; })();",
  ],
])("loadController() takes the exports of a controller: %s", async (_, text) => {
  const chat = (await load({ "chat.js": text })).get("/chat");
  expect(chat?.file).toBe("chat.js");
  expect(chat?.answers.get).toBeFunction();
  expect(chat?.onEvent).toBeFunction();
  expect(chat?.allow).toEqual(["GET", "HEAD"]);
});

test("loadController() prefers the upper-case name, as Enonic does", async () => {
  const chat = (await load({ "chat.ts": "export const get = () => 'lower'; export const GET = () => 'upper';" })).get(
    "/chat",
  );
  expect(await chat?.answers.get?.({} as never)).toBe("upper" as never);
});

test.each([
  ["export const post = () => {};", ["POST"]],
  ["export const get = () => {};", ["GET", "HEAD"]],
  ["export const get = () => {}; export const head = () => {};", ["GET", "HEAD"]],
  ["export const DELETE = () => {}; export const Put = () => {}; export const patch = () => {};", ["PATCH", "DELETE"]],
  ["export const all = () => {};", ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"]],
  ["export const webSocketEvent = () => {};", []],
])("loadController() allows the methods of %p", async (text, allow) => {
  const chat = (await load({ "chat.ts": text })).get("/chat");
  expect([...(chat?.allow ?? ["none"])].sort()).toEqual([...allow].sort());
});

test("loadController() accepts every upgrade for defineController without get", async () => {
  const files = {
    "chat.ts": "import { defineController } from 'hubbub'; export default defineController({ message() {} });",
    "plain.ts": "export default { message() {} };",
  };
  const controllers = await load(files);
  expect(await controllers.get("/chat")?.answers.get?.({} as never)).toEqual({ webSocket: {} });
  expect(controllers.get("/plain")?.answers.get).toBeUndefined();
});

test("loadController() sends each event to its own handler, and the others nowhere", async () => {
  const text = "export default { open: () => 'opened', close: (event) => event.closeReason, get() {} };";
  const onEvent = (await load({ "chat.js": text })).get("/chat")?.onEvent;
  const session = { id: "1", path: "/chat", params: {} };
  expect(onEvent?.({ type: "open", session, data: {} })).toBe("opened");
  expect(onEvent?.({ type: "close", session, data: {}, closeReason: 1001, reason: "" })).toBe(1001);
  expect(onEvent?.({ type: "message", session, data: {}, message: "x" })).toBeUndefined();
  expect(onEvent?.({ type: "error", session, data: {}, error: "x" })).toBeUndefined();
});

test("loadController() lists the path's parameters", async () => {
  const controllers = await load({ "[a]/x/[b].ts": "export const get = () => {};" });
  expect(controllers.get("/:a/x/:b")?.parameters).toEqual(["a", "b"]);
});

test("Generation.load() shares a module between controllers, and none between generations", async () => {
  const files = {
    "lib/state.ts": "export const state = { count: 0 };",
    "a.ts": "import { state } from './lib/state.ts'; export const get = () => { state.count += 1; return state; };",
    "b.ts": "import { state } from './lib/state.ts'; export const get = () => state;",
  };
  using folder = createFolder(files);
  await using first = Object.assign(await loadFolder(folder), { [Symbol.asyncDispose]: () => first.dispose(0) });
  await using second = Object.assign(await loadFolder(folder), { [Symbol.asyncDispose]: () => second.dispose(0) });
  const call = (generation: Generation, path: string) =>
    generation.run(generation.controllers.get(path)?.answers.get as (argument: unknown) => unknown, {});
  expect(call(first, "/a")).toEqual({ count: 1 });
  expect(call(first, "/b")).toEqual({ count: 1 });
  expect(call(second, "/b")).toEqual({ count: 0 });
});
