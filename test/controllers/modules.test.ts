import { expect, test } from "bun:test";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { apiNames } from "../../src/controllers/api.ts";
import { authNames } from "../../src/controllers/auth/auth.ts";
import { Generation } from "../../src/controllers/generation.ts";
import {
  API_GLOBAL,
  AUTH_GLOBAL,
  installModules,
  listModules,
  resolveInFolder,
} from "../../src/controllers/modules.ts";
import { createFolder } from "../support/folder.ts";

const api = Object.fromEntries(apiNames.map((name) => [name, name]));
const auth = Object.fromEntries(authNames.map((name) => [name, name]));

/** What the `get` of `chat` returns when a graph with `api` loads the folder. */
async function callGet(files: Record<string, string>, given: object = api): Promise<unknown> {
  using folder = createFolder(files);
  installModules(folder.path, apiNames);
  const generation = await Generation.load({
    folder: folder.path,
    number: 1,
    globals: { [API_GLOBAL]: given, [AUTH_GLOBAL]: auth, log: "the log", app: { name: "lunch" } },
  });
  const get = generation.controllers.get("/chat")?.answers.get as ((request: unknown) => unknown) | undefined;
  if (get === undefined) throw new Error("There is no get");
  const result = await generation.run(get, {});
  await generation.dispose(0);
  return result;
}

test.each(["hubbub", "/lib/xp/websocket"])(
  "installModules() makes %s importable, with each name of the api",
  async (name) => {
    const text = `import * as all from "${name}"; export const get = () => ({ ...all, default: undefined });`;
    expect(await callGet({ "chat.ts": text })).toEqual(api);
  },
);

test("installModules() makes hubbub/auth importable and requirable", async () => {
  const text = `import * as all from "hubbub/auth"; export const get = () => ({ ...all, default: undefined });`;
  expect(await callGet({ "chat.ts": text })).toEqual(auth);
  const required = `exports.get = function () { return require("hubbub/auth").jwt; };`;
  expect(await callGet({ "chat.js": required })).toBe("jwt");
});

test("installModules() makes Enonic's library requirable", async () => {
  const text = `var ws = require("/lib/xp/websocket"); exports.get = function () { return ws.send + ws.addToGroup; };`;
  expect(await callGet({ "chat/chat.js": text })).toBe("sendaddToGroup");
});

test("installModules() gives each graph its own api", async () => {
  const files = { "chat.ts": `import { send } from "hubbub"; export const get = () => send;` };
  expect(await callGet(files, { ...api, send: "first" })).toBe("first");
  expect(await callGet(files, { ...api, send: "second" })).toBe("second");
});

test("installModules() gives valibot and hono, with their sub-paths, to a folder without node_modules", async () => {
  const text = `import * as v from "valibot";
import valibot from "valibot";
import { Hono } from "hono";
import { cors } from "hono/cors";
import { html } from "hono/html";
const { Hono: Required } = require("hono");
export const get = () => [
  v.parse(v.string(), "x"),
  valibot.parse === v.parse,
  new Hono().request("/").then !== undefined,
  typeof cors,
  String(html\`<b>\${"<"}</b>\`),
  Required === Hono,
];`;
  expect(await callGet({ "chat.ts": text })).toEqual(["x", true, true, "function", "<b>&lt;</b>", true]);
});

test("listModules() names what a controller can import, and each can be imported", async () => {
  expect(listModules()).toEqual(
    expect.arrayContaining(["hubbub", "hubbub/auth", "/lib/xp/websocket", "valibot", "hono"]),
  );
  const imports = listModules().map((name, index) => `import * as m${index} from "${name}";`);
  const counts = listModules().map((_, index) => `Object.keys(m${index}).length > 0`);
  const text = `${imports.join("\n")}\nexport const get = () => [${counts.join(", ")}];`;
  expect(await callGet({ "chat.ts": text })).toEqual(listModules().map(() => true));
});

test("require() finds /path from the folder's root, and a bare or relative path beside the file", async () => {
  const value = await callGet({
    "chat/chat.js": `exports.get = function () {
  return [require("/lib/a"), require("_b"), require("./_b"), require("../lib/c.json"), require("/lib/d"), require("node:path").sep];
};`,
    "lib/a.js": `module.exports = "a";`,
    "chat/_b.js": `module.exports = "b";`,
    "lib/c.json": `{"c":1}`,
    "lib/d/index.ts": `module.exports = "d";`,
  });
  expect(value).toEqual(["a", "b", "b", { c: 1 }, "d", "/"]);
});

test("resolveInFolder() tries the name itself, then the extensions, then an index", () => {
  using folder = createFolder({
    "lib/a": "",
    "lib/a.js": "",
    "lib/b.ts": "",
    "lib/b/index.js": "",
    "lib/c/index.ts": "",
    "lib/data.json": "",
  });
  const find = (request: string) => resolveInFolder(request, join(folder.path, "chat/chat.js"), folder.path);
  expect(find("/lib/a")).toBe(join(folder.path, "lib/a"));
  expect(find("/lib/b")).toBe(join(folder.path, "lib/b.ts"));
  expect(find("../lib/c")).toBe(join(folder.path, "lib/c/index.ts"));
  expect(find("/lib/data")).toBe(join(folder.path, "lib/data.json"));
  expect(find("/lib/./x/../a.js")).toBe(join(folder.path, "lib/a.js"));
});

test("resolveInFolder() finds nothing outside of the folder", () => {
  using folder = createFolder({ "app/chat.js": "", "app-2/x.js": "", "x.js": "" });
  const root = join(folder.path, "app");
  for (const request of [
    "../x",
    "../app-2/x",
    "/../x",
    "x",
    "/",
    ".",
    "node:fs",
    "bun:sqlite",
    join(folder.path, "x.js"),
  ]) {
    expect([request, resolveInFolder(request, join(root, "chat.js"), root)]).toEqual([request, undefined]);
  }
});

test("resolveInFolder() takes no folder for a file", () => {
  using folder = createFolder();
  mkdirSync(join(folder.path, "lib.js"));
  expect(resolveInFolder("/lib", join(folder.path, "chat.js"), folder.path)).toBeUndefined();
});
