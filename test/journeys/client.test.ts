import { beforeAll, expect, test } from "bun:test";
import { buildOnce, serveFiles, startBinary } from "../support/binary.ts";
import { hasBrowser, openWindow, waitForPage } from "../support/browser.ts";
import { listExamples } from "../support/examples.ts";
import { accept, acceptAndClose, mishaps, serveOddly } from "../support/odd-server.ts";
import { waitFor } from "../support/session.ts";

beforeAll(buildOnce, 60_000);

/** A page that connects, and shows what its session does in `window.states` and `window.messages`. */
const page = (options: string) => ({
  "public/page.html": `<!doctype html><title>t</title><script type="module" src="/page.js"></script>`,
  "public/page.js": `import { connect } from "/-/client.js";
window.states = []; window.endings = []; window.messages = []; window.full = 0;
window.session = connect("/room", { minDelayMs: 20, maxDelayMs: 200, ${options} });
session.addEventListener("state", () => { states.push(session.state); endings.push(session.ending?.code); });
session.addEventListener("message", ({ data }) => messages.push(data));
session.addEventListener("full", () => { full += 1; });`,
});

const room = `import { addToGroup, close, defineController, log, sendToGroup } from "hubbub";
export default defineController({
  open({ session }) { log.info("opened"); addToGroup("room", session.id); },
  message({ session, message }) {
    const value = JSON.parse(message);
    if (value.close) close(session.id, value.close, value.reason);
    else sendToGroup("room", value);
  },
  close({ closeReason }) { log.info("left with %d", closeReason); },
});`;

const is = (state: string) => `window.session?.state === "${state}"`;
const heard = (text: string) => `window.messages.some((message) => message.text === "${text}")`;
const say = (text: string) => `session.send({ text: "${text}" })`;

const serve = (options = "", flags: string[] = []) => serveFiles({ "room.ts": room, ...page(options) }, flags);

const countOpened = (server: { log: () => { message: string }[] }) =>
  server.log().filter(({ message }) => message === "opened").length;

test.skipIf(!hasBrowser).each(["SIGTERM", "SIGKILL"] as const)(
  "the client comes back after a restart by %s, with what was said meanwhile",
  async (signal) => {
    await using first = await serve("", ["--drain", "0"]);
    await using window = openWindow(`${first.origin}/page.html`);
    await waitForPage(window, is("open"));
    first.signal(signal);
    await first.exited;
    await waitForPage(window, `!(${is("open")})`);
    expect(await window.evaluate("endings.find(Boolean)")).toBe(signal === "SIGTERM" ? 1012 : 1006);
    expect(await window.evaluate(`[${say("one")}, ${say("two")}, session.queuedCount]`)).toEqual([true, true, 2]);
    await using second = await startBinary(["."], { cwd: first.folder.path, port: Number(new URL(first.origin).port) });
    await waitForPage(window, `${is("open")} && ${heard("two")}`);
    expect(await window.evaluate("messages.map(({ text }) => text)")).toEqual(["one", "two"]);
    expect(countOpened(second)).toBe(1);
  },
  30_000,
);

test.skipIf(!hasBrowser)(
  "the client comes back after a drain that closes one session after another",
  async () => {
    await using first = await serve("", ["--drain", "2"]);
    await using window = openWindow(`${first.origin}/page.html`);
    await waitForPage(window, is("open"));
    const others = await Promise.all(Array.from({ length: 200 }, () => first.open("/room")));
    first.signal("SIGTERM");
    await waitForPage(window, "endings.find(Boolean) === 1012");
    expect(await window.evaluate(say("meanwhile"))).toBe(true);
    expect((await Promise.all(others.map(({ closed }) => closed))).every(({ code }) => code === 1012)).toBe(true);
    expect(await first.exited).toBe(0);
    await using second = await startBinary(["."], { cwd: first.folder.path, port: Number(new URL(first.origin).port) });
    await waitForPage(window, `${is("open")} && ${heard("meanwhile")}`);
    expect(countOpened(second)).toBe(1);
  },
  30_000,
);

test.skipIf(!hasBrowser)(
  "the client stays away after 4401, and comes back when it is told to",
  async () => {
    await using server = await serve();
    await using window = openWindow(`${server.origin}/page.html`);
    await waitForPage(window, is("open"));
    await window.evaluate(`session.send({ close: 4401, reason: "token expired" })`);
    await waitForPage(window, is("closed"));
    expect(await window.evaluate("session.ending")).toEqual({ code: 4401, reason: "token expired" });
    expect(await window.evaluate(say("late"))).toBe(false);
    await window.evaluate("session.reconnect()");
    await waitForPage(window, is("open"));
    expect(await window.evaluate("states")).toEqual(["open", "closed", "connecting", "open"]);
  },
  30_000,
);

test.skipIf(!hasBrowser)(
  "the client takes a new connection when the page was frozen for long, and hears again",
  async () => {
    await using server = await serve("sleepMs: 1000");
    await using window = openWindow(`${server.origin}/page.html`);
    await waitForPage(window, is("open"));
    const freeze = (state: "frozen" | "active") => window.cdp("Page.setWebLifecycleState", { state });
    await freeze("frozen");
    using other = await server.open("/room");
    other.send(JSON.stringify({ text: "while you slept" }));
    await other.next();
    const frozenAt = performance.now();
    await waitFor(() => performance.now() - frozenAt > 1200, "end of the sleep");
    await freeze("active");
    await waitForPage(window, `states.length > 1 && ${is("open")}`);
    // A browser may cut the connection of a page that it has frozen; one that was kept has what came meanwhile.
    if (!(await window.evaluate(`states.includes("waiting")`)))
      expect(await window.evaluate(heard("while you slept"))).toBe(true);
    other.send(JSON.stringify({ text: "awake" }));
    await waitForPage(window, heard("awake"));
    expect(countOpened(server)).toBeGreaterThan(2);
  },
  30_000,
);

test.skipIf(!hasBrowser)(
  "the client notices a network that goes and comes",
  async () => {
    await using server = await serve("maxDelayMs: 60_000, minDelayMs: 60_000");
    await using window = openWindow(`${server.origin}/page.html`);
    await waitForPage(window, is("open"));
    const network = (offline: boolean) =>
      window.cdp("Network.emulateNetworkConditions", {
        offline,
        latency: 0,
        downloadThroughput: -1,
        uploadThroughput: -1,
      });
    await window.cdp("Network.enable");
    await network(true);
    await waitForPage(window, is("waiting"));
    expect(await window.evaluate(say("from the tunnel"))).toBe(true);
    await network(false);
    await waitForPage(window, `${is("open")} && ${heard("from the tunnel")}`);
  },
  30_000,
);

test.skipIf(!hasBrowser)(
  "the client tries at once when somebody looks at its page",
  async () => {
    await using first = await serve("minDelayMs: 60_000, maxDelayMs: 60_000", ["--drain", "0"]);
    await using window = openWindow(`${first.origin}/page.html`);
    await waitForPage(window, is("open"));
    first.signal("SIGTERM");
    await first.exited;
    await waitForPage(window, is("waiting"));
    await using second = await startBinary(["."], { cwd: first.folder.path, port: Number(new URL(first.origin).port) });
    // What the browser does when the tab is chosen.
    await window.evaluate(`document.dispatchEvent(new Event("visibilitychange"))`);
    await waitForPage(window, is("open"));
    await waitFor(() => countOpened(second) === 1, "session");
  },
  30_000,
);

test.skipIf(!hasBrowser)(
  "the client in a browser comes back to servers that fail in all ways, and stays away from one that says so",
  async () => {
    await using server = await serve();
    await using window = openWindow(`${server.origin}/page.html`);
    await waitForPage(window, is("open"));
    await using odd = new AsyncDisposableStack();
    const failing = await Promise.all(mishaps.map(([, behave]) => serveOddly(behave, behave, accept())));
    const last = await serveOddly(acceptAndClose(4400, "no"));
    for (const one of [...failing, last]) odd.use(one);
    const urls = [...failing, last].map(({ url }) => url);
    await window.evaluate(`import("/-/client.js").then(({ connect }) => {
      window.sessions = ${JSON.stringify(urls)}.map((url) =>
        connect(url, { minDelayMs: 20, maxDelayMs: 200, connectTimeoutMs: 600 }));
    })`);
    const areDone = `sessions.slice(0, -1).every(({ state }) => state === "open") && sessions.at(-1).state === "closed"`;
    await waitForPage(window, areDone);
    expect(await window.evaluate("sessions.map(({ ending }) => ending.code)")).toEqual([
      ...mishaps.map(([how]) => (how.includes("1013") ? 1013 : 1006)),
      4400,
    ]);
    expect(failing.map(({ requests }) => requests.length)).toEqual(mishaps.map(() => 3));
    expect(last.requests.length).toBe(1);
  },
  30_000,
);

test.skipIf(!hasBrowser)(
  "the client says when its queue is full",
  async () => {
    await using server = await serve("maxQueuedMessages: 2, minDelayMs: 60_000, maxDelayMs: 60_000", ["--drain", "0"]);
    await using window = openWindow(`${server.origin}/page.html`);
    await waitForPage(window, is("open"));
    server.signal("SIGTERM");
    await waitForPage(window, is("waiting"));
    expect(await window.evaluate(`[1, 2, 3].map((n) => session.send(n))`)).toEqual([true, true, false]);
    expect(await window.evaluate(`[full, session.takeQueued()]`)).toEqual([1, [1, 2]]);
  },
  30_000,
);

test.skipIf(!hasBrowser)(
  "the session ends with its page, and begins again when the page comes back",
  async () => {
    await using server = await serve();
    await using window = openWindow(`${server.origin}/page.html`);
    await waitForPage(window, is("open"));
    await window.evaluate("window.isTheSame = true");
    await window.navigate(`${server.origin}/room`).catch(() => {});
    await server.logged("left with 1000");
    await window.evaluate("history.back()").catch(() => {});
    await waitForPage(window, is("open"));
    expect(await window.evaluate("window.isTheSame === true")).toBe(true);
    expect(countOpened(server)).toBe(2);
  },
  30_000,
);

test.skipIf(!hasBrowser)(
  "the example of docs/client.md talks between two windows",
  async () => {
    await using server = await serveFiles(listExamples("docs/client.md"));
    await using ada = openWindow(`${server.origin}/room.html`);
    await using bob = openWindow(`${server.origin}/room.html`);
    const shows = (text: string) => `document.body.innerText.includes("${text}")`;
    for (const window of [ada, bob]) await waitForPage(window, shows("open"));
    await ada.click("input");
    await ada.type("hello");
    await ada.press("Enter");
    for (const window of [ada, bob]) await waitForPage(window, shows("hello"));
    expect(await ada.evaluate(`document.querySelector("input").value`)).toBe("");
  },
  30_000,
);
