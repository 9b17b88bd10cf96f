import { expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { buildOnce } from "../support/binary.ts";
import { createFolder } from "../support/folder.ts";
import { root } from "../support/server.ts";
import { waitFor, withPatience } from "../support/session.ts";

const controller = `
export const get = () => ({ webSocket: {} });
export function webSocketEvent({ type, message }) {
  if (type === "message") throw new Error("Cannot hear " + message);
}`;

const imports = `import { expect, test } from "bun:test"; import { serve } from "hubbub/test";`;

const passing = `${imports}
test("opens", async () => {
  await using server = await serve();
  await using session = await server.open("/chat");
  expect(session.isOpen).toBe(true);
});
`;

const failing = `${imports}
test("passes", async () => {
  await using server = await serve();
  await using session = await server.open("/chat");
  session.send("one");
  expect((await session.closed).code).toBe(1011);
});
test("fails & <falls>", async () => {
  await using server = await serve();
  await using session = await server.open("/chat");
  session.send("two");
  expect((await session.closed).code).toBe(1000);
});
`;

type Ran = { code: number; output: string; errors: string };

/** Runs `hubbub test` in a folder with `files`: the repository's, or with `isBinary` the executable with nothing around it. */
async function runTests(files: Record<string, string>, args: string[] = [], isBinary = false): Promise<Ran> {
  using folder = createFolder(files);
  const command = isBinary ? [await buildOnce()] : [process.execPath, join(root, "src/main.ts")];
  const child = Bun.spawn([...command, "test", ...args], {
    cwd: folder.path,
    env: isBinary ? {} : { PATH: process.env["PATH"] },
    stdout: "pipe",
    stderr: "pipe",
  });
  const [output, errors, code] = await withPatience(
    Promise.all([child.stdout.text(), child.stderr.text(), child.exited]),
    "end of the runner",
  ).finally(() => child.kill("SIGKILL"));
  return { code, output, errors: errors.replaceAll(folder.path, "FOLDER") };
}

test("hubbub test runs the tests of ./controllers and shows nothing of the log of those that pass", async () => {
  const { code, errors } = await runTests({ "controllers/chat.js": controller, "controllers/chat.test.ts": passing });
  expect(errors).toContain("(pass) opens");
  expect(errors).not.toContain("generation");
  expect(code).toBe(0);
});

test("hubbub test exits with 1 when a test fails, and shows the log of that one alone", async () => {
  const { code, errors } = await runTests({ "app/chat.js": controller, "app/chat.test.ts": failing }, ["app"]);
  expect(code).toBe(1);
  expect(errors).toContain("(pass) passes");
  const [, log] = errors.split('Logged in "fails & <falls>":\n');
  expect(log).toContain("  info    Loaded generation 1 in ");
  expect(log).toContain('error   Controller "chat.js" failed in message at chat.js:4:37: Cannot hear two');
  expect(errors).not.toContain("Cannot hear one");
});

test("hubbub test --log shows the log while the tests run", async () => {
  const files = { "controllers/chat.js": controller, "controllers/chat.test.ts": passing };
  expect((await runTests(files, ["--log"])).errors).toContain("  info    Loaded generation 1 in ");
});

test("hubbub test passes on -t, --coverage and what stands after --", async () => {
  const files = { "controllers/chat.js": controller, "controllers/chat.test.ts": failing };
  const named = await runTests(files, ["-t", "^pas"]);
  expect(named.errors).toContain("1 pass");
  expect(named.code).toBe(0);
  expect((await runTests(files, ["-t", "^pas", "--coverage"])).errors).toContain("% Lines");
  const retried = await runTests(files, ["--", "--retry=1", "--dots"]);
  expect(retried.errors).not.toContain("(pass)");
  expect(retried.code).toBe(1);
}, 20_000);

test.each([
  [[], {}, 'Cannot test "controllers": there is no such folder, expected one with controllers', 78],
  [["nowhere"], {}, 'Cannot test "nowhere": there is no such folder, expected one with controllers', 78],
  [["a.ts"], { "a.ts": "" }, 'Cannot test "a.ts": it is a file, expected a folder with controllers', 78],
  [["--wach"], {}, 'Cannot use flag "--wach": there is no such flag, expected --watch', 2],
  [
    ["--port", "1"],
    {},
    'Cannot use flag "--port": there is no such flag, expected one that `hubbub help test` lists',
    2,
  ],
  [
    ["a", "b"],
    {},
    'Cannot use "b": test takes only [DIR], expected hubbub test [DIR] [FLAGS] [-- FLAGS OF BUN TEST...]',
    2,
  ],
])("hubbub test %p says what is wrong", async (args, files, message, code) => {
  expect(await runTests(files, args)).toEqual({ code, output: "", errors: `hubbub: ${message}\n` });
});

test.each([
  { "controllers/chat.js": controller },
  { "controllers/node_modules/a/a.test.ts": passing, "controllers/a.txt": "" },
])("hubbub test says that there are no tests, with an example: %p", async (files) => {
  const { code, errors } = await runTests(files);
  const message = 'Cannot test "controllers": it has no tests, expected at least one file such as chat.test.ts';
  expect(errors).toStartWith(`hubbub: ${message}\n\n  // chat.test.ts\n  import { expect, test } from "bun:test";\n`);
  expect(code).toBe(1);
});

test("hubbub test says which controller cannot be loaded", async () => {
  const files = { "controllers/chat.ts": "export const get = (;", "controllers/chat.test.ts": passing };
  const { code, errors } = await runTests(files);
  expect(errors).toContain(
    'Fault: Cannot serve "FOLDER/controllers": Cannot load controller "chat.ts": Unexpected ; at chat.ts:1:21',
  );
  expect(code).toBe(1);
});

test("hubbub test ends when a test leaves timers, servers and sessions behind, or never ends", async () => {
  const text = `${imports}
    test("leaves", async () => {
      setInterval(() => {}, 1000);
      Bun.serve({ port: 0, fetch: () => new Response() });
      const server = await serve();
      await server.open("/chat");
    });
    test("hangs", async () => {
      await using server = await serve();
      await using session = await server.open("/chat");
      await new Promise(() => {});
    }, 100);`;
  const { code, errors } = await runTests({ "controllers/chat.js": controller, "controllers/chat.test.ts": text });
  expect(errors).toContain("(pass) leaves");
  expect(errors).toContain("(fail) hangs");
  expect(code).toBe(1);
});

test("the executable reads hubbub.toml in a test, and neither .env nor bunfig.toml", async () => {
  const text = `${imports}
    test("reads", async () => {
      await using server = await serve();
      expect(await (await server.get("/")).json()).toEqual({ name: "of the file" });
      expect(process.env["FROM_ENV"]).toBeUndefined();
      await using session = await server.open("/chat");
      session.send("longer than it may be");
      expect((await session.closed).code).toBe(1009);
    });`;
  const files = {
    "hubbub.toml": 'port = 1\nmax-message = 10\ntls-cert = "nowhere"\n[app]\nname = "of the file"\n',
    ".env": "FROM_ENV=1",
    "bunfig.toml": '[test]\npreload = ["./nowhere.ts"]\n',
    "controllers/index.js": "exports.get = () => ({ body: app.config });",
    "controllers/chat.js": controller,
    "controllers/a.test.ts": text,
  };
  expect((await runTests(files, [], true)).errors).toContain("(pass) reads");
}, 20_000);

test("hubbub test gives tests what controllers import, and the browser client", async () => {
  const text = `${imports}
    import * as v from "valibot";
    import { Hono } from "hono";
    import { getGroupSize, defineController } from "hubbub";
    import { jwt } from "hubbub/auth";
    import * as enonic from "/lib/xp/websocket";
    import { double } from "./lib/double.ts";
    test("imports", async () => {
      expect(v.parse(v.number(), double(2))).toBe(4);
      expect((await new Hono().get("/", (c) => c.text("x")).request("/")).status).toBe(200);
      expect([getGroupSize("a"), typeof defineController, typeof jwt, typeof enonic.send]).toEqual([0, "function", "function", "function"]);
      expect([process.env["BUN_BE_BUN"], Object.keys(process.env).filter((name) => name.startsWith("HUBBUB"))]).toEqual([undefined, []]);
      await using server = await serve();
      expect(await (await server.get("/-/client.js")).text()).toContain("WebSocket");
    });`;
  const files = {
    "controllers/chat.js": controller,
    "controllers/lib/double.ts": `import { getGroupSize } from "hubbub"; export const double = (n: number) => 2 * n + getGroupSize("x");`,
    "controllers/a.test.ts": text,
  };
  const { code, errors } = await runTests(files, [], true);
  expect(errors).toContain("(pass) imports");
  expect(code).toBe(0);
}, 20_000);

test("the executable runs the examples of docs/testing.md, and leaves nothing behind", async () => {
  const page = readFileSync(join(root, "docs/testing.md"), "utf8");
  const files = [...page.matchAll(/^```\w+ (?:controller|test) name=(\S+)\n(.*?)^```$/gms)];
  const named = Object.fromEntries(files.map(([, name = "", text = ""]) => [`controllers/${name}`, text]));
  expect(Object.keys(named).length).toBeGreaterThan(5);
  const { code, errors, output } = await runTests(named, [], true);
  expect(errors).toContain("5 pass");
  expect(code).toBe(0);
  expect(output).toBe(`bun test v${Bun.version} (${Bun.revision.slice(0, 9)})\n`);
}, 20_000);

test("hubbub test passes a signal on to the runner, and tidies up", async () => {
  using folder = createFolder({
    "controllers/chat.js": controller,
    "controllers/a.test.ts": `${imports} test("waits", async () => { await serve(); console.log("now"); await Bun.sleep(60_000); }, 70_000);`,
    "tmp/keep": "",
  });
  const child = Bun.spawn([process.execPath, join(root, "src/main.ts"), "test"], {
    cwd: folder.path,
    env: { PATH: process.env["PATH"], TMPDIR: join(folder.path, "tmp") },
    stdout: "pipe",
    stderr: "ignore",
  });
  let output = "";
  const reading = (async () => {
    for await (const chunk of child.stdout) output += Buffer.from(chunk).toString();
  })();
  await waitFor(() => output.includes("now"), "test that runs");
  child.kill("SIGTERM");
  expect(await withPatience(child.exited, "end of the runner")).toBe(143);
  await reading;
  expect(readdirSync(join(folder.path, "tmp"))).toEqual(["keep"]);
});
