import { afterAll, beforeAll, expect, test } from "bun:test";
import { serveFiles, type TestProcess } from "../support/binary.ts";
import { waitFor } from "../support/session.ts";

/** `/call` calls the api at the wrong moment; `/told` has what came of it, and what is left. */
const controllers = {
  "call.js": `
import { addToGroup, close, getGroups, getGroupSize, isOpen, kept, removeFromGroup, send, sendToGroup } from "hubbub";
const told = kept("told", () => new Map());
const acts = {
  "close in open": { open: ({ id }) => [close(id, 4400, "no"), send(id, "late"), close(id, 4401), addToGroup("left", id)] },
  "throw after close in open": { open: ({ id }) => { close(id, 4400, "no"); throw new Error("as asked"); } },
  "close and wait in open": { open: async ({ id }) => { close(id, 4400, "no"); await Bun.sleep(5); return [isOpen(id), send(id, "late")]; } },
  "call everything in close": {
    message: ({ id }) => close(id, 4400),
    close: ({ id }) => [send(id, "late"), close(id), isOpen(id), addToGroup("left", id), removeFromGroup("all", id), sendToGroup("left", "x"), getGroups(id)],
  },
  "call everything after close": {
    message: ({ id }) => close(id, 4400),
    close: ({ id }) => new Promise((resolve) => setTimeout(() => resolve([send(id, "late"), close(id), addToGroup("left", id), getGroups(id)]), 5)),
  },
  "close in error": { message: () => { throw new Error("as asked"); }, error: ({ id }) => [close(id, 4400), send(id, "late")] },
  "close twice": { message: ({ id }) => [close(id, 4400, "first"), close(id, 4401, "second")] },
  "join and close": { message: ({ id }) => { for (let n = 0; n < 500; n += 1) addToGroup("left " + n, id); return [getGroups(id).length, close(id, 4400)]; } },
  "join and leave": { message: ({ id }) => { for (let n = 0; n < 500; n += 1) { addToGroup("left", id); removeFromGroup("left", id); } return [getGroups(id), close(id, 4400)]; } },
  "talk to nobody": { message: ({ id }) => {
    const result = [send("nobody", "x"), send(undefined, "x"), close("nobody"), isOpen(null), getGroups({}), getGroupSize("nobody"), sendToGroup("nobody", "x"), addToGroup("left", "nobody"), removeFromGroup("left", "nobody")];
    close(id, 4400);
    return result;
  } },
};
export const get = ({ params }) => ({ webSocket: { data: params } });
export const webSocketEvent = async ({ type, session, data, closeReason, reason }) => {
  const of = told.get(data.name) ?? { events: [], results: [] };
  told.set(data.name, of);
  of.events.push(type === "close" ? [closeReason, reason] : type);
  if (type === "open") addToGroup("all", session.id);
  const result = acts[data.does][type]?.(session);
  if (result !== undefined) of.results.push(...[await result].flat(1).map((value) => value ?? "nothing"));
};`,
  "told.js": `
import { getGroupSize, kept } from "hubbub";
const told = kept("told", () => new Map());
const left = () => [getGroupSize("all"), getGroupSize("left"), getGroupSize("left 0"), getGroupSize("left 499")];
export const get = () => ({ body: { told: Object.fromEntries(told), left: left() } });`,
};

type Told = { events: unknown[]; results: unknown[] };

let server: TestProcess;

beforeAll(async () => {
  server = await serveFiles(controllers, ["--no-watch"]);
}, 60_000);

afterAll(() => server[Symbol.asyncDispose]());

const readTold = async () =>
  (await (await server.fetch("/told")).json()) as { told: Record<string, Told>; left: number[] };

/** So many sessions do the same at once. */
const SESSIONS = 20;

const calls: [does: string, events: unknown[], results: unknown[]][] = [
  ["close in open", ["open", [4400, "no"]], [true, false, false, "nothing"]],
  ["throw after close in open", ["open", "error", [4400, "no"]], []],
  ["close and wait in open", ["open", [4400, "no"]], [false, false]],
  [
    "call everything in close",
    ["open", "message", [4400, ""]],
    [true, false, false, false, "nothing", "nothing", "nothing", []],
  ],
  ["call everything after close", ["open", "message", [4400, ""]], [true, false, false, "nothing", []]],
  ["close in error", ["open", "message", "error", [4400, ""]], [true, false]],
  ["close twice", ["open", "message", [4400, "first"]], [true, false]],
  ["join and close", ["open", "message", [4400, ""]], [501, true]],
  ["join and leave", ["open", "message", [4400, ""]], [["all"], true]],
  [
    "talk to nobody",
    ["open", "message", [4400, ""]],
    [false, false, false, false, [], 0, "nothing", "nothing", "nothing"],
  ],
];

test.each(calls)("a controller may %s: the session has one close, and leaves nothing behind", async (does, ...told) => {
  const [events, results] = told;
  const names = Array.from({ length: SESSIONS }, (_, n) => `${does} ${n}`);
  await Promise.all(
    names.map(async (name) => {
      using session = await server.open(`/call?${new URLSearchParams({ does, name }).toString()}`);
      session.send("hello");
      expect((await session.closed).code).toBe(4400);
    }),
  );
  await waitFor(async () => {
    const all = (await readTold()).told;
    return names.every(
      (name) => all[name]?.events.length === events.length && all[name].results.length === results.length,
    );
  }, "close events");
  const { told: all, left } = await readTold();
  for (const name of names) expect(all[name]).toEqual({ events, results });
  expect(left).toEqual([0, 0, 0, 0]);
});
