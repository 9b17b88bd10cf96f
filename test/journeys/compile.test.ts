import { beforeAll, expect, test } from "bun:test";
import { chmodSync, lstatSync, readdirSync, readFileSync, statSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { buildOnce, runBinary, startBinary, type TestProcess } from "../support/binary.ts";
import { createFolder } from "../support/folder.ts";
import { hasNamespaces } from "../support/namespaces.ts";
import { waitFor } from "../support/session.ts";

beforeAll(buildOnce, 60_000);

/** Every kind of module that a folder may have. */
const app = {
  "app/chat/chat.js": `
    ws = require("/lib/xp/websocket");
    var helper = require("./_helper");
    var root = require("/lib/root");
    exports.get = function (req) {
      if (req.webSocket) return { webSocket: {} };
      return { body: { helper: helper.text, root: root.add(), plain: require("plain").text, app: app.name, file: resolve("../words.txt") } };
    };
    exports.post = function () {
      throw new Error("as asked");
    };
    exports.webSocketEvent = function (event) {
      if (event.type === "message") ws.send(event.session.id, [__dirname, __filename, event.message]);
    };`,
  "app/chat/_helper.js": `exports.text = "beside " + typeof log.info;`,
  "app/lib/root.js": `var count = 0;\nexports.add = function () { count += 1; return count; };`,
  "app/room/[id].ts": `
    import { readFileSync } from "node:fs";
    import { join } from "node:path";
    import { text } from "modern";
    import data from "../data.json";
    import { page } from "../lib/page";
    import { add } from "../lib/root.js";
    import { count, type Shape } from "../lib/state.ts";

    const shape: Shape = { words: readFileSync(join(import.meta.dir, "../words.txt"), "utf8") };
    export const get = (request: { params: Record<string, string> }) => ({
      body: { id: request.params["id"], dir: import.meta.dir, root: add(), count: count(), text, data, shape, page: page("Ada") },
    });
    export const post = (): never => {
      throw new Error("as asked");
    };`,
  "app/other.ts": `
    import { count } from "./lib/state";
    export const get = async () => ({ body: { count: count(), late: (await import("./lib/late.ts")).default } });`,
  "app/lib/state.ts": `
    export type Shape = { words: string };
    let calls = 0;
    export const count = () => [++calls, import.meta.dir];`,
  "app/lib/late.ts": `export default "late";`,
  "app/lib/page.tsx": `/** @jsxImportSource hono/jsx */\nexport const page = (name: string) => String(<p>{name}</p>);`,
  "app/lib/unused.ts": `import "nowhere";`,
  "app/other.test.ts": `import "nowhere";`,
  "app/data.json": `{ "a": [1] }`,
  "app/words.txt": "words",
  "app/public/page.html": "<title>A page</title>",
  "app/node_modules/plain/package.json": '{ "name": "plain", "main": "entry.js" }',
  "app/node_modules/plain/entry.js": "exports.text = 'plain';",
  "node_modules/modern/package.json": '{ "name": "modern", "exports": { ".": "./lib/entry.js" }, "type": "module" }',
  "node_modules/modern/lib/entry.js": "export const text = 'modern';",
};

/** What a server says of itself, with `folder` taken out. */
async function ask(server: TestProcess, folder: string): Promise<unknown[]> {
  const answers: unknown[] = [];
  for (const path of ["/chat", "/room/7", "/other", "/room/8", "/chat", "/page.html", "/words.txt", "/lib/late"]) {
    const answer = await server.fetch(path, { headers: { Accept: "application/json" } });
    answers.push([path, answer.status, answer.headers.get("content-type"), await answer.text()]);
  }
  using session = await server.open("/chat");
  session.send("hello");
  answers.push(await session.next());
  for (const path of ["/chat", "/room/7"]) {
    answers.push((await server.fetch(path, { method: "POST" })).status);
    const line = await server.logged(`failed to answer POST ${path} at`);
    answers.push([line["file"], line["line"]]);
  }
  return JSON.parse(JSON.stringify(answers).replaceAll(folder, "APP").replaceAll(".js", ".ts")) as unknown[];
}

test("compile makes an executable that answers as the folder does, and that compiles again", async () => {
  using folder = createFolder(app);
  using elsewhere = createFolder({ "next/who.ts": "export const get = () => ({ body: 'next' });" });
  const cwd = elsewhere.path;
  const { stdout, stderr, exitCode } = await runBinary(["compile", join(folder.path, "app"), "-o", "one"], { cwd });
  expect({ stdout, stderr, exitCode }).toEqual({ stdout: "Wrote one\n", stderr: "", exitCode: 0 });
  let expected: unknown[];
  {
    await using server = await startBinary([join(folder.path, "app")], { cwd });
    expected = await ask(server, join(folder.path, "app"));
  }
  expect(JSON.stringify(expected)).toContain("<p>Ada</p>");
  folder[Symbol.dispose]();
  const one = join(cwd, "one");
  {
    await using server = await startBinary([], { cwd, executable: one });
    expect(await ask(server, "/$bunfs/root/controllers")).toEqual(expected);
  }
  await runBinary(["compile", "next", "--out", "two"], { cwd, executable: one });
  await runBinary(["compile", "-o", "three"], { cwd, executable: one });
  expect(readFileSync(join(cwd, "three")).equals(readFileSync(one))).toBeTrue();
  await using server = await startBinary([], { cwd, executable: join(cwd, "two") });
  expect(await (await server.fetch("/who")).text()).toBe("next");
  expect(readdirSync(cwd).sort()).toEqual(["next", "one", "three", "two"]);
}, 30_000);

const small = { "app/a.ts": "export const get = () => ({ body: 'a' });" };
const runtimes = "https://registry.npmjs.org/@oven";

const faults: [what: string, args: string[], files: Record<string, string>, exitCode: number, stderr: string][] = [
  ["no output", [], small, 2, "Cannot compile: -o is missing, expected hubbub compile [DIR] -o FILE"],
  [
    "an unknown target",
    ["-o", "x", "--target", "amiga"],
    small,
    2,
    'Cannot use --target "amiga": expected linux-x64, linux-arm64, linux-x64-musl, linux-arm64-musl, darwin-x64, darwin-arm64, windows-x64, windows-arm64',
  ],
  [
    "a runtime that is not there",
    ["-o", "x", "--target", "linux-arm64", "--runtime", "bun"],
    small,
    1,
    `Cannot use --runtime "bun": there is no such file, expected the "bun" in ${runtimes}/bun-linux-aarch64/-/bun-linux-aarch64-${Bun.version}.tgz`,
  ],
  [
    "a runtime for another machine",
    ["-o", "x", "--target", "darwin-arm64", "--runtime", process.execPath],
    small,
    1,
    `Cannot use --runtime "${process.execPath}": it runs on linux-${process.arch}, expected the "bun" in ${runtimes}/bun-darwin-aarch64/-/`,
  ],
  [
    "a runtime that is a text",
    ["-o", "x", "--runtime", "app/a.ts"],
    small,
    1,
    'Cannot use --runtime "app/a.ts": it is no executable, expected the "bun" in',
  ],
  ["an output that is a folder", ["-o", "app"], small, 1, 'Cannot write "app": it is a folder, expected a file'],
  [
    "an output in no folder",
    ["-o", "no/x"],
    small,
    1,
    'Cannot write "no/x": there is no folder "no", expected one that is there',
  ],
  [
    "a controller that does not load",
    ["-o", "x"],
    { "app/a.ts": "export const get =\n  ;", "app/b.ts": "export const get = 1;" },
    78,
    'Cannot load controller "a.ts": Unexpected ; at a.ts:2:3',
  ],
  [
    "an import that is found by nobody",
    ["-o", "x"],
    { "app/a.ts": "export const get = () =>\n  import('./lib/none.ts');" },
    78,
    'Cannot compile "a.ts": Could not resolve: "./lib/none.ts" at a.ts:2:10',
  ],
];

for (const [what, args, files, exitCode, message] of faults) {
  test(`compile with ${what} ends with ${exitCode}, one sentence and nothing written`, async () => {
    using folder = createFolder(files);
    const result = await runBinary(["compile", "app", ...args], { cwd: folder.path });
    expect(result.stderr).toStartWith(`hubbub: ${message}`);
    expect(result.exitCode).toBe(exitCode);
    expect(readdirSync(folder.path)).toEqual(["app"]);
  });
}

test("compile names a missing folder", async () => {
  using folder = createFolder();
  const { stderr, exitCode } = await runBinary(["compile", "app", "-o", "x"], { cwd: folder.path });
  expect(stderr).toBe('hubbub: Cannot compile "app": there is no such folder, expected one with controllers\n');
  expect(exitCode).toBe(78);
});

test("compile says that a folder cannot be written to", async () => {
  using folder = createFolder({ ...small, "closed/file": "" });
  chmodSync(join(folder.path, "closed"), 0o555);
  // Root may write everywhere, unless it gives that up.
  const prefix = process.getuid?.() === 0 ? ["setpriv", "--inh-caps=-all", "--bounding-set=-all"] : [];
  const result = await runBinary(["compile", "app", "-o", "closed/x"], { cwd: folder.path, prefix });
  expect(result.stderr).toStartWith('hubbub: Cannot write "closed/x": EACCES: permission denied');
  expect(result.exitCode).toBe(1);
  expect(readdirSync(join(folder.path, "closed"))).toEqual(["file"]);
});

test.skipIf(!hasNamespaces)("compile says how much room is missing, and leaves what was there", async () => {
  using folder = createFolder({ ...small, "disk/.keep": "" });
  const mount = 'mount -t tmpfs -o size=40m none disk && echo before > disk/x && "$@"; ls -A disk; cat disk/x';
  const prefix = ["unshare", "-rm", "sh", "-c", mount, "sh"];
  const result = await runBinary(["compile", "app", "-o", "disk/x"], { cwd: folder.path, prefix });
  expect(result.stderr).toMatch(/^hubbub: Cannot write "disk\/x": there is room for 40 MiB, expected 1\d\d MiB\n$/);
  expect(result.stdout).toBe("x\nbefore\n");
});

test.skipIf(!hasNamespaces)("compile for another target without a network names the file and the flag", async () => {
  using folder = createFolder(small);
  const args = ["compile", "app", "-o", "x", "--target", "linux-arm64-musl"];
  const result = await runBinary(args, { cwd: folder.path, prefix: ["unshare", "-rn"] });
  const address = `${runtimes}/bun-linux-aarch64-musl/-/bun-linux-aarch64-musl-${Bun.version}.tgz`;
  expect(result.stderr).toMatch(/^hubbub: Cannot compile for "linux-arm64-musl": its runtime is not on this machine/);
  expect(result.stderr).toEndWith(`, expected a network, or --runtime FILE with the "bun" in ${address}\n`);
  expect(result.exitCode).toBe(1);
  expect(readdirSync(folder.path)).toEqual(["app"]);
});

test("compile replaces the file that a link leads to, and keeps its permissions", async () => {
  using folder = createFolder({ ...small, "bin/x": "before" });
  chmodSync(join(folder.path, "bin/x"), 0o710);
  symlinkSync("bin/x", join(folder.path, "link"));
  const { exitCode } = await runBinary(["compile", "app", "-o", "link"], { cwd: folder.path });
  expect(exitCode).toBe(0);
  expect(lstatSync(join(folder.path, "link")).isSymbolicLink()).toBeTrue();
  expect(statSync(join(folder.path, "bin/x")).mode & 0o777).toBe(0o710);
  expect(statSync(join(folder.path, "bin/x")).size).toBeGreaterThan(1_000_000);
});

test.each([
  ["SIGINT", 130],
  ["SIGTERM", 143],
] as const)("%s ends compile with %i and leaves nothing", async (signal, exitCode) => {
  using folder = createFolder(small);
  const command = [await buildOnce(), "compile", "app", "-o", "x"];
  const child = Bun.spawn(command, { cwd: folder.path, env: {}, stdout: "pipe" });
  await waitFor(() => readdirSync(folder.path).length > 1, "work that has begun");
  child.kill(signal);
  expect(await child.exited).toBe(exitCode);
  expect(readdirSync(folder.path)).toEqual(["app"]);
});
