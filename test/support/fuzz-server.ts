import { startBinary, type TestProcess } from "./binary.ts";
import { createFolder } from "./folder.ts";
import { waitFor } from "./session.ts";

/** The largest message that the fuzzed server takes: all three forms of a frame's length are below it. */
export const MAX_MESSAGE_BYTES = 70_000;

/** A message with this character makes `/throws`, `/rejects` and `/closes` do so. */
export const TRIGGER = "!";

/** What the controllers of the fuzzed server do with a message before or instead of sending it back. */
export const kinds = ["sync", "async", "throws", "rejects", "closes"] as const;

export type Kind = (typeof kinds)[number];

/** What was heard of one session; the keys of `/heard`. */
export type HeardSession = { opens: number; messages: string[]; errors: number; closes: number[]; misplaced: string[] };

const controllers = {
  "_heard.js": `
import { addToGroup, kept } from "hubbub";
export const heard = kept("heard", () => new Map());
export const get = ({ params }) => ({ webSocket: { data: params } });
const describe = (message) => (typeof message === "string" ? "t" : "b") + Bun.hash(message).toString(36);
export const note = ({ type, session: { id }, data: { name }, message, closeReason }) => {
  let of = heard.get(name);
  if (of === undefined) heard.set(name, (of = { opens: 0, messages: [], errors: 0, closes: [], misplaced: [] }));
  if (type === "open" ? of.opens > 0 : of.opens === 0 || of.closes.length > 0) of.misplaced.push(type);
  if (type === "open") { of.opens += 1; addToGroup("all", id); }
  if (type === "message") of.messages.push(describe(message));
  if (type === "error") of.errors += 1;
  if (type === "close") of.closes.push(closeReason);
};
export const hasTrigger = (message) => Buffer.from(message).includes("${TRIGGER}");`,
  "heard.js": `
import { getGroupSize } from "hubbub";
import { heard } from "./_heard.js";
export const get = () => ({ body: { heard: Object.fromEntries(heard), members: getGroupSize("all") } });
export const DELETE = () => { heard.clear(); return { status: 204 }; };`,
  "sync.js": `
import { send } from "hubbub";
import { get, note } from "./_heard.js";
export { get };
export const webSocketEvent = (event) => {
  note(event);
  if (event.type === "message") send(event.session.id, event.message);
};`,
  "async.js": `
import { send } from "hubbub";
import { get, note } from "./_heard.js";
export { get };
export const webSocketEvent = async (event) => {
  note(event);
  if (event.data.wait) await new Promise(setImmediate);
  else await undefined;
  if (event.type === "message") send(event.session.id, event.message);
};`,
  "throws.js": `
import { send } from "hubbub";
import { get, hasTrigger, note } from "./_heard.js";
export { get };
export const webSocketEvent = (event) => {
  note(event);
  if (event.type !== "message") return;
  if (hasTrigger(event.message)) throw new Error("as asked");
  send(event.session.id, event.message);
};`,
  "rejects.js": `
import { send } from "hubbub";
import { get, hasTrigger, note } from "./_heard.js";
export { get };
export const webSocketEvent = async (event) => {
  note(event);
  await new Promise(setImmediate);
  if (event.type !== "message") return;
  if (hasTrigger(event.message)) throw new Error("as asked");
  send(event.session.id, event.message);
};`,
  "closes.js": `
import { close, send } from "hubbub";
import { get, hasTrigger, note } from "./_heard.js";
export { get };
export const webSocketEvent = (event) => {
  note(event);
  if (event.type !== "message") return;
  if (hasTrigger(event.message)) close(event.session.id, 4400, "as asked");
  else send(event.session.id, event.message);
};`,
  "say.js": `
export const get = ({ params, webSocket }) => (webSocket ? { webSocket: { data: params } } : { body: "SAID " + params.n });
export const post = async ({ body, raw }) => ({ body: "GOT " + (body ?? (await raw.text())).length });
export { note as webSocketEvent } from "./_heard.js";`,
  "later.js": `
export const all = async ({ params }) => {
  await new Promise(setImmediate);
  return { body: "LATER " + params.n };
};`,
  "public/file.txt": "FILE",
};

export type FuzzServer = AsyncDisposable & {
  process: TestProcess;
  /** Forgets what was heard and logged so far. */
  forget: () => Promise<void>;
  /** What was heard of each session by its name, once every one has ended; fails if one does not. */
  settled: () => Promise<Record<string, HeardSession>>;
  /** @throws if the log has an error that is no controller's own, or the process does not answer. */
  check: () => Promise<void>;
};

/** Starts the executable with the controllers that the fuzzers talk to. */
export async function startFuzzServer(): Promise<FuzzServer> {
  const folder = createFolder(controllers);
  const flags = ["--no-watch", "--max-message", String(MAX_MESSAGE_BYTES), "--timeout", "0", "--ping", "0"];
  const process = await startBinary([folder.path, ...flags], { cwd: folder.path });
  const look = async () =>
    (await (await process.fetch("/heard")).json()) as { heard: Record<string, HeardSession>; members: number };
  return {
    process,
    async forget() {
      await process.fetch("/heard", { method: "DELETE" });
      process.log().length = 0;
    },
    async settled() {
      await waitFor(async () => {
        const { heard, members } = await look();
        return members === 0 && Object.values(heard).every(({ closes }) => closes.length > 0);
      }, "end of every session");
      return (await look()).heard;
    },
    async check() {
      const answer = await process.fetch("/say?n=alive");
      const text = await answer.text();
      if (text !== "SAID alive") throw new Error(`The server does not answer as it should: ${answer.status} ${text}`);
      const wrong = process.log().find(({ level, message }) => level === "ERROR" && !message.endsWith(": as asked"));
      if (wrong !== undefined) throw new Error(`The server logged an error: ${JSON.stringify(wrong)}`);
    },
    async [Symbol.asyncDispose]() {
      await process[Symbol.asyncDispose]();
      folder[Symbol.dispose]();
    },
  };
}
