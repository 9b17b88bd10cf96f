import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "bun:test";
import { App } from "../src/app.ts";
import { readConfig } from "../src/core/config.ts";
import { Fault } from "../src/core/errors.ts";
import { createFolder } from "./support/folder.ts";
import { connectRaw, handshake } from "./support/raw.ts";
import { startServer } from "./support/server.ts";
import { waitFor } from "./support/session.ts";

const faultOf = async (starting: Promise<unknown>) => {
  const error: unknown = await starting.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(Fault);
  return error as Fault;
};

test("App.start() serves a folder's controllers", async () => {
  await using server = await startServer({
    "echo.ts": `import { send } from "hubbub"; export const get = (r: any) => ({ webSocket: {} }); export const webSocketEvent = (e: any) => { if (e.type === "message") send(e.session.id, e.message); };`,
  });
  using session = await server.open("/echo");
  session.send("hello");
  expect(await session.next()).toBe("hello");
});

/** Whether `attempt` fails. */
const fails = (attempt: Promise<unknown>) =>
  attempt.then(
    () => false,
    () => true,
  );

/** What these controllers write into their folder is no edit. */
const unwatched = { watch: "false" };

/** Takes its time over a close event, and then writes a file `<close code>_<reason>_<session>`. */
const slowGoodbye = `
  import { writeFileSync } from "node:fs";
  export const get = () => ({ webSocket: {} });
  export const webSocketEvent = async (event: any) => {
    if (event.type !== "close") return;
    for (let i = 0; i < 20; i += 1) await new Promise((done) => setTimeout(done, 5));
    writeFileSync(import.meta.dir + "/closed/" + [event.closeReason, event.reason, event.session.id].join("_"), "");
  };`;

test("App.stop() closes every session with 1012", async () => {
  const accept = "export const get = () => ({ webSocket: {} });";
  await using server = await startServer({ "a.ts": accept, "b.ts": accept });
  using first = await server.open("/a");
  using second = await server.open("/a");
  using third = await server.open("/b");
  await waitFor(() => server.app.sessionCount === 3, "three sessions");
  await server.app.stop();
  for (const session of [first, second, third]) expect(await session.closed).toHaveProperty("code", 1012);
  expect(server.app.sessionCount).toBe(0);
});

test("App.stop() waits for async close events", async () => {
  await using server = await startServer({ "a.ts": slowGoodbye, "closed/.keep": "" }, unwatched);
  using first = await server.open("/a");
  using second = await server.open("/a");
  await waitFor(() => server.app.sessionCount === 2, "two sessions");
  await server.app.stop();
  const closed = readdirSync(join(server.folder.path, "closed")).filter((name) => name !== ".keep");
  expect(closed).toHaveLength(2);
  for (const name of closed) expect(name).toStartWith("1012_");
  for (const session of [first, second]) expect(await session.closed).toHaveProperty("code", 1012);
});

test("App.stop() waits for the close event of a session that had closed before", async () => {
  await using server = await startServer({ "a.ts": slowGoodbye, "closed/.keep": "" }, unwatched);
  using session = await server.open("/a");
  session.close(1000, "bye");
  await session.closed;
  await waitFor(() => server.app.sessionCount === 0, "end of the session");
  await server.app.stop();
  const closed = readdirSync(join(server.folder.path, "closed")).filter((name) => name !== ".keep");
  expect(closed).toEqual([expect.stringMatching(/^1000_bye_/)]);
});

test("App.stop() refuses new connections while it waits and after", async () => {
  await using server = await startServer(
    {
      "page.ts": "export const get = () => ({ body: 'page' });",
      "a.ts": `import { existsSync, writeFileSync } from "node:fs";
      export const get = () => ({ webSocket: {} });
      export const webSocketEvent = async (event: any) => {
        if (event.type !== "close") return;
        writeFileSync(import.meta.dir + "/waiting", "");
        while (!existsSync(import.meta.dir + "/go")) await new Promise((done) => setTimeout(done, 1));
        writeFileSync(import.meta.dir + "/gone", "");
      };`,
    },
    unwatched,
  );
  using session = await server.open("/a");
  const ask = () => server.fetch("/page", { headers: { Connection: "close" } });
  expect((await ask()).status).toBe(200);
  const stopping = server.app.stop();
  await waitFor(() => existsSync(join(server.folder.path, "waiting")), "close event");
  expect(await fails(ask())).toBe(true);
  expect(await fails(server.open("/a"))).toBe(true);
  expect(existsSync(join(server.folder.path, "gone"))).toBe(false);
  writeFileSync(join(server.folder.path, "go"), "");
  await stopping;
  expect(existsSync(join(server.folder.path, "gone"))).toBe(true);
  expect(await fails(ask())).toBe(true);
  expect(await session.closed).toHaveProperty("code", 1012);
});

test("App.stop() does not leave a session open whose get was still running", async () => {
  await using server = await startServer(
    {
      "slow.ts": `import { writeFileSync } from "node:fs";
      import { gate } from "./lib/gate.ts";
      export const get = async () => { writeFileSync(import.meta.dir + "/asked", ""); await gate.promise; return { webSocket: {} }; };
      export const webSocketEvent = (event: any) => {
        writeFileSync(import.meta.dir + "/slow-" + event.type + (event.closeReason ?? ""), "");
      };`,
      "a.ts": `import { gate } from "./lib/gate.ts";
      export const get = () => ({ webSocket: {} });
      export const webSocketEvent = (event: any) => { if (event.type === "close") gate.resolve(); };`,
      "lib/gate.ts": "export const gate = Promise.withResolvers<void>();",
    },
    unwatched,
  );
  using session = await server.open("/a");
  using slow = await connectRaw(server.url("/slow"), handshake("/slow"));
  await waitFor(() => existsSync(join(server.folder.path, "asked")), "call of get");
  const start = performance.now();
  await server.app.stop();
  expect(performance.now() - start).toBeLessThan(3000);
  await waitFor(slow.ended, "end of the connection");
  expect(await session.closed).toHaveProperty("code", 1012);
  const events = readdirSync(server.folder.path).filter((name) => name.startsWith("slow-"));
  // Either it was refused, or it got the one close that every session gets.
  expect([[], ["slow-close1012", "slow-open"]]).toContainEqual(events.sort());
}, 15_000);

test("App.stop() may be called again", async () => {
  await using server = await startServer({ "a.ts": "export const get = () => ({ webSocket: {} });" });
  using session = await server.open("/a");
  await Promise.all([server.app.stop(), server.app.stop()]);
  await server.app.stop();
  expect(await session.closed).toHaveProperty("code", 1012);
});

test("App.start() with a port that is in use is a LISTEN fault", async () => {
  await using server = await startServer({ "a.ts": "export const get = () => ({ body: 'first' });" });
  const { port } = new URL(server.url("/"));
  const fault = await faultOf(startServer({ "a.ts": "export const get = () => ({ body: 'second' });" }, { port }));
  expect(fault.code).toBe("LISTEN");
  expect(fault.message).toStartWith(`Cannot listen on 127.0.0.1:${port}: the port is in use, expected `);
  expect(await (await server.fetch("/a")).text()).toBe("first");
});

test("App.start() with an address of another machine is a LISTEN fault", async () => {
  const fault = await faultOf(startServer({ "a.ts": "export const get = () => ({});" }, { host: "192.0.2.1" }));
  expect(fault.code).toBe("LISTEN");
  expect(fault.message).toStartWith("Cannot listen on 192.0.2.1:0: ");
});

test.each(["is not there", "is a file"])("App.start() with a folder that %s is a FOLDER fault", async (what) => {
  using folder = createFolder({ file: "" });
  const path = join(folder.path, what === "is a file" ? "file" : "missing");
  const app = new App({ config: readConfig({ flags: { port: "0" } }), folder: path, isEmbedded: false, version: "1" });
  const fault = await faultOf(app.start());
  expect(fault.code).toBe("FOLDER");
  expect(fault.message).toStartWith(`Cannot serve "${path}": `);
  await app.stop();
});

test("App.stop() of an app that could not listen ends at once", async () => {
  await using server = await startServer({ "a.ts": "export const get = () => ({});" });
  using folder = createFolder({ "b.ts": "export const get = () => ({}); setInterval(() => {}, 1000);" });
  const config = readConfig({ flags: { port: new URL(server.url("/")).port } });
  const app = new App({ config, folder: folder.path, isEmbedded: false, version: "1" });
  expect((await faultOf(app.start())).code).toBe("LISTEN");
  await app.stop();
});
