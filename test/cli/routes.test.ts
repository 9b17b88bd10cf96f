import { beforeAll, expect, test } from "bun:test";
import type { Route } from "../../src/cli/route-list.ts";
import { buildOnce, runBinary } from "../support/binary.ts";
import { createFolder } from "../support/folder.ts";

beforeAll(buildOnce, 60_000);

const files = {
  "app/index.js": "exports.all = () => ({});",
  "app/room/[id].ts": `import { defineController } from "hubbub"; import * as v from "valibot";
    export default defineController({
      params: v.object({ id: v.string() }), sends: v.string(), message: v.object({}), onMessage() {},
    });`,
  "app/events.js": "exports.webSocketEvent = () => {};",
  "app/post.ts": "process.stdout.write('loaded'); export const post = () => ({ status: 204 });",
};

test("hubbub routes lists path, file, methods, sessions and schemas in columns", async () => {
  using folder = createFolder(files);
  const { stdout, exitCode } = await runBinary(["routes", "app"], { cwd: folder.path });
  expect(stdout).toBe(`PATH       FILE          METHODS                                 WEBSOCKET  SCHEMAS
/          index.js      GET,POST,PUT,PATCH,DELETE,HEAD,OPTIONS  -          -
/events    events.js     -                                       yes        -
/post      post.ts       POST                                    -          -
/room/:id  room/[id].ts  GET,HEAD                                yes        message,sends,params
`);
  expect(exitCode).toBe(0);
});

test("hubbub routes --json names the library of each schema", async () => {
  using folder = createFolder(files);
  const { stdout } = await runBinary(["routes", "app", "--json"], { cwd: folder.path });
  const routes = JSON.parse(stdout) as Route[];
  expect(routes.slice(1)).toEqual([
    { path: "/events", file: "events.js", methods: [], websocket: true, schemas: {} },
    { path: "/post", file: "post.ts", methods: ["POST"], websocket: false, schemas: {} },
    {
      path: "/room/:id",
      file: "room/[id].ts",
      methods: ["GET", "HEAD"],
      websocket: true,
      schemas: { message: "valibot", sends: "valibot", params: "valibot" },
    },
  ]);
});

test("hubbub routes lists the controllers in the executable where there are no others", async () => {
  using folder = createFolder();
  const { stdout } = await runBinary(["routes"], { cwd: folder.path });
  expect(stdout).toMatch(/^\/dashboard +dashboard\.js +GET,HEAD +yes +message,sends$/m);
});

test.each([
  [["nowhere"], 78, 'Cannot list the paths of "nowhere": there is no such folder, expected one with controllers'],
  [["a.ts"], 78, 'Cannot list the paths of "a.ts": it is a file, expected a folder with controllers'],
  [["bad"], 78, 'Cannot load controller "a.ts": "get" is a number, expected a function'],
  [["bad", "worse"], 2, 'Cannot use "worse": routes takes only [DIR], expected hubbub routes [DIR] [FLAGS]'],
])("hubbub routes %p ends with %d and one sentence", async (args, exitCode, message) => {
  using folder = createFolder({ "a.ts": "", "bad/a.ts": "export const get = 1;" });
  const result = await runBinary(["routes", ...args], { cwd: folder.path });
  expect(result).toEqual({ exitCode, stdout: "", stderr: `hubbub: ${message}\n` });
});
