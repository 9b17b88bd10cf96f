import { expect, test } from "bun:test";
import { mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createFolder } from "../support/folder.ts";
import { startServer, startServerIn, type TestServer } from "../support/server.ts";
import { waitFor } from "../support/session.ts";

const answer = (text: string) => `export const get = () => ({ body: ${JSON.stringify(text)} });\n`;

const read = async (server: TestServer, path = "/a"): Promise<string> => (await server.fetch(path)).text();

const shows = (server: TestServer, text: string, path = "/a") =>
  waitFor(async () => (await read(server, path)) === text, `answer "${text}"`);

test("a file written in place is loaded", async () => {
  await using server = await startServer({ "a.ts": answer("one") });
  server.folder.write({ "a.ts": answer("two") });
  await shows(server, "two");
});

test("a file written beside and renamed over the old one is loaded", async () => {
  await using server = await startServer({ "a.ts": answer("one") });
  server.folder.write({ ".a.ts.swp": answer("two") });
  renameSync(join(server.folder.path, ".a.ts.swp"), join(server.folder.path, "a.ts"));
  await shows(server, "two");
});

test("a changed file in lib/ loads the controllers that import it", async () => {
  await using server = await startServer({
    "a.ts": 'import { text } from "./lib/deep/text.ts";\nexport const get = () => ({ body: text });',
    "lib/deep/text.ts": 'export const text = "one";',
  });
  server.folder.write({ "lib/deep/text.ts": 'export const text = "two";' });
  await shows(server, "two");
});

test("an import of a file that was not there before finds it, without its extension too", async () => {
  await using server = await startServer({ "a.ts": answer("one"), "lib/old.ts": 'export const text = "old";' });
  server.folder.write({
    "lib/fresh.ts": 'export const text = "fresh";',
    "a.ts":
      'import { text } from "./lib/fresh";\nimport { text as old } from "./lib/old";\nexport const get = () => ({ body: text + old });',
  });
  await shows(server, "freshold");
});

test("a file in a folder that was not there is loaded, and one that goes is gone", async () => {
  await using server = await startServer({ "a.ts": answer("one") });
  server.folder.write({ "new/deep/b.ts": answer("b") });
  await shows(server, "b", "/new/deep/b");
  server.folder.write({ "new/deep/b.ts": answer("b2") });
  await shows(server, "b2", "/new/deep/b");
  rmSync(join(server.folder.path, "new"), { recursive: true });
  await waitFor(async () => (await server.fetch("/new/deep/b")).status === 404, "404");
});

test("git checkout of another branch is loaded", async () => {
  using folder = createFolder({ "a.ts": answer("one"), "c.ts": answer("c") });
  const git = (...args: string[]) => {
    const result = Bun.spawnSync(["git", "-c", "user.name=t", "-c", "user.email=t@localhost", ...args], {
      cwd: folder.path,
    });
    if (!result.success) throw new Error(result.stderr.toString());
  };
  git("init", "-q", "-b", "main");
  git("add", "-A");
  git("commit", "-qm", "one");
  git("checkout", "-qb", "other");
  folder.write({ "a.ts": answer("two") });
  rmSync(join(folder.path, "c.ts"));
  git("add", "-A");
  git("commit", "-qm", "two");
  git("checkout", "-q", "main");
  await using server = await startServerIn(folder.path);
  git("checkout", "-q", "other");
  await shows(server, "two");
  expect((await server.fetch("/c")).status).toBe(404);
  git("checkout", "-q", "main");
  await shows(server, "one");
  await shows(server, "c", "/c");
});

test("a folder that is a symbolic link is loaded from where the link points after a deploy", async () => {
  using folder = createFolder({ "releases/1/a.ts": answer("one"), "releases/2/a.ts": answer("two") });
  const current = join(folder.path, "current");
  symlinkSync("releases/1", current);
  await using server = await startServerIn(current);
  await shows(server, "one");
  symlinkSync("releases/2", `${current}.new`);
  renameSync(`${current}.new`, current);
  await shows(server, "two");
  folder.write({ "releases/2/a.ts": answer("three") });
  await shows(server, "three");
});

test("a burst of a thousand files is loaded in a few generations", async () => {
  await using server = await startServer({ "a.ts": answer("one") });
  for (let index = 0; index < 1000; index += 1) server.folder.write({ [`burst/c${index}.ts`]: answer(String(index)) });
  await shows(server, "999", "/burst/c999");
  await shows(server, "0", "/burst/c0");
  expect(server.app.generationNumber).toBeLessThan(8);
}, 20_000);

test("a file that is half written when it is read keeps the old generation until it is whole", async () => {
  await using server = await startServer({ "a.ts": answer("one") });
  const whole = answer("two");
  server.folder.write({ "a.ts": whole.slice(0, 20) });
  await waitFor(() => server.app.lastFault !== "", "refusal of the half");
  expect(await read(server)).toBe("one");
  server.folder.write({ "a.ts": whole });
  await shows(server, "two");
  expect(server.app.lastFault).toBe("");
});

test("a folder that vanishes keeps its last generation, and is loaded when it comes back", async () => {
  using folder = createFolder({ "site/a.ts": answer("one") });
  const site = join(folder.path, "site");
  await using server = await startServerIn(site);
  renameSync(site, `${site}.away`);
  expect(await read(server)).toBe("one");
  await waitFor(() => server.app.lastFault.includes("folder is gone"), "notice that the folder is gone");
  expect(await read(server)).toBe("one");
  mkdirSync(site);
  writeFileSync(join(site, "a.ts"), answer("two"));
  await shows(server, "two");
  writeFileSync(join(site, "a.ts"), answer("three"));
  await shows(server, "three");
});

test("with --no-watch nothing is loaded until reload()", async () => {
  await using server = await startServer({ "a.ts": answer("one") }, { watch: "false" });
  server.folder.write({ "a.ts": answer("two") });
  await using witness = await startServerIn(server.folder.path);
  server.folder.write({ "a.ts": answer("three") });
  await shows(witness, "three");
  expect(await read(server)).toBe("one");
  await server.app.reload();
  expect(await read(server)).toBe("three");
});

test("a controller that was removed closes its sessions with 1001, and no others", async () => {
  const accept = "export const get = () => ({ webSocket: {} });\n";
  await using server = await startServer({ "a.ts": accept, "b.ts": accept });
  using removed = await server.open("/a");
  using other = await server.open("/b");
  rmSync(join(server.folder.path, "a.ts"));
  expect(await removed.closed).toEqual({ code: 1001, reason: "controller removed" });
  expect(other.socket.readyState).toBe(WebSocket.OPEN);
});

const talk = (text: string) => `
import { addToGroup, getGroupSize, kept, send } from "hubbub";
const made = kept("made", () => ({ by: "${text}" }));
export const get = () => ({ webSocket: { data: { seen: [] } } });
export const webSocketEvent = (event) => {
  if (event.type === "open") addToGroup("all", event.session.id);
  if (event.type !== "message") return;
  event.data.seen.push("${text}");
  send(event.session.id, { text: "${text}", seen: event.data.seen, size: getGroupSize("all"), made });
};
`;

test("event.data, groups and kept values live on, and the next event runs the new code", async () => {
  await using server = await startServer({ "a.js": talk("one") });
  using session = await server.open("/a");
  session.send("x");
  expect(await session.nextJson()).toEqual({ text: "one", seen: ["one"], size: 1, made: { by: "one" } });
  server.folder.write({ "a.js": talk("two") });
  await waitFor(() => server.app.generationNumber === 2, "generation 2");
  session.send("x");
  expect(await session.nextJson()).toEqual({ text: "two", seen: ["one", "two"], size: 1, made: { by: "one" } });
});

test("a controller that lost its webSocketEvent ignores events until it has one again", async () => {
  await using server = await startServer({ "a.js": talk("one") });
  using session = await server.open("/a");
  server.folder.write({ "a.js": "export const get = () => ({ webSocket: {} });" });
  await waitFor(() => server.app.generationNumber === 2, "generation 2");
  session.send("ignored");
  server.folder.write({ "a.js": talk("three") });
  await waitFor(() => server.app.generationNumber === 3, "generation 3");
  session.send("x");
  expect(await session.nextJson()).toMatchObject({ text: "three", seen: ["three"] });
});

test("a running async handler finishes before its generation is disposed, and dispose() is awaited after it", async () => {
  const controller = (text: string) => `
    import { kept, send } from "hubbub";
    const order = kept("order", () => []);
    const gate = kept("gate", () => Promise.withResolvers());
    export const get = (request) => (request.webSocket ? { webSocket: {} } : { body: order });
    export const post = () => (gate.resolve(), { status: 204 });
    export const dispose = async () => { order.push("dispose ${text}"); await Bun.sleep(1); order.push("disposed ${text}"); };
    export const webSocketEvent = async (event) => {
      if (event.type !== "message") return;
      if (event.message === "wait") await gate.promise;
      order.push("handled ${text}");
      send(event.session.id, "${text}");
    };`;
  await using server = await startServer({ "a.js": controller("one") });
  using session = await server.open("/a");
  session.send("wait");
  session.send("next");
  server.folder.write({ "a.js": controller("two") });
  await waitFor(() => server.app.generationNumber === 2, "generation 2");
  expect(await (await server.fetch("/a")).json()).toEqual([]);
  await server.fetch("/a", { method: "POST" });
  expect(await session.next()).toBe("one");
  expect(await session.next()).toBe("two");
  await waitFor(async () => (await read(server)).includes("disposed one"), "end of dispose");
  const order = (await (await server.fetch("/a")).json()) as string[];
  expect(order.indexOf("dispose one")).toBeGreaterThan(order.indexOf("handled one"));
});

test("dispose() is awaited when the server stops", async () => {
  using result = createFolder();
  const path = join(result.path, "saved");
  const server = await startServer({
    "a.js": `export const get = () => ({ body: "a" });
      export const dispose = async () => { await Bun.sleep(20); await Bun.write(${JSON.stringify(path)}, "all"); };`,
  });
  await server[Symbol.asyncDispose]();
  expect(readFileSync(path, "utf8")).toBe("all");
});

test("timers and servers of an old generation end with it", async () => {
  const controller = (text: string) => `
    import { kept, addToGroup, sendToGroup } from "hubbub";
    const ports = kept("ports", () => []);
    ports.push(Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response("${text}") }).port);
    setInterval(() => sendToGroup("ticks", "${text}"), 5);
    export const get = (request) => (request.webSocket ? { webSocket: {} } : { body: ports });
    export const webSocketEvent = ({ type, session }) => { if (type === "open") addToGroup("ticks", session.id); };`;
  await using server = await startServer({ "a.js": controller("one") });
  using session = await server.open("/a");
  expect(await session.next()).toBe("one");
  server.folder.write({ "a.js": controller("two") });
  await waitFor(async () => (await session.next()) === "two", "tick of the new timer");
  for (let count = 0; count < 5; count += 1) expect(await session.next()).toBe("two");
  const [old = 0, current = 0] = (await (await server.fetch("/a")).json()) as number[];
  expect(await (await fetch(`http://127.0.0.1:${current}`)).text()).toBe("two");
  expect(fetch(`http://127.0.0.1:${old}`)).rejects.toThrow();
});

test("kept() refuses a name whose value is of another kind", async () => {
  const controller = (init: string) =>
    `import { kept } from "hubbub";\nconst value = kept("value", () => ${init});\nexport const get = () => ({ body: String(value.constructor.name) });`;
  await using server = await startServer({ "a.js": controller("new Map()") });
  server.folder.write({ "a.js": controller("[]") });
  await waitFor(() => server.app.lastFault !== "", "refusal");
  expect(server.app.lastFault).toContain('Cannot keep "value": it is kept as a Map, but is asked for as an Array');
  expect(await read(server)).toBe("Map");
});

test("process.exit() of a controller is refused, and process is otherwise the real one", async () => {
  await using server = await startServer({
    "a.ts": `
      export const get = () => ({ body: { pid: process.pid, home: typeof process.env, rss: process.memoryUsage.rss() > 0 } });
      export const post = () => process.exit(3);
      setTimeout(() => process.abort(), 1);
    `,
  });
  expect((await server.fetch("/a", { method: "POST" })).status).toBe(500);
  expect(await (await server.fetch("/a")).json()).toEqual({ pid: process.pid, home: "object", rss: true });
});

test("listeners of process that controllers added end with their generation, and no others", async () => {
  const text = (n: number) => `
    for (const add of ["on", "once", "prependListener"]) process[add]("tick", () => (globalThis.ticks = (globalThis.ticks ?? "") + ${n}));
    const removed = () => (globalThis.ticks = "removed");
    process.on("tick", removed).on("tick", removed).off("tick", removed).removeListener("tick", removed);
    export const get = () => ({ body: "${n}" });
    export const post = () => { process.removeAllListeners(); return {}; };`;
  const ticks: string[] = [];
  const own = () => ticks.push(String(Reflect.get(globalThis, "ticks")));
  process.on("tick", own);
  try {
    await using server = await startServer({ "a.ts": text(1) });
    const tick = () => {
      Reflect.set(globalThis, "ticks", "");
      (process as NodeJS.EventEmitter).emit("tick");
    };
    tick();
    server.folder.write({ "a.ts": text(2) });
    await waitFor(async () => (await (await server.fetch("/a")).text()) === "2", "edit");
    await waitFor(() => process.listenerCount("tick") === 4, "end of the listeners");
    tick();
    await server.fetch("/a", { method: "POST" });
    tick();
    // Their prepended listener comes first, the test's own before the others.
    expect(ticks).toEqual(["1", "2", ""]);
  } finally {
    process.off("tick", own);
  }
});

test("a session whose controller was removed while its get ran is closed", async () => {
  await using server = await startServer({
    "a.ts": `
      import { kept } from "hubbub";
      const gate = kept("gate", () => Promise.withResolvers<void>());
      export const get = async () => { await gate.promise; return { webSocket: {} }; };
      export const post = () => { gate.resolve(); return {}; };
    `,
    "b.ts": `
      import { kept } from "hubbub";
      const gate = kept("gate", () => Promise.withResolvers<void>());
      export const post = () => { gate.resolve(); return {}; };
    `,
  });
  const opening = server.open("/a");
  await waitFor(() => server.app.pendingRequests > 0, "pending upgrade");
  rmSync(join(server.folder.path, "a.ts"));
  await waitFor(() => server.app.generationNumber === 2, "generation 2");
  await server.fetch("/b", { method: "POST" });
  using session = await opening;
  expect(await session.closed).toEqual({ code: 1001, reason: "controller removed" });
});
