import { expect } from "bun:test";
import { openRaw, parseClose, parseFrames } from "./raw.ts";
import { startServer, type TestServer } from "./server.ts";
import { waitFor } from "./session.ts";

/** What the controller heard of one session. */
export type Heard = {
  /** The `name` in the session's address. */
  name: string;
  opens: number;
  messages: number;
  bytes: number;
  errors: string[];
  /** Code and reason of each `close` event. */
  closes: [number, string][];
  /** Events that came before `open` or after `close`. */
  misplaced: string[];
};

/**
 * `/echo` sends each message back; `/heard` tells what was heard of each session.
 *
 * Other controllers import `note` from `./_heard.js`, and call it with each event.
 */
export const witness = {
  "_heard.js": `
import { kept } from "hubbub";
export const heard = kept("heard", () => new Map());
export const note = ({ type, session: { id }, data: { name }, message, closeReason, reason, error }) => {
  let of = heard.get(id);
  if (of === undefined) heard.set(id, (of = { name, opens: 0, messages: 0, bytes: 0, errors: [], closes: [], misplaced: [] }));
  if (type === "open" ? of.opens > 0 : of.opens === 0 || of.closes.length > 0) of.misplaced.push(type);
  if (type === "open") of.opens += 1;
  if (type === "message") { of.messages += 1; of.bytes += message.length; }
  if (type === "error") of.errors.push(error);
  if (type === "close") of.closes.push([closeReason, reason]);
};
`,
  "echo.js": `
import { addToGroup, send } from "hubbub";
import { note } from "./_heard.js";
export const get = ({ params }) => ({ webSocket: { data: { name: params.name ?? "" } } });
export const webSocketEvent = (event) => {
  note(event);
  if (event.type === "open") addToGroup("all", event.session.id);
  if (event.type === "message") send(event.session.id, event.message);
};
`,
  "heard.js": `
import { getGroupSize } from "hubbub";
import { heard } from "./_heard.js";
export const get = () => ({ body: { heard: [...heard.values()], members: getGroupSize("all") } });
export const DELETE = () => { heard.clear(); return { status: 204 }; };
`,
};

export type Witness = TestServer & {
  /** What was heard of each session, in the order in which they opened. */
  heard: () => Promise<Heard[]>;
  /** Forgets what was heard so far. */
  forget: () => Promise<void>;
  /** Resolves once no session is open, none is a member of a group and every one that opened was closed once. */
  settled: () => Promise<Heard[]>;
};

/** Starts a real server with the controllers `/echo` and `/heard` beside those of `files`. */
export async function startWitness(
  flags: Record<string, string> = {},
  files: Record<string, string | Uint8Array> = {},
): Promise<Witness> {
  const server = await startServer({ ...witness, ...files }, flags);
  const heard = async () => (await readHeard(server)).heard;
  return {
    ...server,
    heard,
    forget: async () => void (await server.fetch("/heard", { method: "DELETE" })),
    async settled() {
      await waitFor(async () => {
        const { heard: all, members } = await readHeard(server);
        return server.app.sessionCount === 0 && members === 0 && all.every(({ closes }) => closes.length > 0);
      }, "end of every session");
      const all = await heard();
      for (const { opens, closes, misplaced } of all) {
        expect({ opens, closes: closes.length, misplaced }).toEqual({ opens: 1, closes: 1, misplaced: [] });
      }
      return all;
    },
  };
}

/** What the controllers of a server have heard of each session, and how many members the group of all has. */
export async function readHeard({
  fetch: ask,
}: Pick<TestServer, "fetch">): Promise<{ heard: Heard[]; members: number }> {
  return (await (await ask("/heard")).json()) as { heard: Heard[]; members: number };
}

/** What a session that was opened by hand saw until the server ended it. */
export type Outcome = {
  /** The messages that came back, text as a string. */
  echoes: (string | Buffer)[];
  pongs: number;
  /** The close frame; absent if the connection ended without one. */
  close: { code: number; reason: string } | undefined;
};

/** The frames in `bytes`, told apart. */
export function readOutcome(bytes: Buffer): Outcome {
  const frames = parseFrames(bytes);
  return {
    echoes: frames
      .filter(({ opcode }) => opcode === 1 || opcode === 2)
      .map(({ opcode, payload }) => (opcode === 1 ? payload.toString() : payload)),
    pongs: frames.filter(({ opcode }) => opcode === 10).length,
    close: parseClose(bytes),
  };
}

/** Opens a session at `/echo`, sends `bytes`, and resolves once the server has ended the connection. */
export async function attack(server: Witness, bytes: Uint8Array | Uint8Array[]): Promise<Outcome> {
  using raw = await openRaw(server.url("/echo"));
  for (const part of Array.isArray(bytes) ? bytes : [bytes]) raw.socket.write(part);
  await waitFor(() => raw.ended(), "end of the connection");
  return readOutcome(raw.received());
}

/** The server still opens sessions and answers them. */
export async function expectAlive(server: Pick<TestServer, "open">): Promise<void> {
  using session = await server.open("/echo?name=alive");
  session.send("still here");
  expect(await session.next()).toBe("still here");
  session.close(1000);
  expect((await session.closed).code).toBe(1000);
}
