import { type ConfigSources, readConfig } from "../../src/core/config.ts";
import { Supervisor } from "../../src/workers/supervisor.ts";
import { createFolder, type TestFolder } from "./folder.ts";
import { openSession, type SessionOptions, type TestSession } from "./session.ts";

/** Several workers of this process on one port, with controllers of a test's own. */
export type TestCrew = AsyncDisposable & {
  supervisor: Supervisor;
  folder: TestFolder;
  origin: string;
  fetch: (path: string, init?: BunFetchRequestInit) => Promise<Response>;
  open: (path: string, options?: SessionOptions) => Promise<TestSession>;
};

/** A controller whose sessions are told first on which thread they are. */
export const where = {
  "where.ts": `
    import { threadId } from "node:worker_threads";
    import { addToGroup, close, getGroupSize, send, sendToGroup } from "hubbub";
    export const get = ({ webSocket }) => (webSocket ? { webSocket: {} } : { body: String(threadId) });
    export const webSocketEvent = ({ type, session: { id }, message }) => {
      if (type === "open") send(id, { thread: threadId, id });
      if (type !== "message") return;
      const [verb, to, text] = message.split(" ");
      if (verb === "join") addToGroup(to, id);
      if (verb === "tell") sendToGroup(to, text);
      if (verb === "others") sendToGroup(to, text, { except: id });
      if (verb === "send") send(id, String(send(to, text)));
      if (verb === "close") send(id, String(close(to, 4000, text)));
      if (verb === "size") send(id, String(getGroupSize(to)));
      if (verb === "hold") for (;;);
      if (verb === "exit") void import("node:process").then(({ default: own }) => own.exit(3));
    };`,
};

/** Starts two workers. */
export async function startCrew(
  files: Record<string, string>,
  flags: NonNullable<ConfigSources["flags"]> = {},
  options: { heldLimitMs?: number } = {},
): Promise<TestCrew> {
  const folder = createFolder(files);
  const config = readConfig({ flags: { port: "0", drain: "0", "log-level": "error", ...flags } });
  const supervisor = new Supervisor({
    config,
    folder: folder.path,
    isEmbedded: false,
    version: "1",
    workers: 2,
    ...options,
  });
  try {
    const { origin } = await supervisor.start();
    const open: TestCrew["open"] = (path, given) => openSession(origin + path, given);
    return {
      supervisor,
      folder,
      origin,
      open,
      fetch: (path, init = {}) => fetch(origin + path, { keepalive: false, redirect: "manual", ...init }),
      async [Symbol.asyncDispose]() {
        await supervisor.stop();
        folder[Symbol.dispose]();
      },
    };
  } catch (error) {
    folder[Symbol.dispose]();
    throw error;
  }
}
