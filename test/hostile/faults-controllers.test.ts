import { afterAll, beforeAll, expect, test } from "bun:test";
import { serveFiles, type TestProcess } from "../support/binary.ts";
import { waitFor, withPatience } from "../support/session.ts";

/** What can be thrown, by name: `_faults.js` makes each. */
const thrown =
  "error undefined null symbol text empty function promise bare cycle long trap trapError revoked angry odd unprintable aggregate".split(
    " ",
  );

/** What can be returned that fails when it is looked at or awaited. */
const returned = ["thenThrows", "thenGetter", "thenRejectsTwice", "thenNested", "trap", "revoked", "subclass"];

/** What can be returned that only looks as if it failed. */
const harmless = ["thenTwice", "thenLater", "thenNull", "thenFunction"];

const faults = `
const fail = () => { throw new Error("in a trap"); };
const traps = Object.fromEntries(Object.getOwnPropertyNames(Reflect).map((name) => [name, fail]));
class Angry extends Error {
  get message() { throw new Error("in message"); }
  get stack() { throw new Error("in stack"); }
  toString() { throw new Error("in toString"); }
}
class Odd extends Error {
  get message() { return { toString() { throw new Error("in toString"); } }; }
  get stack() { return 42; }
}
class Subclass extends Promise {
  then() { throw new Error("in then"); }
}
export const make = {
  error: () => new Error("as asked"),
  undefined: () => undefined,
  null: () => null,
  symbol: () => Symbol("a symbol"),
  text: () => "text",
  empty: () => "",
  function: () => () => {},
  promise: () => Promise.reject(new Error("inside of a promise")),
  bare: () => Object.create(null),
  cycle: () => { const error = new Error("a cycle"); error.cause = error; return error; },
  long: () => new Error("x".repeat(100_000)),
  trap: () => new Proxy({}, traps),
  trapError: () => new Proxy(new Error("as asked"), traps),
  revoked: () => { const { proxy, revoke } = Proxy.revocable({}, {}); revoke(); return proxy; },
  angry: () => new Angry(),
  odd: () => new Odd(),
  unprintable: () => ({ toString: () => ({}), valueOf: () => ({}) }),
  aggregate: () => new AggregateError([new Angry(), make.revoked()], "many"),
  thenThrows: () => ({ then() { throw new Error("in then"); } }),
  thenGetter: () => ({ get then() { throw new Error("in a getter"); } }),
  thenRejectsTwice: () => ({ then(resolve, reject) { reject(new Error("first")); reject(2); resolve(3); throw 4; } }),
  thenNested: () => ({ then(resolve) { resolve({ then(_, reject) { reject(new Error("nested")); } }); } }),
  subclass: () => Subclass.resolve(1),
  thenTwice: () => ({ then(resolve, reject) { resolve(1); reject(2); resolve(3); throw 4; } }),
  thenLater: () => ({ then(resolve) { setTimeout(resolve, 1); } }),
  thenNull: () => ({ then: null }),
  thenFunction: () => Object.assign(() => {}, { then: fail }),
};
export const act = ({ how, what }) => {
  if (how === "throws") throw make[what]();
  if (how === "rejects with") return Promise.reject(make[what]());
  if (how === "later rejects with") return new Promise((_, reject) => setTimeout(() => reject(make[what]()), 1));
  return make[what]();
};`;

const controllers = {
  "_faults.js": faults,
  "fail.js": `
import { addToGroup, kept, send } from "hubbub";
import { act } from "./_faults.js";
const heard = kept("heard", () => new Map());
export const get = ({ params }) => {
  if (params.at === "get") return act(params);
  return { webSocket: { data: params, ...(params.at === "checkOrigin" ? { checkOrigin: () => act(params) } : {}) } };
};
export const webSocketEvent = ({ type, session, data, message, closeReason }) => {
  heard.set(data.name, [...(heard.get(data.name) ?? []), type === "close" ? closeReason : type]);
  if (type === "open") addToGroup("all", session.id);
  if (type === data.at) return act(data);
  if (type === "message" && data.at === "error") throw new Error("so that there is an error");
  if (type === "message") send(session.id, message);
};`,
  "heard.js": `
import { getGroupSize, kept } from "hubbub";
const heard = kept("heard", () => new Map());
export const get = () => ({ body: { heard: Object.fromEntries(heard), members: getGroupSize("all") } });`,
};

let server: TestProcess;

beforeAll(async () => {
  server = await serveFiles(controllers, ["--no-watch"]);
}, 60_000);

afterAll(() => server[Symbol.asyncDispose]());

type Seen = { code: number | "refused"; heard: unknown[] };

/** A session whose controller fails in one way, until its end. */
async function fail(at: string, how: string, what: string): Promise<Seen> {
  const name = `${at} ${how} ${what}`;
  const query = new URLSearchParams({ at, how, what, name });
  let code: Seen["code"] = "refused";
  try {
    using session = await server.open(`/fail?${query.toString()}`);
    if (at !== "open") session.send("hello");
    // One that does not fail is closed once its event was handled.
    void session.next().then(
      () => session.close(4001),
      () => {},
    );
    code = (await withPatience(session.closed, `end of "${name}"`)).code;
  } catch (error) {
    if (!String(error).includes("expected 101")) throw error;
  }
  await waitFor(async () => code === "refused" || typeof (await readHeard(name)).at(-1) === "number", "close event");
  return { code, heard: await readHeard(name) };
}

async function readHeard(name: string): Promise<unknown[]> {
  const { heard } = (await (await server.fetch("/heard")).json()) as { heard: Record<string, unknown[]> };
  return heard[name] ?? [];
}

const failed = { code: 1011 };

const places: [at: string, seen: Seen][] = [
  ["get", { code: "refused", heard: [] }],
  ["checkOrigin", { code: "refused", heard: [] }],
  ["open", { ...failed, heard: ["open", "error", 1011] }],
  ["message", { ...failed, heard: ["open", "message", "error", 1011] }],
  ["error", { ...failed, heard: ["open", "message", "error", 1011] }],
  ["close", { code: 4001, heard: ["open", "message", 4001] }],
];

const ways = ["throws", "rejects with", "later rejects with", "returns"];

test.each(places.flatMap(([at, seen]) => ways.map((how) => [at, how, seen] as const)))(
  "a controller that in %s %s whatever it may be ends that session alone",
  async (at, how, seen) => {
    const all = await Promise.all(
      (how === "returns" ? returned : thrown).map(async (what) => [what, await fail(at, how, what)] as const),
    );
    expect(Object.fromEntries(all)).toEqual(Object.fromEntries(all.map(([what]) => [what, seen])));
  },
);

test("a controller whose promise only looks as if it failed goes on", async () => {
  for (const what of harmless) {
    using session = await server.open(`/fail?at=open&how=returns&what=${what}&name=${what}`);
    session.send("hello");
    expect(await session.next()).toBe("hello");
    session.close(4002);
    await session.closed;
    await waitFor(async () => (await readHeard(what)).at(-1) === 4002, "close event");
    expect(await readHeard(what)).toEqual(["open", "message", 4002]);
  }
});

test("a server whose controllers failed in every place has no session left, and nothing on standard error", async () => {
  const { members } = (await (await server.fetch("/heard")).json()) as { members: number };
  expect(members).toBe(0);
  expect(
    server
      .printed()
      .split("\n")
      .filter((line) => line !== "" && !line.startsWith("{")),
  ).toEqual([]);
  using session = await server.open("/fail?name=last");
  session.send("still here");
  expect(await session.next()).toBe("still here");
});
