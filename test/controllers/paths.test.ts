import { expect, test } from "bun:test";
import {
  compareSpecificity,
  isControllerFile,
  listParameters,
  toConflictKey,
  toPath,
} from "../../src/controllers/paths.ts";

test.each([
  "chat.ts",
  "chat.tsx",
  "chat.js",
  "chat.mjs",
  "chat.cjs",
  "index.ts",
  "admin/stats.ts",
  "room/[id].ts",
  "chat/chat.js",
  "lib.ts",
  "public.ts",
  "library/x.ts",
  "test.ts",
  "feed.v2.ts",
])("isControllerFile() takes %s", (file) => {
  expect(isControllerFile(file)).toBe(true);
});

test.each([
  "chat.json",
  "chat.html",
  "chat",
  "chat.ts.bak",
  "chat.d.ts",
  "chat.test.ts",
  "chat.test.js",
  "admin/chat.test.tsx",
  "_chat.ts",
  ".chat.ts",
  "_shared/chat.ts",
  "a/.git/chat.ts",
  "a/_b/c/chat.ts",
  "lib/chat.ts",
  "a/lib/chat.ts",
  "node_modules/x/index.js",
  "public/chat.js",
  "a/public/b/chat.js",
])("isControllerFile() leaves out %s", (file) => {
  expect(isControllerFile(file)).toBe(false);
});

test.each([
  ["index.ts", "/"],
  ["chat.ts", "/chat"],
  ["chat.cjs", "/chat"],
  ["chat/index.ts", "/chat"],
  ["chat/chat.js", "/chat"],
  ["admin/stats.ts", "/admin/stats"],
  ["admin/stats/stats.ts", "/admin/stats"],
  ["services/chat/chat.js", "/services/chat"],
  ["a/a/a.ts", "/a/a"],
  ["index/chat.ts", "/index/chat"],
  ["index/index.ts", "/index"],
  ["room/[id].ts", "/room/:id"],
  ["room/[id]/index.ts", "/room/:id"],
  ["room/[id]/log.ts", "/room/:id/log"],
  ["[a]/[b_2].ts", "/:a/:b_2"],
  ["feed.v2.ts", "/feed.v2"],
  ["über uns.ts", "/über uns"],
])("toPath() of %s is %s", (file, path) => {
  expect(toPath(file)).toBe(path);
});

test.each([
  ["[id.ts", "[id"],
  ["id].ts", "id]"],
  ["[].ts", "[]"],
  ["[2nd].ts", "[2nd]"],
  ["[a-b].ts", "[a-b]"],
  ["[...rest].ts", "[...rest]"],
  ["room/x[id].ts", "x[id]"],
  [":id.ts", ":id"],
  ["*.ts", "*"],
  ["what?.ts", "what?"],
  ["a#b.ts", "a#b"],
  ["50%.ts", "50%"],
  ["a\\b.ts", "a\\b"],
  ["{x}/chat.ts", "{x}"],
])("toPath() refuses %s", (file, segment) => {
  const message = `Cannot load controller "${file}": "${segment}" cannot be part of a path, expected a plain name or a parameter such as [id]`;
  expect(() => toPath(file)).toThrow(expect.objectContaining({ name: "Fault", code: "CONTROLLER_NAME", message }));
});

test("toPath() refuses the folder whose paths are the server's own", () => {
  const message = `Cannot load controller "-/ready.ts": the paths below "/-/" are the server's own, expected another name`;
  expect(() => toPath("-/ready.ts")).toThrow(expect.objectContaining({ code: "CONTROLLER_NAME", message }));
  expect(toPath("a/-/ready.ts")).toBe("/a/-/ready");
});

test("listParameters() gives the names in their order", () => {
  expect(listParameters("/a/:b/c/:d")).toEqual(["b", "d"]);
  expect(listParameters("/")).toEqual([]);
});

test("toConflictKey() is the same for paths that match the same requests", () => {
  expect(toConflictKey("/room/:id")).toBe(toConflictKey("/room/:name"));
  expect(toConflictKey("/:a/x/:b")).toBe(toConflictKey("/:c/x/:d"));
  expect(toConflictKey("/room/id")).not.toBe(toConflictKey("/room/:id"));
  expect(toConflictKey("/:a/x")).not.toBe(toConflictKey("/:a/y"));
});

test("compareSpecificity() puts a fixed segment before a parameter, the first difference deciding", () => {
  const paths = ["/:a/:b", "/:a", "/:a/x", "/x/:b", "/x/y", "/x", "/\u{1f600}/y", "/:a/x/:c"];
  expect(paths.sort(compareSpecificity)).toEqual([
    "/x",
    "/x/y",
    "/x/:b",
    "/\u{1f600}/y",
    "/:a",
    "/:a/x",
    "/:a/x/:c",
    "/:a/:b",
  ]);
});
