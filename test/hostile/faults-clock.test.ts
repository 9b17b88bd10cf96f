import { beforeAll, expect, test } from "bun:test";
import { join } from "node:path";
import { buildOnce, startBinary, type TestProcess } from "../support/binary.ts";
import { createFolder, type TestFolder } from "../support/folder.ts";
import { openRaw, parseClose } from "../support/raw.ts";
import { type TestSession, waitFor, withPatience } from "../support/session.ts";

/** `/clock` tells the server's time on each message, and ticks. */
const controllers = {
  "controllers/clock.js": `
import { addToGroup, send, sendToGroup } from "hubbub";
export const get = () => ({ webSocket: {} });
export const webSocketEvent = ({ type, session, message }) => {
  if (type === "open") addToGroup("ticks", session.id);
  if (type === "message") send(session.id, "time " + Date.now());
};
setInterval(() => {
  sendToGroup("ticks", "tick");
  sendToGroup("ticks", "tock", { coalesce: 20 });
}, 100);`,
};

/** libfaketime (Debian's package faketime). In CI it must be here: nothing is skipped there. */
const library = [...new Bun.Glob("*/faketime/libfaketime.so.1").scanSync("/usr/lib")][0];
const canFake = library !== undefined || process.env["CI"] !== undefined;

const HOUR_MS = 3_600_000;

beforeAll(buildOnce, 60_000);

/** Starts a server whose clock is as much off as the file `clock` says; what counts the time since the start is not. */
function start(folder: TestFolder, ...flags: string[]): Promise<TestProcess> {
  return startBinary(["controllers", ...flags], {
    cwd: folder.path,
    environment: {
      LD_PRELOAD: join("/usr/lib", library ?? ""),
      FAKETIME_TIMESTAMP_FILE: join(folder.path, "clock"),
      FAKETIME_NO_CACHE: "1",
      DONT_FAKE_MONOTONIC: "1",
    },
  });
}

/** The next message that begins with `word`. */
async function nextOf(session: TestSession, word: string): Promise<string> {
  for (;;) {
    const message = String(await session.next());
    if (message.startsWith(word)) return message;
  }
}

/** How many hours the server's clock is ahead. */
async function readClock(session: TestSession): Promise<number> {
  session.send("");
  const time = Number((await nextOf(session, "time ")).slice(5));
  // A message's way takes a moment, which rounds to -0: adding 0 makes 0 of it.
  return Math.round((time - Date.now()) / HOUR_MS) + 0;
}

test.concurrent.skipIf(!canFake)(
  "a clock that jumps by hours closes no session and stops no timer",
  async () => {
    using folder = createFolder({ ...controllers, clock: "+0" });
    await using server = await start(folder, "--timeout", "2", "--ping", "1", "--max-message-rate", "20");
    using session = await server.open("/clock");
    using silent = await openRaw(`${server.origin}/clock`);
    const openedAt = performance.now();
    let isOpen = true;
    void session.closed.then(() => (isOpen = false));

    for (const hours of [3, -5, 24 * 365, -24 * 365, 0]) {
      folder.write({ clock: `${hours < 0 ? "" : "+"}${hours}h` });
      expect(await readClock(session)).toBe(hours);
      await nextOf(session, "tick");
      await nextOf(session, "tock");
      const text = `export const get = () => ({ body: "${hours}" });`;
      folder.write({ "controllers/edited.js": text });
      await waitFor(async () => (await (await server.fetch("/edited")).text()) === String(hours), "edit");
    }
    // The silent one answers no ping: its time passes as if nothing had happened.
    await waitFor(() => silent.ended(), "end of the silent session");
    const seconds = (performance.now() - openedAt) / 1000;
    expect(parseClose(silent.received())).toEqual({ code: 1001, reason: "idle timeout" });
    expect(seconds).toBeGreaterThan(2);
    expect(seconds).toBeLessThan(4);
    // 10 seconds' worth may come at once, whatever the clock says.
    for (let sent = 0; sent < 150; sent += 1) session.send("");
    for (let told = 0; told < 150; told += 1) await nextOf(session, "time ");
    expect(isOpen).toBe(true);
    expect(server.log().filter(({ level }) => level !== "INFO")).toEqual([]);
  },
  20_000,
);

test.concurrent.skipIf(!canFake).each([3, -5])(
  "a clock that jumps by %d hours while the server stops leaves nobody open",
  async (hours) => {
    using folder = createFolder({ ...controllers, clock: "+0" });
    await using server = await start(folder, "--drain", "1");
    const sessions = await Promise.all(Array.from({ length: 100 }, () => server.open("/clock")));
    server.signal("SIGTERM");
    await server.logged("Stopping because of SIGTERM");
    folder.write({ clock: `${hours < 0 ? "" : "+"}${hours}h` });
    expect(await withPatience(server.exited, "end of the server")).toBe(0);
    for (const { closed } of sessions) expect(await closed).toEqual({ code: 1012, reason: "server stopping" });
  },
);
