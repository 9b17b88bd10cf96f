import { expect, setDefaultTimeout, test } from "bun:test";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { type ConfigSources } from "../../src/core/config.ts";
import { startCrew, type TestCrew, where } from "../support/crew.ts";
import { type TestSession, waitFor } from "../support/session.ts";

/** Threads start slowly on a machine that others use too. */
setDefaultTimeout(30_000);

/** What a session is told when it asks. */
async function ask(session: TestSession, question: string): Promise<unknown> {
  session.send(question);
  return session.next();
}

const waitForSize = (session: TestSession, group: string, size: number) =>
  waitFor(async () => (await ask(session, `size ${group}`)) === String(size), `size ${size} of ${group}`);

/** The id of the session on the other end. */
async function open(crew: TestCrew): Promise<{ session: TestSession; id: string; thread: number }> {
  const session = await crew.open("/where");
  return { session, ...((await session.nextJson()) as { id: string; thread: number }) };
}

/** Sessions on two different workers. */
async function openTwo(crew: TestCrew): Promise<[Awaited<ReturnType<typeof open>>, Awaited<ReturnType<typeof open>>]> {
  const first = await open(crew);
  for (;;) {
    const second = await open(crew);
    if (second.thread !== first.thread) return [first, second];
    second.session[Symbol.dispose]();
  }
}

/** The threads that answer requests, when each connection is a new one. */
async function findThreads(crew: TestCrew): Promise<Set<string>> {
  const answers = Array.from({ length: 24 }, async () => (await crew.fetch("/where")).text());
  return new Set(await Promise.all(answers));
}

const waitForThreads = (crew: TestCrew, count: number, gone: number[] = []) =>
  waitFor(async () => {
    const threads = await findThreads(crew);
    return threads.size === count && !gone.some((thread) => threads.has(String(thread)));
  }, `${count} workers that answer`);

test("groups, send, close and sizes mean the same over workers", async () => {
  await using crew = await startCrew(where);
  const [ada, bob] = await openTwo(crew);
  for (const { session } of [ada, bob]) session.send("join all");
  for (const { session } of [ada, bob]) await waitForSize(session, "all", 2);
  ada.session.send("tell all hello");
  expect([await ada.session.next(), await bob.session.next()]).toEqual(["hello", "hello"]);
  bob.session.send("others all psst");
  expect(await ada.session.next()).toBe("psst");
  expect(await ask(ada.session, `send ${bob.id} you`)).toBe("true");
  expect(await bob.session.next()).toBe("you");
  expect(await ask(ada.session, `send ${crypto.randomUUID()} you`)).toBe("false");
  expect(await ask(ada.session, `close ${bob.id} enough`)).toBe("true");
  expect(await bob.session.closed).toEqual({ code: 4000, reason: "enough" });
  await waitForSize(ada.session, "all", 1);
  expect(crew.supervisor.sessionCount).toBe(1);
});

test.each([
  ["whose event loop stands still", "hold"],
  ["that ends itself", "exit"],
])(
  "a worker %s is replaced, and the sessions of the other hear nothing",
  async (_, verb) => {
    await using crew = await startCrew(where, {}, { heldLimitMs: 600 });
    const [ada, bob] = await openTwo(crew);
    for (const { session } of [ada, bob]) session.send("join all");
    await waitForSize(ada.session, "all", 2);
    bob.session.send(verb);
    expect((await bob.session.closed).code).toBe(1001);
    await waitForSize(ada.session, "all", 1);
    await waitForThreads(crew, 2, [bob.thread]);
    expect(crew.supervisor.sessionCount).toBe(1);
    let eve = await open(crew);
    while (eve.thread === ada.thread) eve = await open(crew);
    eve.session.send("join all");
    await waitForSize(eve.session, "all", 2);
    eve.session.send("tell all hello");
    expect([await eve.session.next(), await ada.session.next()]).toEqual(["hello", "hello"]);
    expect(ada.session.waiting).toEqual([]);
  },
  30_000,
);

test("groupEvent hears each join and leave in the cluster once, those of a worker that ended too", async () => {
  const told = `
    export const scope = "cluster";
    export const groupEvent = ({ type, group, session, size }) => {
      if (group !== "ears") sendToGroup("ears", [type, session.id, size].join(" "));
    };`;
  await using crew = await startCrew({ "where.ts": where["where.ts"] + told });
  const [ada, bob] = await openTwo(crew);
  ada.session.send("join ears");
  await waitForSize(bob.session, "ears", 1);
  bob.session.send("join room");
  expect(await ada.session.next()).toBe(`join ${bob.id} 1`);
  await waitForSize(ada.session, "room", 1);
  bob.session.send("exit");
  expect(await ada.session.next()).toBe(`leave ${bob.id} 0`);
  ada.session.send("join room");
  expect(await ada.session.next()).toBe(`join ${ada.id} 1`);
});

test("an edit is served by all workers, and a fault by none", async () => {
  const version = (text: string) => ({ "version.ts": `export const get = () => ({ body: "${text}" });` });
  await using crew = await startCrew(version("1"));
  const read = async () => {
    const answers = Array.from({ length: 16 }, async () => (await crew.fetch("/version")).text());
    return [...new Set(await Promise.all(answers))];
  };
  expect(await read()).toEqual(["1"]);
  crew.folder.write(version("2"));
  await waitFor(() => crew.supervisor.generationNumber === 2, "second generation");
  expect(await read()).toEqual(["2"]);
  crew.folder.write({ ...version("3"), "broken.ts": "export const get = 7;" });
  await waitFor(() => crew.supervisor.lastFault !== "", "fault");
  expect(crew.supervisor.lastFault).toStartWith('Cannot load controller "broken.ts": "get" is a number');
  expect(await read()).toEqual(["2"]);
  rmSync(join(crew.folder.path, "broken.ts"));
  await waitFor(() => crew.supervisor.generationNumber === 3, "third generation");
  expect(await read()).toEqual(["3"]);
});

test("a module that ends its worker is refused, and a worker that was lost serves what the others serve", async () => {
  await using crew = await startCrew(where);
  crew.folder.write({ "ends.ts": 'import own from "node:process"; own.exit(4);\nexport const get = () => ({});' });
  await waitFor(() => crew.supervisor.lastFault !== "", "fault");
  expect(crew.supervisor.lastFault).toMatch(/^Cannot load the controllers: that ended worker \d /);
  expect((await crew.fetch("/where")).status).toBe(200);
  rmSync(join(crew.folder.path, "ends.ts"));
  await waitForThreads(crew, 2);
  expect(crew.supervisor.generationNumber).toBe(2);
});

const limits: [string, NonNullable<ConfigSources["flags"]>, number][] = [
  ["--max-sessions", { "max-sessions": "6" }, 503],
  ["--max-sessions-per-address", { "max-sessions-per-address": "6", "trust-proxy": "loopback" }, 429],
];

test.each(limits)("%s counts over all workers", async (_, flags, status) => {
  await using crew = await startCrew(where, flags);
  const headers = { "X-Forwarded-For": "203.0.113.7" };
  const sessions: TestSession[] = [];
  for (let count = 0; count < 6; count += 1) {
    const session = await crew.open("/where", { headers });
    // What is counted by address is told to the other worker a moment later.
    await session.next();
    sessions.push(session);
  }
  expect(crew.supervisor.sessionCount).toBe(6);
  const refuse = (count: number) => Array.from({ length: count }, () => crew.open("/where", { headers }).catch(String));
  await waitFor(async () => {
    const answers = await Promise.all(refuse(6));
    for (const answer of answers) if (typeof answer !== "string") await answer[Symbol.asyncDispose]();
    return answers.every((answer) => typeof answer === "string" && answer.includes(String(status)));
  }, "refusals by both workers");
  await sessions.pop()?.[Symbol.asyncDispose]();
  await waitFor(async () => {
    const more = await crew.open("/where", { headers }).catch(() => undefined);
    return more !== undefined;
  }, "room for one more");
});

test("--max-upgrades counts over all workers", async () => {
  await using crew = await startCrew(where, { "max-upgrades": "6" });
  const startedAt = performance.now();
  const opening = Array.from({ length: 60 }, () => crew.open("/where").catch(String));
  const opened = (await Promise.all(opening)).filter((answer) => typeof answer !== "string");
  const seconds = (performance.now() - startedAt) / 1000;
  expect(opened.length).toBeGreaterThanOrEqual(6);
  expect(opened.length).toBeLessThanOrEqual(6 + 6 * seconds + 1);
});

test("stop() closes the sessions of all workers with 1012", async () => {
  const crew = await startCrew(where);
  const sessions = (await openTwo(crew)).map(({ session }) => session);
  await crew[Symbol.asyncDispose]();
  for (const { closed } of sessions) expect(await closed).toEqual({ code: 1012, reason: "server stopping" });
  expect(crew.fetch("/where")).rejects.toHaveProperty("code", "ECONNREFUSED");
});

test("start() tells each fault of the controllers once", async () => {
  const files = {
    "a.ts": "export const get = 7;",
    "b.ts": "throw new Error('no');",
    "c.ts": "export const get = () => ({});",
  };
  const error = (await startCrew(files).catch((thrown: unknown) => thrown)) as AggregateError;
  expect(
    error.errors.map(({ code, message }: { code: string; message: string }) => [code, message.split(":")[0]]),
  ).toEqual([
    ["CONTROLLER_SHAPE", 'Cannot load controller "a.ts"'],
    ["CONTROLLER_LOAD", 'Cannot load controller "b.ts"'],
  ]);
});

test("start() tells that the port is in use", async () => {
  await using crew = await startCrew(where);
  const { port } = new URL(crew.origin);
  expect(startCrew(where, { port })).rejects.toMatchObject({ code: "LISTEN" });
});
