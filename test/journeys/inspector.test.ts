import { afterAll, beforeAll, expect, test } from "bun:test";
import { configureLog, takeLog } from "../../src/core/log.ts";
import { hasBrowser, saveScreenshot, waitForPage } from "../support/browser.ts";
import { findFreePort } from "../support/free-port.ts";
import {
  type CheckedWindow,
  desk,
  findBarriers,
  findShifts,
  listTabStops,
  openChecked,
  phone,
} from "../support/page-check.ts";
import { startServer, type TestServer } from "../support/server.ts";
import type { TestSession } from "../support/session.ts";

const token = "0123456789abcdef";

const controllers = {
  "chat.js": `import { addToGroup, log, sendToGroup } from "hubbub";
export const get = ({ params }) => params.no ? { status: 403 } : { webSocket: { subProtocols: ["v2"] } };
export function webSocketEvent({ type, session, message }) {
  if (type === "open") addToGroup("chat", session.id);
  if (message === "fail") throw new Error("as asked");
  if (message === "log") log.warning("%s spoke", session.path);
  if (message) sendToGroup("chat", message);
}
`,
  "room/[id].js": `import { addToGroup, log } from "hubbub";
export const get = () => ({ webSocket: {} });
export function webSocketEvent({ type, session, message }) {
  if (message?.startsWith("join ")) addToGroup(message.slice(5), session.id);
  if (message === "fail") log.error("left %s", session.path);
}
`,
  "page.js": "export const get = () => ({ body: 'a page' });\n",
};

let server: TestServer;
let ada: TestSession;
let bob: TestSession;
let inspector: CheckedWindow;

beforeAll(async () => {
  if (!hasBrowser) return;
  // Of every level, and not printed.
  takeLog(() => {});
  server = await startServer(controllers, { "admin-token": token });
  [ada, bob] = [await server.open("/chat"), await server.open("/room/7")];
  inspector = await openInspector(server.url(`/-/?token=${token}`));
}, 60_000);

afterAll(async () => {
  inspector?.[Symbol.dispose]();
  await server?.[Symbol.asyncDispose]();
  configureLog({ logLevel: "error", logFormat: "json" });
});

async function openInspector(url: string): Promise<CheckedWindow> {
  const checked = await openChecked(url, desk);
  await waitForPage(checked.window, isLive);
  return checked;
}

const isLive = `document.querySelector("#state")?.dataset.state === "open"`;
const shows = (text: string, within = "body") =>
  `document.querySelector(${JSON.stringify(within)}).innerText.includes(${JSON.stringify(text)})`;

const page = () => inspector.window;
const press = (id: string) => page().evaluate(`document.querySelector(${JSON.stringify(id)}).click()`);

const views = ["overview", "sessions", "groups", "controllers", "console", "log"];

/** Shows a view as its link does. */
async function show(view: string): Promise<void> {
  await page().evaluate(`document.querySelector('nav a[href="#${view}"]').click()`);
  await waitForPage(page(), `!document.querySelector("#${view}").hidden`);
}

/** Fills a field in, as typing does. */
const fill = (id: string, text: string) =>
  page().evaluate(`(() => {
    const field = document.querySelector(${JSON.stringify(id)});
    field.value = ${JSON.stringify(text)};
    field.dispatchEvent(new Event("input", { bubbles: true }));
    field.dispatchEvent(new Event("change", { bubbles: true }));
  })()`);

const submit = (id: string) => page().evaluate(`document.querySelector(${JSON.stringify(id)}).requestSubmit()`);

/** The first cells of a table's rows. */
const listRows = (id: string) =>
  page().evaluate<string[]>(`[...document.querySelectorAll("#${id}-rows button")].map(({ innerText }) => innerText)`);

const waitForRows = (id: string, rows: string[]) =>
  waitForPage(
    page(),
    `JSON.stringify([...document.querySelectorAll("#${id}-rows button")].map(({ innerText }) => innerText)) === ${JSON.stringify(JSON.stringify(rows))}`,
  );

/** Opens the dialog of the session at `path`. */
async function openSessionDialog(path: string): Promise<void> {
  await show("sessions");
  await waitForPage(page(), shows(path, "#session-rows"));
  await page().evaluate(
    `[...document.querySelectorAll("#session-rows button")].find(({ innerText }) => innerText === "${path}").click()`,
  );
  await waitForPage(page(), `document.querySelector("#session-fact-path").innerText === "${path}"`);
}

test.skipIf(!hasBrowser)(
  "every view of the inspector fits a phone and a desk, dark and light, without barriers, shifts or complaints",
  async () => {
    const { window, look, complaints } = inspector;
    await waitForPage(window, `document.querySelector("#figure-sessions").innerText === "2"`);
    expect(await findShifts(window)).toEqual([]);
    for (const view of views) {
      await show(view);
      for (const viewport of [phone, desk]) {
        await look(viewport);
        await saveScreenshot(window, `inspector-${view}-${viewport.width}`);
        expect([view, await findBarriers(window)]).toEqual([view, []]);
        expect(await window.evaluate("document.documentElement.scrollWidth <= innerWidth")).toBe(true);
      }
    }
    expect(complaints).toEqual([]);
  },
  60_000,
);

test.skipIf(!hasBrowser)(
  "every view of the inspector is reached with the keyboard, and shows where one is",
  async () => {
    for (const view of views) {
      await show(view);
      await waitForPage(page(), isLive);
      const stops = await listTabStops(page());
      const wanted = await page().evaluate<number>(`[...document.querySelectorAll(
        "a[href], button:enabled, input:enabled, select, textarea, summary, [tabindex='0']"
      )].filter((element) => element.checkVisibility()).length`);
      expect([view, stops.length]).toEqual([view, wanted]);
      expect(stops.filter(({ isSeen }) => !isSeen)).toEqual([]);
    }
  },
  60_000,
);

test.skipIf(!hasBrowser)(
  "the inspector finds and sorts sessions, and tells what a session and a group are",
  async () => {
    await show("sessions");
    await waitForRows("session", ["/room/7", "/chat"]);
    await press("[data-sort=opened]");
    await waitForRows("session", ["/chat", "/room/7"]);
    await fill("#session-text", "room");
    await waitForRows("session", ["/room/7"]);
    await fill("#session-text", "");
    await fill("#session-controller", "/chat");
    await waitForRows("session", ["/chat"]);
    await fill("#session-controller", "");
    await openSessionDialog("/chat");
    await waitForPage(page(), shows("chat", "#session-groups"));
    await press("#session-groups button");
    await waitForRows("session", ["/chat"]);
    expect(await page().evaluate(`document.querySelector("#session-group").value`)).toBe("chat");
    await fill("#session-group", "");
    await show("groups");
    await waitForRows("group", ["chat"]);
    await press("#group-rows button");
    await waitForPage(page(), `document.querySelector("#group-fact-size").innerText === "1"`);
    await press("#group-sessions");
    await waitForRows("session", ["/chat"]);
    await fill("#session-group", "");
    await waitForRows("session", ["/chat", "/room/7"]);
    expect(await listRows("session")).toHaveLength(2);
  },
  60_000,
);

test.skipIf(!hasBrowser)(
  "the inspector shows what clients have named as the text that it is",
  async () => {
    const markup = "<img src=x onerror=document.title='hit'>";
    using eve = await server.open(`/room/${encodeURIComponent(markup)}`);
    eve.send(`join ${markup}`);
    eve.send("fail");
    await openSessionDialog(`/room/${markup}`);
    await waitForPage(page(), shows(markup, "#session-groups"));
    await saveScreenshot(page(), "inspector-markup");
    await press("#session-dialog [data-close]");
    await show("groups");
    await waitForPage(page(), shows(markup, "#group-rows"));
    await show("log");
    await waitForPage(page(), shows(markup, "#log-lines"));
    expect(await page().evaluate("document.querySelectorAll('img').length")).toBe(1);
    expect(await page().evaluate("document.title")).toBe("Inspector · Hubbub");
  },
  60_000,
);

test.skipIf(!hasBrowser)(
  "the inspector sends to a session and to a group, as text and as bytes, and says what came of it",
  async () => {
    await openSessionDialog("/room/7");
    await fill("#session-send textarea", "hello Bob");
    await submit("#session-send");
    expect(await bob.next()).toBe("hello Bob");
    await waitForPage(page(), shows("Sent.", "#session-answer"));
    await fill("#session-send select", "binary");
    await fill("#session-send textarea", "00 ff 1");
    await submit("#session-send");
    await waitForPage(page(), shows("This is not hex", "#session-answer"));
    await fill("#session-send textarea", "00 ff");
    await submit("#session-send");
    expect(await bob.next()).toEqual(Buffer.from([0, 255]));
    await press("#session-dialog [data-close]");
    await show("groups");
    await waitForRows("group", ["chat"]);
    await press("#group-rows button");
    await fill("#group-send textarea", "lunch!");
    await submit("#group-send");
    expect(await ada.next()).toBe("lunch!");
    await waitForPage(page(), shows("Sent to 1 session.", "#group-answer"));
    await saveScreenshot(page(), "inspector-group");
    await press("#group-dialog [data-close]");
  },
  60_000,
);

test.skipIf(!hasBrowser)(
  "the inspector closes a session once that was confirmed, with the keyboard alone",
  async () => {
    using carl = await server.open("/room/8");
    await openSessionDialog("/room/8");
    await fill("#close-code", "4400");
    await page().evaluate(`document.querySelector("#close-reason").focus()`);
    await page().type("enough");
    await page().press("Enter");
    await waitForPage(page(), `document.activeElement.id === "confirm-no"`);
    await saveScreenshot(page(), "inspector-confirm");
    expect(await findBarriers(page())).toEqual([]);
    await page().press("Enter");
    await waitForPage(page(), `!document.querySelector("#confirm-dialog").open`);
    expect(carl.socket.readyState).toBe(WebSocket.OPEN);
    await page().press("Enter");
    await waitForPage(page(), `document.activeElement.id === "confirm-no"`);
    await page().press("Tab");
    await page().press("Enter");
    expect(await carl.closed).toMatchObject({ code: 4400, reason: "enough" });
    await waitForPage(page(), shows("Closed with 4400.", "#session-answer"));
    await waitForPage(page(), shows("which has ended", "#session-title"));
    await submit("#session-send");
    await waitForPage(page(), shows("No session with this id is open.", "#session-answer"));
    await page().press("Escape");
    await waitForPage(page(), `!document.querySelector("#session-dialog").open`);
    inspector.complaints.length = 0;
  },
  60_000,
);

test.skipIf(!hasBrowser)(
  "the inspector shows the last fault of a controller with its code, and why a load was refused",
  async () => {
    using carl = await server.open("/chat");
    carl.send("fail");
    await carl.closed;
    await show("overview");
    await waitForPage(page(), shows("chat.js:5", "#faults"));
    const marked = `document.querySelector("#faults mark").innerText`;
    expect(await page().evaluate(marked)).toStartWith(`    5   if (message === "fail") throw new Error("as asked");`);
    await show("controllers");
    await waitForPage(page(), shows("as asked", '[data-key="/chat"]'));
    server.folder.write({ "page.js": "export const get = (" });
    await press("#reload");
    await waitForPage(page(), shows("Generation 1 keeps serving", "#notice"));
    await waitForPage(page(), shows("The last load was refused", "#load-fault"));
    await saveScreenshot(page(), "inspector-faults");
    expect(await findBarriers(page())).toEqual([]);
    server.folder.write({ "page.js": controllers["page.js"] });
    await press("#reload");
    await waitForPage(page(), shows("Generation 2 serves.", "#notice"));
    await waitForPage(page(), `document.querySelector("#generation").innerText === "2"`);
    await waitForPage(page(), `document.querySelector("#load-fault").hidden`);
  },
  60_000,
);

test.skipIf(!hasBrowser)(
  "the console opens a session with a controller, and lists frames both ways",
  async () => {
    await show("controllers");
    await page().evaluate(`document.querySelector('[data-key="/chat"] [data-act=connect]').click()`);
    await waitForPage(page(), shows("Connected", "#console-state"));
    const say = async (text: string, kind = "text") => {
      await fill("#console-send-kind", kind);
      await page().evaluate(`document.querySelector("#console-send-message").focus()`);
      await fill("#console-send-message", text);
      await page().press("Enter");
    };
    await say('{"a":[1,2]}');
    expect(await ada.next()).toBe('{"a":[1,2]}');
    await waitForPage(page(), shows('{\n  "a": [\n    1,\n    2\n  ]\n}', "#console-frames .received"));
    await say("48 69 00 ff", "binary");
    expect(await ada.next()).toEqual(Buffer.from([0x48, 0x69, 0, 255]));
    await waitForPage(page(), shows("0000  48 69 00 ff", "#console-frames .received:last-child"));
    await say("not hex", "binary");
    await waitForPage(page(), shows("Not sent", "#console-frames .note:last-child"));
    await page().evaluate(`document.querySelector("#console-pretty").click()`);
    ada.send('{"b":1}');
    await waitForPage(page(), shows('{"b":1}', "#console-frames .received:last-child"));
    expect(await ada.next()).toBe('{"b":1}');
    await saveScreenshot(page(), "inspector-console");
    expect(await findBarriers(page())).toEqual([]);
    await submit("#console-connect");
    await waitForPage(page(), shows("Closed with 1000", "#console-frames .note:last-child"));
    await fill("#console-path", "/chat?no=1");
    await submit("#console-connect");
    await waitForPage(page(), shows("Not accepted", "#console-frames .note:last-child"));
    await fill("#console-path", "/chat");
    await fill("#console-protocols", "v1, v2");
    await submit("#console-connect");
    await waitForPage(page(), shows("sub-protocol v2", "#console-frames .note:last-child"));
    await submit("#console-connect");
    await waitForPage(page(), shows("Not connected", "#console-state"));
    await press("#console-clear");
    expect(await page().evaluate(`document.querySelector("#console-frames").childElementCount`)).toBe(0);
    // A refused session is a complaint of the browser's.
    expect(inspector.complaints.splice(0)).toEqual([expect.stringContaining("/chat?no=1")]);
  },
  60_000,
);

test.skipIf(!hasBrowser)(
  "the log comes live, and is filtered by level, text and who wrote it",
  async () => {
    await show("log");
    const lines = `[...document.querySelectorAll("#log-lines li")].map(({ innerText }) => innerText).join("\\n")`;
    ada.send("log");
    await ada.next();
    await waitForPage(page(), `${lines}.includes("/chat spoke")`);
    await fill("#log-level", "error");
    await waitForPage(page(), `!${lines}.includes("/chat spoke") && ${lines}.includes("as asked")`);
    await fill("#log-level", "warning");
    await page().evaluate(`document.querySelector("#log-controllers").click()`);
    await waitForPage(page(), `${lines}.includes("/chat spoke") && !${lines}.includes("as asked")`);
    await fill("#log-text", "nothing like it");
    await waitForPage(page(), `${lines} === ""`);
  },
  60_000,
);

test.skipIf(!hasBrowser)(
  "the plots tell of a moment that is chosen with the keyboard",
  async () => {
    await show("overview");
    await waitForPage(page(), `document.querySelector("#plot-sessions output").innerText === "2"`);
    expect(await page().evaluate(`document.querySelectorAll(".plot canvas").length`)).toBe(4);
    await page().evaluate(`document.querySelector("#moment").focus()`);
    await page().press("ArrowLeft");
    await waitForPage(page(), `document.querySelector("#moment-time").innerText !== "now"`);
    expect(await page().evaluate(`document.querySelector("#moment").getAttribute("aria-valuetext")`)).toMatch(
      /^\d\d:\d\d:\d\d: Sessions \d+; Messages a second sent \d+ received \d+; Event-loop lag [\d.]+ m?s; Memory [\d.]+ MiB$/,
    );
    await page().press("End");
    await waitForPage(page(), `document.querySelector("#moment-time").innerText === "now"`);
    expect(inspector.complaints).toEqual([]);
  },
  60_000,
);

test.skipIf(!hasBrowser)(
  "the inspector goes on after a restart, and says when it needs another token",
  async () => {
    const port = String(findFreePort());
    const files = { "a.js": "export const get = () => ({ webSocket: {} });" };
    const restart = (given: string) => startServer(files, { port, "admin-token": given });
    const first = await restart(token);
    using own = await openInspector(first.url(`/-/?token=${token}`));
    const state = (name: string) => `document.querySelector("#state").dataset.state === "${name}"`;
    await first[Symbol.asyncDispose]();
    await waitForPage(own.window, state("offline"));
    const second = await restart(token);
    await waitForPage(own.window, state("open"));
    await second[Symbol.asyncDispose]();
    await using _third = await restart("fedcba9876543210");
    await waitForPage(own.window, state("signed-out"));
    expect(await own.window.evaluate(shows("load this page anew", "#notice"))).toBe(true);
  },
  60_000,
);
