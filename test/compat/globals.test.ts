import { basename } from "node:path";
import { expect, test } from "bun:test";
import { createFolder } from "../support/folder.ts";
import { root, startServer } from "../support/server.ts";

const answering = (source: string) => `exports.get = function () { return { body: ${source} }; };`;

async function ask(files: Record<string, string>, path: string, toml?: string): Promise<unknown> {
  await using server = await startServer(files, {}, toml);
  return (await server.fetch(path)).json();
}

test("log writes every level with %s-style arguments to the server's log", async () => {
  using folder = createFolder({
    "controllers/talk.js": `log.info('at load %s', 'too');
      exports.get = function () {
        log.debug('debug %s and %s', 'one', 2);
        log.info('info %d {braces} 100%%', 3);
        log.warning('warning %s', 'w', 'rest');
        log.error('error %j', { a: 1 });
        return { body: 'done' };
      };`,
  });
  const flags = ["--port", "0", "--log-level", "debug", "--log-format", "json"];
  const server = Bun.spawn([process.execPath, `${root}/src/main.ts`, "serve", ...flags], {
    cwd: folder.path,
    env: {},
    stderr: "inherit",
  });
  try {
    const lines: { level: string; message: string; url?: string }[] = [];
    let rest = "";
    for await (const chunk of server.stdout.pipeThrough(new TextDecoderStream())) {
      const parts = (rest + chunk).split("\n");
      rest = parts.pop() ?? "";
      for (const part of parts) {
        const line = JSON.parse(part) as (typeof lines)[number];
        lines.push(line);
        if (line.url !== undefined) void fetch(`${line.url}talk`);
      }
      if (lines.some(({ level }) => level === "ERROR")) break;
    }
    const own = lines.filter(({ message }) => /^(at load|debug|info|warning|error) /.test(message));
    expect(own.map(({ level, message }) => [level, message])).toEqual([
      ["INFO", "at load too"],
      ["DEBUG", "debug one and 2"],
      ["INFO", "info 3 {braces} 100%"],
      ["WARNING", "warning w rest"],
      ["ERROR", 'error {"a":1}'],
    ]);
  } finally {
    server.kill();
    await server.exited;
  }
});

test("app has the name, the version and the configuration", async () => {
  await using server = await startServer(
    { "info.js": answering("{ name: app.name, version: app.version, config: app.config }") },
    {},
    '[app]\ngreeting = "hello"\nlimit = 3',
  );
  expect(await (await server.fetch("/info")).json()).toEqual({
    name: basename(server.folder.path),
    version: "1.2.3",
    config: { greeting: "hello", limit: 3 },
  });
});

test("app.config is {} without a configuration", async () => {
  expect(await ask({ "info.js": answering("[app.config]") }, "/info")).toEqual([{}]);
});

test("app and log are there in a library too", async () => {
  const files = {
    "lib/info.js": "exports.version = app.version; exports.kind = typeof log.warning;",
    "info.js": answering("require('/lib/info')"),
  };
  expect(await ask(files, "/info")).toEqual({ version: "1.2.3", kind: "function" });
});

test("module, exports and require are there", async () => {
  const files = {
    "info.js": answering("[module.exports === exports, typeof require, typeof module.id]"),
  };
  expect(await ask(files, "/info")).toEqual([true, "function", "string"]);
});

const named = (name: string) => `exports.name = '${name}';`;

test("require() of an absolute path looks in the controllers folder", async () => {
  const files = {
    "lib/tools.js": named("lib/tools"),
    "lib/deep/index.js": named("lib/deep/index"),
    "lib/data.json": '{"name":"lib/data"}',
    "a/b.js": answering(
      "[require('/lib/tools'), require('/lib/tools.js'), require('/lib/deep'), require('/lib/data.json')].map(function (m) { return m.name; })",
    ),
  };
  expect(await ask(files, "/a/b")).toEqual(["lib/tools", "lib/tools", "lib/deep/index", "lib/data"]);
});

test("require() of a relative path looks in the file's folder, also without ./", async () => {
  const files = {
    "a/lib/tool.js": named("a/lib/tool"),
    "a/_near.js": named("a/near"),
    "_near.js": named("near"),
    "a/b.js": answering(
      "[require('./lib/tool'), require('lib/tool'), require('_near'), require('../_near')].map(function (m) { return m.name; })",
    ),
  };
  expect(await ask(files, "/a/b")).toEqual(["a/lib/tool", "a/lib/tool", "a/near", "near"]);
});

test("require() of a library gives the same module to every controller", async () => {
  await using server = await startServer({
    "lib/counter.js": "var n = 0; exports.next = function () { n += 1; return n; };",
    "a.js": answering("[require('/lib/counter').next()]"),
    "b.js": answering("[require('./lib/counter.js').next()]"),
  });
  expect(await (await server.fetch("/a")).json()).toEqual([1]);
  expect(await (await server.fetch("/b")).json()).toEqual([2]);
});

test("require() of what is not there names it", async () => {
  const starting = startServer({ "a.js": "require('/lib/nothing'); exports.get = function () {};" });
  const error: unknown = await starting.then(
    () => undefined,
    (fault: unknown) => fault,
  );
  expect(error).toBeInstanceOf(AggregateError);
  const [fault] = (error as AggregateError).errors as Error[];
  expect(fault?.message).toContain('"a.js"');
  expect(fault?.message).toContain("/lib/nothing");
});

test("resolve() gives the path of a file within the controllers folder", async () => {
  const files = {
    "lib/view.html": "<p>",
    "a/view.html": "<p>",
    "a/b.js": answering(
      "[resolve('/lib/view.html'), resolve('view.html'), resolve('./view.html'), resolve('../lib/view.html')]",
    ),
  };
  expect(await ask(files, "/a/b")).toEqual(["/lib/view.html", "/a/view.html", "/a/view.html", "/lib/view.html"]);
});

test("resolve() of what is not there is a clear error", async () => {
  const source =
    "(function () { try { return [resolve('/gone.html')]; } catch (e) { return [e.code, e.message]; } })()";
  expect(await ask({ "a.js": answering(source) }, "/a")).toEqual([
    "RESOLVE",
    expect.stringContaining('Cannot resolve "/gone.html" from "a.js"'),
  ]);
});

test("__ is a clear error that names it", async () => {
  const source = "(function () { try { return [__.newBean('x')]; } catch (e) { return [e.code, e.message]; } })()";
  expect(await ask({ "a.js": answering(source) }, "/a")).toEqual([
    "JAVA_BRIDGE",
    expect.stringMatching(/^Cannot use "__\.newBean": .*Java/),
  ]);
});
