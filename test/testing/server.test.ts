import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { getGroupSize, isOpen, kept, send } from "hubbub";
import { bearer } from "hubbub/auth";
import { open, serve, type ServeOptions, type TestServer } from "hubbub/test";
import type { StandardSchema } from "hubbub";
import { createFolder, type TestFolder } from "../support/folder.ts";
import { createSigner, inSeconds } from "../support/tokens.ts";

/** Answers what it is asked, with what a session and the time are to a controller. */
const echo = `
  const { addToGroup, kept, send, sendToGroup } = require("/lib/xp/websocket");
  const state = kept("state", () => ({ opened: 0 }));
  exports.get = (request) => request.webSocket
    ? { webSocket: { subProtocols: "text", data: { params: request.params, origin: request.getHeader("x-name") } } }
    : { body: { now: Date.now(), today: new Date().toISOString(), text: Date(), ms: performance.now() } };
  exports.webSocketEvent = ({ type, session, message, data }) => {
    if (type === "open") {
      addToGroup("all", session.id);
      state.opened += 1;
    }
    if (type !== "message") return;
    if (message === "data") send(session.id, data);
    else if (message === "id") send(session.id, session.id);
    else if (message === "opened") send(session.id, String(state.opened));
    else if (message === "throw") throw new Error("as asked");
    else if (message.startsWith("all ")) sendToGroup("all", message);
    else if (message.startsWith("later ")) setTimeout((text) => send(session.id, text), 60_000, message);
    else send(session.id, message);
  };`;

type EchoTime = { now: number; today: string; text: string; ms: number };

const folders: TestFolder[] = [];

afterAll(() => folders.forEach((folder) => folder[Symbol.dispose]()));

function serveFiles(files: Record<string, string>, options: ServeOptions = {}): Promise<TestServer> {
  const folder = createFolder(files);
  folders.push(folder);
  return serve({ ...options, folder: folder.path });
}

test("serve() starts the controllers of a folder, open() sessions with all that they take", async () => {
  await using server = await serveFiles({ "echo.js": echo });
  const options = { query: { b: 2, c: true }, headers: { "X-Name": "ada" }, subProtocols: ["json", "text"] };
  await using session = await server.open("/echo?a=1", options);
  expect(session.subProtocol).toBe("text");
  session.send("data");
  expect(await session.nextJson()).toEqual({ params: { a: "1", b: "2", c: "true" }, origin: "ada" });
  session.send({ text: "x" });
  expect(await session.next()).toBe('{"text":"x"}');
  session.close(4001, "enough");
  expect(await session.closed).toEqual({ code: 4001, reason: "enough" });
  expect(session.isOpen).toBe(false);
});

test("serve() gives fetch() and get() the server's answers as they are", async () => {
  await using server = await serveFiles({
    "a.js": "exports.get = () => ({ redirect: '/b' });",
    "public/x.txt": "page",
  });
  expect((await server.get("/a")).status).toBe(303);
  expect((await server.fetch("/a", { method: "PUT" })).headers.get("Allow")).toBe("GET, HEAD");
  expect(await (await server.get("/x.txt", { Accept: "text/plain" })).text()).toBe("page");
  expect(server.origin).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
});

test("serve() takes settings of every kind, and what controllers read as app.config", async () => {
  const files = { "a.js": "exports.get = () => ({ body: app.config });", "echo.js": echo };
  const settings = { "max-message": "1KiB", "max-inbox": 3, compress: true, origins: ["https://a.example"] };
  await using server = await serveFiles(files, { settings, app: { name: "x" } });
  expect(await (await server.get("/a")).json()).toEqual({ name: "x" });
  await using session = await server.open("/echo", { headers: { Origin: "https://a.example" } });
  session.send("x".repeat(1025));
  expect((await session.closed).code).toBe(1009);
});

test.each([
  [{ timout: "5s" }, /^Cannot use setting "timout": there is no such setting, expected one of /],
  [{ timeout: "soon" }, /^Cannot use --timeout "soon": expected seconds or a duration/],
])("serve() refuses the settings %p", async (settings, message) => {
  expect(serveFiles({ "echo.js": echo }, { settings })).rejects.toThrow(message);
});

test("serve() names every fault of the controllers", async () => {
  const files = { "a.ts": "export const get = (;", "b.ts": "export const get = 5;", "c.js": echo };
  const starting = serveFiles(files);
  expect(starting).rejects.toThrow(
    /^Cannot serve "[^"]+": Cannot load controller "a\.ts": .*a\.ts:1:21\n\n1 \| [^]*\nCannot load controller "b\.ts": "get" is a number/,
  );
});

test("clock.advance() ends a session that is silent for 300 s within milliseconds, and not before", async () => {
  await using server = await serveFiles({ "echo.js": echo }, { settings: { timeout: "300s", ping: 0 } });
  await using session = await server.open("/echo");
  const startedAt = performance.now();
  await server.clock.advance("299s");
  expect(session.isOpen).toBe(true);
  await server.clock.advance("2s");
  expect(await session.closed).toEqual({ code: 1001, reason: "idle timeout" });
  expect(performance.now() - startedAt).toBeLessThan(1500);
});

test("clock.advance() keeps a session that answers pings, however far it goes", async () => {
  await using server = await serveFiles({ "echo.js": echo }, { settings: { timeout: "2s", ping: "1s" } });
  await using session = await server.open("/echo");
  await server.clock.advance("10m");
  session.send("hello");
  expect(await session.next()).toBe("hello");
});

test("clock.advance() ends a session with its token, and refuses the token from then on", async () => {
  const { options, sign } = await createSigner("HS256");
  const controller = `import { jwt } from "hubbub/auth";
    const auth = jwt(${JSON.stringify(options)});
    export const get = auth(() => ({ webSocket: {} }));`;
  await using server = await serveFiles({ "a.ts": controller });
  const token = await sign({ exp: inSeconds(3600) });
  await using session = await server.open("/a", { token });
  await server.clock.advance("59m");
  expect(session.isOpen).toBe(true);
  await server.clock.advance("2m");
  expect(await session.closed).toEqual({ code: 4401, reason: "token expired" });
  expect(server.open("/a", { token })).rejects.toThrow("the server answered 401, expected 101");
});

test("clock.advance() gives a session the credit of that time", async () => {
  await using server = await serveFiles({ "echo.js": echo }, { settings: { "max-message-rate": 1 } });
  await using session = await server.open("/echo");
  const sendTen = async () => {
    for (let n = 0; n < 10; n += 1) session.send("x");
    for (let n = 0; n < 10; n += 1) await session.next();
  };
  await sendTen();
  await server.clock.advance("10s");
  await sendTen();
  session.send("one too many");
  session.send("two too many");
  expect((await session.closed).code).toBe(4029);
});

test("clock.advance() lets upgrades of the next second in", async () => {
  await using server = await serveFiles({ "echo.js": echo }, { settings: { "max-upgrades": 1 } });
  await using first = await server.open("/echo");
  expect(server.open("/echo")).rejects.toThrow("the server answered 503");
  await server.clock.advance("1s");
  await using second = await server.open("/echo");
  expect([first.isOpen, second.isOpen]).toEqual([true, true]);
});

test("clock.advance() sends what waits to go out together", async () => {
  await using server = await serveFiles({ "echo.js": echo }, { settings: { coalesce: "1s" } });
  await using session = await server.open("/echo");
  session.send("all 1");
  session.send("all 2");
  expect(await session.next()).toBe("all 1");
  await server.clock.advance("1s");
  expect(await session.next()).toBe("all 2");
});

test("clock.advance() moves the timers of controllers, and what is the time to them", async () => {
  await using server = await serveFiles({ "echo.js": echo });
  await using session = await server.open("/echo");
  const readTime = async () => {
    const { now, today, text, ms } = (await (await server.get("/echo")).json()) as EchoTime;
    return [now, Date.parse(today), Date.parse(text), ms];
  };
  session.send("later 1");
  session.send("now");
  expect(await session.next()).toBe("now");
  const before = await readTime();
  await server.clock.advance("59s");
  expect(session.waiting).toEqual([]);
  await server.clock.advance("2s");
  expect(await session.next()).toBe("later 1");
  const after = await readTime();
  for (const [index, time] of after.entries()) expect(time - (before[index] ?? 0)).toBeWithin(60_000, 63_000);
  expect(Date.now() - (before[0] ?? 0)).toBeLessThan(5000);
});

test.each(["300", "soon", "", 300])("clock.advance() refuses %p", async (duration) => {
  await using server = await serveFiles({ "echo.js": echo });
  const message = `Cannot advance the clock by "${duration}": expected a duration with its unit, such as 300s, 5m or 250ms`;
  expect(server.clock.advance(duration as "1s")).rejects.toMatchObject({ code: "CLOCK", message });
});

test("a timer of a controller can be cleared, begun anew and asked, and ends with what it throws in the log", async () => {
  const timers = `
    const ran = [];
    const cleared = setTimeout(() => ran.push("cleared"), 1000);
    const byNumber = setTimeout(() => ran.push("by number"), 1000);
    const again = setTimeout(() => ran.push("again"), 1000);
    const every = setInterval(() => { if (ran.push("every") > 2) clearInterval(every); }, 400);
    clearTimeout(cleared);
    clearTimeout(Number(byNumber));
    clearTimeout(undefined);
    setTimeout(() => again.refresh(), 900);
    setTimeout(() => { throw new Error("too late"); }, 950);
    exports.get = () => ({ body: { ran, hasRef: [again.hasRef(), again.unref().hasRef(), again.ref().hasRef()] } });`;
  await using server = await serveFiles({ "a.js": timers });
  await server.clock.advance("1500ms");
  const { ran, hasRef } = (await (await server.get("/a")).json()) as { ran: string[]; hasRef: boolean[] };
  expect(ran).toEqual(["every", "every", "every"]);
  expect(hasRef).toEqual([true, false, true]);
  expect(server.log).toContainEqual(
    expect.objectContaining({
      level: "error",
      text: expect.stringMatching(/outside of an event at a\.js:\d+:\d+: too late$/),
    }),
  );
  await server.clock.advance("500ms");
  expect(((await (await server.get("/a")).json()) as { ran: string[] }).ran).toContain("again");
});

test("each server has its own controllers, groups and clock; hubbub is that of the last one", async () => {
  await using one = await serveFiles({ "echo.js": echo }, { settings: { ping: 0 } });
  await using other = await serveFiles({ "echo.js": echo }, { settings: { ping: 0 } });
  await using ada = await one.open("/echo");
  await using bob = await other.open("/echo");
  await using eve = await other.open("/echo");
  bob.send("opened");
  expect(await bob.next()).toBe("2");
  ada.send("opened");
  expect(await ada.next()).toBe("1");
  expect(getGroupSize("all")).toBe(2);
  eve.send("id");
  const id = String(await eve.next());
  expect([isOpen(id), send(id, "from the test")]).toEqual([true, true]);
  expect(await eve.next()).toBe("from the test");
  await one.clock.advance("301s");
  expect((await ada.closed).reason).toBe("idle timeout");
  expect([bob.isOpen, eve.isOpen]).toEqual([true, true]);
  await other.stop();
  expect((await bob.closed).code).toBe(1012);
  expect(getGroupSize("all")).toBe(0);
});

test("what hubbub exports can be used without a server", () => {
  expect([getGroupSize("all"), isOpen("x"), send("x", "y")]).toEqual([0, false, false]);
  expect(kept("of the test", () => ({ n: 1 }))).toEqual({ n: 1 });
  expect(bearer({ raw: new Request("http://x/") } as never)).toBeUndefined();
});

test("next() says what had come, and what the server logged", async () => {
  await using server = await serveFiles({ "echo.js": echo });
  await using session = await server.open("/echo", { patienceMs: 50 });
  const start = 'Cannot take a message of the session at "/echo":';
  expect(session.next()).rejects.toThrow(`${start} none came within 50 ms, expected one; nothing has come at all`);
  for (let n = 1; n <= 6; n += 1) session.send({ n });
  for (let n = 1; n <= 6; n += 1) await session.next();
  const shown = '{"n":2}, {"n":3}, {"n":4}, {"n":5}, {"n":6}';
  expect(session.next()).rejects.toThrow(`expected one; the last 5 of 6 messages that had come: ${shown}`);
  session.send("throw");
  expect(await session.closed).toEqual({ code: 1011, reason: "controller error" });
  expect(session.next()).rejects.toThrow(
    /: it has ended with 1011 "controller error", expected one; [^]*\nThe server logged:\n {2}error: Controller "echo\.js" failed in message at echo\.js:\d+:\d+: as asked$/,
  );
});

test("next() that waits when the session ends says how it ended", async () => {
  await using server = await serveFiles({ "echo.js": echo });
  await using session = await server.open("/echo");
  const waiting = session.next();
  session.send("throw");
  expect(waiting).rejects.toMatchObject({
    code: "TEST_WAIT",
    message: expect.stringContaining("ended with 1011"),
  });
});

test("closed says that the session is still open", async () => {
  await using server = await serveFiles({ "echo.js": echo });
  await using session = await server.open("/echo", { patienceMs: 20 });
  session.send("hello");
  await session.next();
  const what = 'it is still open after 20 ms, expected its end; what had come: "hello"';
  expect(session.closed).rejects.toThrow(`Cannot see the end of the session at "/echo": ${what}`);
});

test("nextJson() refuses what is no JSON and what does not match", async () => {
  await using server = await serveFiles({ "echo.js": echo });
  await using session = await server.open("/echo");
  const schema = (issues?: { message: string; path: string[] }[]): StandardSchema =>
    ({
      "~standard": {
        version: 1,
        vendor: "x",
        validate: (value: unknown) => (issues ? { issues } : { value: [value] }),
      },
    }) as const;
  const start = 'Cannot read a message of the session at "/echo":';
  session.send("hello");
  expect(session.nextJson()).rejects.toThrow(`${start} "hello" is no JSON, expected JSON`);
  session.send({ n: 1 });
  expect(await session.nextJson(schema())).toEqual([{ n: 1 }]);
  session.send({ n: 1 });
  expect(session.nextJson(schema([{ message: "Too small", path: ["n"] }]))).rejects.toThrow(
    `${start} {"n":1} does not match the schema: n: Too small, expected a message that does`,
  );
});

test("a fault of a wait points at the line that waited", async () => {
  await using server = await serveFiles({ "echo.js": echo });
  await using session = await server.open("/echo", { patienceMs: 10 });
  const error = (await session.next().catch((fault: unknown) => fault)) as Error;
  expect(error.stack?.split("\n").find((line) => line.startsWith("      at ") || line.startsWith("    at "))).toContain(
    "server.test.ts",
  );
});

test("open() says with which status a session is refused", async () => {
  await using server = await serveFiles({ "a.js": "exports.get = () => ({ status: 402 });" });
  const message = 'Cannot open a session at "/a": the server answered 402, expected 101';
  expect(server.open("/a")).rejects.toMatchObject({ code: "TEST_SESSION", message });
  const { origin } = server;
  await server.stop();
  expect(open(`${origin}/a`)).rejects.toMatchObject({ code: "TEST_SESSION" });
});

test("open() opens sessions at the server that runs, and starts one where none does", async () => {
  await using session = await open("/echo");
  await using other = await open("/chat");
  session.send("hello");
  expect(await session.next()).toBe("hello");
  await other.next();
  expect(getGroupSize("chat")).toBe(1);
});

const left: TestServer[] = [];

describe("a server", () => {
  let shared: TestServer;

  beforeAll(async () => {
    shared = await serve();
  });

  test("may be left to the end of its test", async () => {
    left.push(await serve());
    expect((await left[0]?.get("/echo"))?.status).toBe(200);
  });

  test("ends with its test, unless it was started outside of one", async () => {
    expect(left[0]?.get("/echo")).rejects.toThrow();
    expect((await shared.get("/echo")).status).toBe(200);
    await shared.stop();
  });
});
