import { beforeAll, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { buildOnce, runBinary, startBinary } from "../support/binary.ts";
import { createFolder } from "../support/folder.ts";
import { hasNamespaces } from "../support/namespaces.ts";

beforeAll(buildOnce, 60_000);

const small = {
  "small/package.json": '{ "name": "small", "version": "1.2.3", "type": "module", "exports": "./index.js" }',
  "small/index.js": 'export const small = "a small package";',
};

test.skipIf(!hasNamespaces)(
  "hubbub bun add puts a package where controllers find it, also below another package.json",
  async () => {
    using folder = createFolder({
      ...small,
      "package.json": '{ "name": "above" }',
      "controllers/a.ts": 'import { small } from "small"; export const get = () => ({ body: small });',
    });
    const cwd = folder.path;
    const added = await runBinary(["bun", "add", "../small"], { cwd, prefix: ["unshare", "-rn"] });
    expect(added).toMatchObject({ exitCode: 0 });
    expect(readFileSync(join(cwd, "package.json"), "utf8")).toBe('{ "name": "above" }');
    expect(JSON.parse(readFileSync(join(cwd, "controllers/package.json"), "utf8"))).toEqual({
      private: true,
      dependencies: { small: "../small" },
    });
    await using server = await startBinary([], { cwd });
    expect(await (await server.fetch("/a")).text()).toBe("a small package");
  },
);

test("hubbub bun add that fails leaves no package.json", async () => {
  using folder = createFolder({ "controllers/a.ts": "" });
  const { exitCode, stderr } = await runBinary(["bun", "add", "./nowhere"], { cwd: folder.path });
  expect(stderr).toContain("nowhere");
  expect(exitCode).toBe(1);
  expect(existsSync(join(folder.path, "controllers/package.json"))).toBe(false);
});

test("a script of hubbub bun run has the modules and globals of controllers", async () => {
  using folder = createFolder({
    "hubbub.toml": '[app]\nmotto = "hello"\n',
    "controllers/chat.ts":
      'import { log } from "hubbub"; export const greet = () => log.warning("greeted %s", "Ada"); export const get = () => ({});',
    "controllers/lib/script.ts": `
      import { defineController, kept, log } from "hubbub";
      import { jwt } from "hubbub/auth";
      import * as enonic from "/lib/xp/websocket";
      import { Hono } from "hono";
      import * as v from "valibot";
      import { greet } from "../chat.ts";
      greet();
      const { verify } = jwt({ secret: "0123456789abcdef0123456789abcdef", algorithms: ["HS256"] });
      console.log(JSON.stringify([
        kept("a", () => v.parse(v.number(), 1)),
        typeof defineController({ get: () => ({}) }),
        await (await new Hono().get("/", (c) => c.text("served")).request("/")).text(),
        await verify("no token") ?? "refused",
        typeof enonic.send, app, resolve("../chat.ts"), process.argv.slice(2),
      ]));`,
  });
  const result = await runBinary(["bun", "run", "lib/script.ts", "--port", "-x"], { cwd: folder.path });
  expect(result.stderr).toBe("warning greeted Ada\n");
  expect(JSON.parse(result.stdout)).toEqual([
    1,
    "object",
    "served",
    "refused",
    "function",
    { name: "controllers", version: expect.any(String), config: { motto: "hello" } },
    "/chat.ts",
    ["--port", "-x"],
  ]);
  expect(result.exitCode).toBe(0);
});

test.each([
  [
    'import { send } from "hubbub"; send("1", "x");',
    'Fault: Cannot call "send": this script is no server and has no sessions, expected',
  ],
  [
    'import { getGroupSize } from "hubbub"; getGroupSize("x");',
    'Fault: Cannot call "getGroupSize": this script is no server',
  ],
  [
    'import { serve } from "hubbub/test"; await serve();',
    'Fault: Cannot start a server: "hubbub/test" works in tests alone, expected',
  ],
])("what a script cannot do is said at its own line: %s", async (text, message) => {
  using folder = createFolder({ "script.ts": `\n${text}\n` });
  const { stderr, exitCode } = await runBinary(["bun", "script.ts"], { cwd: folder.path });
  expect(stderr).toStartWith(`1 | \n2 | ${text}`);
  expect(stderr).toContain(message);
  expect(stderr).not.toContain("src/scripting");
  expect(exitCode).toBe(1);
});

test("hubbub bun test runs tests with hubbub/test and the hubbub.toml beside the folder", async () => {
  using folder = createFolder({
    "hubbub.toml": "max-message = 10\n",
    "controllers/chat.js": "exports.get = () => ({ webSocket: {} }); exports.webSocketEvent = () => {};",
    "controllers/chat.test.ts": `import { expect, test } from "bun:test"; import { open } from "hubbub/test";
      test("refuses", async () => {
        await using session = await open("/chat");
        session.send("longer than it may be");
        expect((await session.closed).code).toBe(1009);
        expect(app.name).toBe("controllers");
      });`,
  });
  const { stderr, exitCode } = await runBinary(["bun", "test"], { cwd: folder.path });
  expect(stderr).toContain("(pass) refuses");
  expect(exitCode).toBe(0);
});

test("scripts of package.json find bun and hubbub, which are both themselves", async () => {
  const scripts = { go: 'bun -e \'import { log } from "hubbub"; log.info("of bun")\' && hubbub version && node -e 0' };
  using folder = createFolder({ "package.json": JSON.stringify({ scripts }), "a b/.keep": "" });
  const environment = { PATH: "/usr/bin:/bin", TMPDIR: join(folder.path, "a b") };
  const { stdout, stderr, exitCode } = await runBinary(["bun", "run", "go"], { cwd: folder.path, environment });
  expect(stderr).toContain("info    of bun\n");
  expect(stdout).toMatch(/^hubbub \d/m);
  expect(exitCode).toBe(0);
  expect(readdirSync(join(folder.path, "a b"))).toEqual([".keep"]);
});

test("hubbub bun passes on every flag and the exit code, and never replaces the executable", async () => {
  using folder = createFolder();
  const cwd = folder.path;
  expect(await runBinary(["bun", "--version"], { cwd })).toMatchObject({ stdout: `${Bun.version}\n`, exitCode: 0 });
  expect((await runBinary(["bun", "-e", "process.exit(7)"], { cwd })).exitCode).toBe(7);
  const refused = await runBinary(["bun", "upgrade"], { cwd });
  expect(refused).toMatchObject({ exitCode: 2, stdout: "" });
  expect(refused.stderr).toBe(
    'hubbub: Cannot run "bun upgrade": the runtime is a part of this executable, expected a newer hubbub instead\n',
  );
  expect(existsSync(join(cwd, "package.json"))).toBe(false);
});
