import { beforeAll, expect, test } from "bun:test";
import { buildOnce, runBinary, startBinary } from "./support/binary.ts";
import { openFacts } from "./support/facts.ts";
import { createFolder } from "./support/folder.ts";
import { seed } from "./support/seed.ts";

beforeAll(buildOnce, 60_000);

test("the seed's chat greets, and delivers to all including the sender", async () => {
  using folder = createFolder(seed);
  await using server = await startBinary(["."], { cwd: folder.path });
  expect(await (await server.fetch("/chat")).text()).toBe("not a web-socket request");
  using ada = await server.open("/chat", { subProtocols: ["text"] });
  using bob = await server.open("/site/features/master/features/_/service/com.enonic.app.features/chat", {
    subProtocols: ["binary", "text"],
  });
  expect(ada.subProtocol).toBe("text");
  expect(bob.subProtocol).toBe("text");
  expect(await ada.next()).toBe("You have joined the chat.");
  expect(await bob.next()).toBe("You have joined the chat.");
  ada.send("hello");
  expect(await ada.next()).toBe("hello");
  expect(await bob.next()).toBe("hello");
});

test("the inspector's page and all that it loads are in the executable", async () => {
  using folder = createFolder(seed);
  const token = "0123456789abcdef";
  await using server = await startBinary(["."], { cwd: folder.path, environment: { HUBBUB_ADMIN_TOKEN: token } });
  const ask = async (path: string) => {
    const answer = await server.fetch(path, { headers: { Authorization: `Bearer ${token}` } });
    expect([path, answer.status]).toEqual([path, 200]);
    return answer.text();
  };
  const loaded = [...(await ask("/-/")).matchAll(/(?:src|href)="(\/[^"]+)"/g)].map(([, path = ""]) => path);
  expect(new Set(loaded).size).toBe(3);
  for (const path of loaded) expect(await ask(path)).not.toBe("");
  await using facts = await openFacts(server.fetch, token, { view: "sessions" });
  expect(await facts.next()).toMatchObject({ controllers: [{ path: "/chat" }, { path: "/events" }], faults: [] });
});

test("the seed's events carry type, session, data, message, error and closeReason", async () => {
  using folder = createFolder(seed);
  await using server = await startBinary([folder.path], { cwd: folder.path });
  using witness = await server.open("/events?room=1&room=2");
  const session = { id: expect.any(String), path: "/events", params: { room: ["1", "2"] } };
  const data = { myField: "myValue" };
  expect(await witness.nextJson()).toEqual({ type: "open", session, data });
  witness.send("hello");
  expect(await witness.nextJson()).toEqual({ type: "message", session, data, message: "hello" });

  using failing = await server.open("/events");
  const other = { id: expect.any(String), path: "/events", params: {} };
  expect(await failing.nextJson()).toEqual({ type: "open", session: other, data });
  failing.send("fail");
  expect(await witness.nextJson()).toEqual({ type: "error", session: other, data, error: "as asked", cause: {} });
  expect(await witness.nextJson()).toEqual({
    type: "close",
    session: other,
    data,
    closeReason: 1011,
    reason: "controller error",
  });
  expect(await failing.closed).toEqual({ code: 1011, reason: "controller error" });
  const line = await server.logged('Controller "events.js" failed in message at events.js:');
  expect(line).toMatchObject({ level: "ERROR", file: "events.js", line: 21 });
});

test("a timeout closes the seed's session with 1001, tells its controller, and the client re-connects", async () => {
  using folder = createFolder(seed);
  await using server = await startBinary([".", "--timeout", "1", "--ping", "0"], { cwd: folder.path });
  using witness = await server.open("/events");
  const keepAlive = setInterval(() => witness.socket.ping(), 200);
  try {
    await witness.next();
    using idle = await server.open("/events");
    const openedAt = performance.now();
    expect(await idle.nextJson()).toMatchObject({ type: "open" });
    expect(await idle.closed).toEqual({ code: 1001, reason: "idle timeout" });
    const seconds = (performance.now() - openedAt) / 1000;
    expect(seconds).toBeGreaterThanOrEqual(1);
    expect(seconds).toBeLessThan(2.1);
    expect(await witness.nextJson()).toMatchObject({ type: "close", closeReason: 1001, reason: "idle timeout" });
    using again = await server.open("/events");
    expect(await again.nextJson()).toMatchObject({ type: "open" });
  } finally {
    clearInterval(keepAlive);
  }
});

test("the executable serves its embedded controllers in an empty folder", async () => {
  using folder = createFolder();
  await using server = await startBinary([], { cwd: folder.path });
  const page = await server.fetch("/");
  expect(page.headers.get("content-type")).toBe("text/html;charset=utf-8");
  const list = (await (await server.fetch("/", { headers: { Accept: "application/json" } })).json()) as {
    path: string;
  }[];
  expect(list.map(({ path }) => path)).toEqual(["/", "/chat", "/dashboard", "/echo", "/feed"]);
  for (const path of ["/chat", "/dashboard", "/echo", "/feed", "/style.css", "/-/client.js", "/favicon.svg"]) {
    expect({ path, status: (await server.fetch(path)).status }).toEqual({ path, status: 200 });
  }
  using ada = await server.open("/chat?name=Ada");
  expect(await ada.nextJson()).toEqual({ type: "welcome", id: expect.any(String), name: "Ada", size: 1 });
  ada.send("hello");
  expect(await ada.nextJson()).toMatchObject({ type: "message", name: "Ada", text: "hello" });
  using echo = await server.open("/echo");
  echo.send(new Uint8Array([1, 2, 3]));
  expect(await echo.next()).toEqual(new Uint8Array([1, 2, 3]));
});

test("the embedded chat passes on who is typing, to the others", async () => {
  using folder = createFolder();
  await using server = await startBinary([], { cwd: folder.path });
  using ada = await server.open("/chat?name=Ada");
  await ada.next();
  using bob = await server.open("/chat?name=Bob");
  const { id } = (await bob.nextJson()) as { id: string };
  expect(await ada.nextJson()).toEqual({ type: "joined", name: "Bob", size: 2 });
  bob.send("");
  bob.send("hello");
  expect(await ada.nextJson()).toEqual({ type: "typing", from: id, name: "Bob" });
  expect(await ada.nextJson()).toMatchObject({ type: "message", from: id, text: "hello" });
  expect(await bob.nextJson()).toMatchObject({ type: "message", text: "hello" });
  bob.close();
  expect(await ada.nextJson()).toEqual({ type: "left", from: id, name: "Bob", size: 1 });
});

test("the embedded dashboard sends samples and marks, and refuses a bad mark", async () => {
  using folder = createFolder();
  await using server = await startBinary([], { cwd: folder.path });
  using session = await server.open("/dashboard");
  expect(await session.nextJson()).toEqual({ type: "history", samples: expect.any(Array), marks: [] });
  const answerTo = async (message: string): Promise<Record<string, unknown>> => {
    session.send(message);
    for (;;) {
      const answer = (await session.nextJson()) as Record<string, unknown>;
      if (answer["type"] !== "sample") return answer;
    }
  };
  expect(await answerTo('{"type":"mark","label":" deployed "}')).toEqual({
    type: "mark",
    mark: { at: expect.any(Number), label: "deployed" },
  });
  for (const [message, code, why] of [
    ["{", "not-json", undefined],
    ['{"type":"mark","label":" "}', "not-valid", "The label is empty"],
    [`{"type":"mark","label":"${"x".repeat(25)}"}`, "not-valid", "The label is too long"],
  ] as const) {
    const { error } = (await answerTo(message)) as { error: { code: string; issues: { message: string }[] } };
    expect([error.code, error.issues[0]?.message]).toEqual([code, why]);
  }
  const sample = async (): Promise<unknown> => {
    const answer = (await session.nextJson()) as { type: string; sample?: unknown };
    return answer.type === "sample" ? answer.sample : sample();
  };
  expect(await sample()).toEqual({
    at: expect.any(Number),
    cpuPercent: expect.any(Number),
    memoryMiB: expect.any(Number),
    delayMs: expect.any(Number),
    watching: 1,
  });
});

test("the embedded feed takes a post and refuses a bad one", async () => {
  using folder = createFolder();
  await using server = await startBinary([], { cwd: folder.path });
  using reader = await server.open("/feed");
  const post = (body: string) =>
    server.fetch("/feed", { method: "POST", headers: { "Content-Type": "application/json" }, body });
  const made = await post('{"title":"News"}');
  expect(made.status).toBe(201);
  expect(await reader.nextJson()).toEqual(await made.json());
  const refused = await post('{"title":""}');
  expect(refused.status).toBe(400);
  expect(await refused.json()).toEqual({ status: 400, message: '"title" is empty, expected 1 to 200 characters' });
});

test("./controllers is served without being named, with valibot and hono and no node_modules", async () => {
  using folder = createFolder({
    "controllers/check.ts": `
      import { Hono } from "hono";
      import * as v from "valibot";
      import { send } from "hubbub";
      const app = new Hono().get("/check", (c) => c.json(v.parse(v.object({ a: v.number() }), { a: 1 })));
      export const get = (request: { webSocket: boolean; raw: Request }) => (request.webSocket ? { webSocket: {} } : app.fetch(request.raw));
      export const webSocketEvent = (event: any): void => { if (event.type === "message") send(event.session.id, { got: event.message }); };
    `,
  });
  await using server = await startBinary([], { cwd: folder.path });
  expect(await (await server.fetch("/check")).json()).toEqual({ a: 1 });
  using session = await server.open("/check");
  session.send("x");
  expect(await session.nextJson()).toEqual({ got: "x" });
});

test("a package in node_modules beside the controllers is found by what its package.json says", async () => {
  using folder = createFolder({
    "node_modules/plain/package.json": '{ "name": "plain", "main": "entry.js" }',
    "node_modules/plain/entry.js": "exports.text = 'plain';",
    "node_modules/modern/package.json": '{ "name": "modern", "type": "module", "exports": { ".": "./lib/entry.js" } }',
    "node_modules/modern/lib/entry.js": "export const text = 'modern';",
    "a.ts": `import { text as plain } from "plain";
      import { text as modern } from "modern";
      export const get = () => ({ body: plain + modern });`,
  });
  await using server = await startBinary(["."], { cwd: folder.path });
  expect(await (await server.fetch("/a")).text()).toBe("plainmodern");
});

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  test(`${signal} closes every session with 1012, runs async close events, and exits with 0`, async () => {
    using folder = createFolder({
      "slow.ts": `
        import { writeFileSync } from "node:fs";
        export const get = () => ({ webSocket: {} });
        export const webSocketEvent = async ({ type, closeReason, session }: any) => {
          if (type !== "close") return;
          await Bun.sleep(50);
          writeFileSync(import.meta.dir + "/closed-" + session.params.name, String(closeReason));
        };
      `,
    });
    await using server = await startBinary(["."], { cwd: folder.path });
    using ada = await server.open("/slow?name=ada");
    using bob = await server.open("/slow?name=bob");
    server.signal(signal);
    expect(await ada.closed).toEqual({ code: 1012, reason: "server stopping" });
    expect(await bob.closed).toEqual({ code: 1012, reason: "server stopping" });
    expect(await server.exited).toBe(0);
    expect(await Bun.file(`${folder.path}/closed-ada`).text()).toBe("1012");
    expect(await Bun.file(`${folder.path}/closed-bob`).text()).toBe("1012");
  });
}

test("a second signal ends the process at once with 1", async () => {
  using folder = createFolder({
    "stuck.ts": `
      export const get = () => ({ webSocket: {} });
      export const webSocketEvent = ({ type }: any) => (type === "close" ? new Promise(() => {}) : undefined);
    `,
  });
  await using server = await startBinary(["."], { cwd: folder.path });
  using session = await server.open("/stuck");
  server.signal("SIGTERM");
  await session.closed;
  server.signal("SIGTERM");
  expect(await server.exited).toBe(1);
  await server.logged("Stopped at once because of a second signal");
});

test("SIGHUP loads the controllers again, with --no-watch too", async () => {
  using folder = createFolder({ "a.ts": 'export const get = () => ({ body: "one" });' });
  await using server = await startBinary([".", "--no-watch"], { cwd: folder.path });
  folder.write({ "a.ts": 'export const get = () => ({ body: "two" });' });
  expect(await (await server.fetch("/a")).text()).toBe("one");
  server.signal("SIGHUP");
  const line = await server.logged("Loaded generation 2 in");
  expect(line).toMatchObject({ generation: 2, changes: ["a.ts"], kept: 0 });
  expect(await (await server.fetch("/a")).text()).toBe("two");
  folder.write({ "a.ts": "export const get = () => {\n  return (;\n};" });
  server.signal("SIGHUP");
  const refusal = await server.logged('Cannot load controller "a.ts"');
  expect(refusal.message).toMatch(/ at a\.ts:2:11; generation 2 keeps serving$/);
  expect(refusal["detail"]).toContain("2 |   return (;");
  expect(await (await server.fetch("/a")).text()).toBe("two");
});

const faults: [what: string, args: string[], files: Record<string, string>, exitCode: number, stderr: string][] = [
  [
    "an unknown flag",
    ["--prot", "1"],
    {},
    2,
    'hubbub: Cannot use flag "--prot": there is no such flag, expected --port',
  ],
  ["an unknown command", ["sevre"], {}, 2, 'hubbub: Cannot run "sevre": there is no such command, expected serve'],
  [
    "--timeout soon",
    ["--timeout", "soon"],
    {},
    2,
    'hubbub: Cannot use --timeout "soon": expected seconds or a duration such as 30s or 5m, from 1s to 1d, or 0 for off',
  ],
  [
    "a missing folder",
    ["serve", "nowhere"],
    {},
    78,
    'hubbub: Cannot serve "nowhere": there is no such folder, expected one with controllers',
  ],
  [
    "a file for a folder",
    ["serve", "a.ts"],
    { "a.ts": "" },
    78,
    'hubbub: Cannot serve "a.ts": it is a file, expected a folder with controllers',
  ],
  ["an empty folder", ["serve", "."], {}, 78, "it has no controllers"],
  [
    "a controller that does not parse",
    ["serve", "."],
    { "bad.ts": "export const get =\n  ;" },
    78,
    'hubbub: Cannot load controller "bad.ts": Unexpected ; at bad.ts:2:3',
  ],
  [
    "a controller that throws at load",
    ["serve", "."],
    { "bad.ts": 'const a = 1;\nthrow new Error("no database");' },
    78,
    'hubbub: Cannot load controller "bad.ts": no database at bad.ts:2:',
  ],
  [
    "a get that is a number",
    ["serve", "."],
    { "bad.ts": "export const get = 1;" },
    78,
    'hubbub: Cannot load controller "bad.ts": "get" is a number, expected a function',
  ],
  [
    "two files for one path",
    ["serve", "."],
    { "a.ts": "export const get = () => ({});", "a/index.ts": "export const get = () => ({});" },
    78,
    'hubbub: Cannot load controllers "a.ts" and "a/index.ts": both claim /a, expected one file for a path',
  ],
];

for (const [what, args, files, exitCode, message] of faults) {
  test(`${what} ends the executable with ${exitCode} and one sentence`, async () => {
    using folder = createFolder(files);
    const result = await runBinary(args, { cwd: folder.path });
    expect(result.stderr).toContain(message);
    expect(result.exitCode).toBe(exitCode);
  });
}

test("a port in use ends the executable with 1", async () => {
  using folder = createFolder();
  using taken = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  const result = await runBinary(["--port", String(taken.port)], { cwd: folder.path });
  expect(result.stderr).toBe(
    `hubbub: Cannot listen on 127.0.0.1:${taken.port}: the port is in use, expected a free one (--port 0 takes any)\n`,
  );
  expect(result.exitCode).toBe(1);
});

test("flags, variables and hubbub.toml are read in that order", async () => {
  using folder = createFolder({
    "hubbub.toml": 'port = 1\nlog-level = "debug"\n\n[app]\nmotto = "hello"\n',
    "controllers/app.ts": "export const get = () => ({ body: app });\ndeclare const app: object;",
  });
  await using server = await startBinary([], {
    cwd: folder.path,
    environment: { HUBBUB_PORT: "2", HUBBUB_LOG_LEVEL: "info" },
  });
  expect(await (await server.fetch("/app")).json()).toEqual({
    name: "controllers",
    version: expect.any(String),
    config: { motto: "hello" },
  });
});

test("types of the embedded controllers, and of a folder, are printed without node_modules", async () => {
  using folder = createFolder({
    "app/talk.ts": `import { defineController } from "hubbub"; import * as v from "valibot";
      export default defineController({ message: v.object({ text: v.string() }), onMessage() {} });`,
  });
  const embedded = await runBinary(["types"], { cwd: folder.path });
  expect(embedded.stdout).toContain('"/feed": { takes: unknown; sends: FeedSends };');
  const own = await runBinary(["types", "app"], { cwd: folder.path });
  expect(own.stdout).toContain("export type TalkTakes = {\n  text: string;\n};");
  expect([embedded.stderr, own.stderr, own.exitCode]).toEqual(["", "", 0]);
});

test("help and version are printed on standard output", async () => {
  using folder = createFolder();
  const help = await runBinary(["help", "serve"], { cwd: folder.path });
  expect(help.stdout).toContain("--timeout DURATION");
  expect(help.exitCode).toBe(0);
  const version = await runBinary(["--version"], { cwd: folder.path });
  expect(version.stdout).toMatch(/^hubbub \d+\.\d+\.\d+ \(Bun \d+\.\d+\.\d+\)\n$/);
});
