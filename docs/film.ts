/**
 * Makes the pictures of the README: a chat stays open on the left while its controller is edited on the right, then the
 * dashboard of a server that is talked to, and its inspector after a quarter of an hour, which a clock makes short.
 *
 * Needs Chromium, and two minutes. Run with `bun run film`; writes to docs/film/.
 */
import { randomBytes } from "node:crypto";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { App } from "../src/app.ts";
import { readConfig } from "../src/core/config.ts";
import { configureLog } from "../src/core/log.ts";
import { TestClock } from "../src/testing/test-clock.ts";
import { openWindow, waitForPage } from "../test/support/browser.ts";

const root = join(import.meta.dir, "..");
const pictures = join(import.meta.dir, "film");
const folder = mkdtempSync(join(tmpdir(), "hubbub-film-"));
cpSync(join(root, "controllers"), folder, { recursive: true });

const whole = readFileSync(join(root, "controllers/chat.ts"), "utf8");
const quiet = "text: message, at";
const loud = "text: message.toUpperCase(), at";
if (!whole.includes(quiet)) throw new Error(`Cannot film: controllers/chat.ts has no "${quiet}"`);

// The film shows the chat beside its code: in its own folder a page may be framed.
const pageFile = join(folder, "lib/page.ts");
const strict = readFileSync(pageFile, "utf8");
writeFileSync(
  pageFile,
  strict.replace("frame-ancestors 'none'", "frame-ancestors 'self'").replace("DENY", "SAMEORIGIN"),
);

/** The part of the controller that the film shows. */
const excerpt = (source: string) => source.slice(source.indexOf("  message("), source.indexOf("  close("));

writeFileSync(
  join(folder, "public/film.html"),
  `<!doctype html><meta charset="utf-8"><style>
    body{margin:0;display:grid;grid-template-columns:46% 54%;height:100vh;background:#101014;font:15px/1.6 ui-monospace,monospace;color:#e8e8ee}
    iframe{border:0;width:100%;height:100%;background:#fff}
    section{padding:1.2rem 1.4rem;overflow:hidden}
    h2{font:600 14px system-ui;margin:0 0 1rem;color:#9a9aa8}
    pre{margin:0;white-space:pre-wrap}
    mark{background:#3d3a10;color:#ffe98a;border-radius:3px;padding:0 .2em}
    p{font:15px/1.5 system-ui;color:#8de08d;margin-top:1.4rem}
  </style><iframe src="/chat"></iframe><section><h2>controllers/chat.ts</h2><pre></pre><p></p></section>`,
);

writeFileSync(
  join(folder, "orders.ts"),
  `import { send, type SessionEvent } from "hubbub";

export const get = () => ({ webSocket: {} });

export function webSocketEvent(event: SessionEvent) {
  if (event.type !== "message") return;
  const order = JSON.parse(String(event.message));
  const total = order.items.reduce((sum, { price }) => sum + price, 0);
  send(event.session.id, { total });
}
`,
);

mkdirSync(pictures, { recursive: true });
configureLog({ logLevel: "warning", logFormat: "pretty" });
const token = randomBytes(24).toString("hex");
const config = readConfig({ flags: { port: "0", "admin-token": token } });
const clock = new TestClock();
const app = new App({ config, folder, isEmbedded: false, version: "film", clock });
const { origin } = await app.start();
const window = openWindow(`${origin}/film.html`);
await waitForPage(window, "true");
await frame(1240, 640);
const page = `document.querySelector("iframe").contentDocument`;

await waitForPage(window, `${page}.querySelector("#state")?.dataset.state === "open"`);
await window.evaluate(`${page}.querySelector("main").scrollIntoView()`);
await say("hello");
await show(whole, "Generation 1 serves. One session is open.");
await take("1");

writeFileSync(join(folder, "chat.ts"), whole.replace(quiet, loud));
while (app.generationNumber < 2) await Bun.sleep(10);
await show(
  whole.replace(quiet, loud),
  "Saved. Generation 2 serves; the same session is still open.",
  "message.toUpperCase()",
);
await take("2");

await say("hello again");
await show(whole.replace(quiet, loud), "The next message runs the new code.", "message.toUpperCase()");
await take("3");
if (app.sessionCount !== 1)
  throw new Error(`Cannot film: ${app.sessionCount} sessions are open, expected the one from the start`);

await window.navigate(`${origin}/dashboard`);
await talkFor(50_000);
await frame(1000, 735);
await takeBoth("dashboard");

await window.navigate("about:blank");
await liveFor(15 * 60);
await frame(1000, 940);
await window.navigate(`${origin}/-/?token=${token}`);
await waitForPage(window, `document.querySelector("#faults li") !== null`);
await takeBoth("inspector");

await app.stop();
Bun.WebView.closeAll();
rmSync(folder, { recursive: true });
process.exit(0);

async function say(text: string): Promise<void> {
  await window.evaluate(`(() => {
    const field = ${page}.querySelector("#text");
    field.value = ${JSON.stringify(text)};
    field.form.requestSubmit();
  })()`);
  await waitForPage(window, `${page}.body.innerText.toLowerCase().includes(${JSON.stringify(text)})`);
}

/** The picture's size; nothing shows that a page goes on. */
async function frame(width: number, height: number): Promise<void> {
  await window.cdp("Emulation.setDeviceMetricsOverride", { width, height, deviceScaleFactor: 1, mobile: false });
  await window.cdp("Emulation.setScrollbarsHidden", { hidden: true });
}

/** Has sessions come, talk and go, and marks a moment halfway. */
async function talkFor(durationMs: number): Promise<void> {
  const sockets: WebSocket[] = [];
  const open = (path: string) => {
    const socket = new WebSocket(origin.replace("http", "ws") + path);
    sockets.push(socket);
    return socket;
  };
  const startedAt = performance.now();
  let isMarked = false;
  while (performance.now() - startedAt < durationMs) {
    const share = (performance.now() - startedAt) / durationMs;
    const wave = Math.sin(share * Math.PI * 3) ** 2;
    if (sockets.length < 40 * wave) open(sockets.length % 8 === 0 ? "/dashboard" : "/echo");
    else sockets.shift()?.close();
    if (share > 0.55 && !isMarked) {
      isMarked = true;
      const socket = open("/dashboard");
      socket.onopen = () => socket.send(JSON.stringify({ type: "mark", label: "deployed" }));
    }
    for (const socket of sockets) {
      if (socket.readyState !== WebSocket.OPEN || socket.url.endsWith("dashboard")) continue;
      for (let count = 0; count < 100 * wave; count += 1) socket.send("hello");
    }
    await Bun.sleep(100);
  }
  for (const socket of sockets) socket.close();
}

/** Has the clock go on for so many seconds, in which sessions come and go and one of them breaks a controller. */
async function liveFor(seconds: number): Promise<void> {
  const sockets: WebSocket[] = [];
  const open = (path: string) => new WebSocket(origin.replace("http", "ws") + path);
  for (let second = 0; second < seconds; second += 1) {
    const share = second / seconds;
    const wanted = 60 + 50 * Math.sin(share * 9) + 15 * Math.sin(share * 41);
    if (sockets.length < wanted) sockets.push(open(sockets.length % 4 === 0 ? "/chat" : "/echo"));
    else sockets.shift()?.close();
    for (const socket of sockets) {
      const isQuiet = socket.readyState !== WebSocket.OPEN || Math.random() > 0.1 + share / 4;
      if (!isQuiet) socket.send("hello");
    }
    await clock.advance(1000);
    await Bun.sleep(10);
  }
  const order = open("/orders");
  order.onopen = () => order.send('{"customer": "Ada"}');
  await new Promise((resolve) => (order.onclose = resolve));
}

async function show(source: string, caption: string, marked = ""): Promise<void> {
  await window.evaluate(`(() => {
    const pre = document.querySelector("pre");
    const [before, ...after] = ${JSON.stringify(excerpt(source))}.split(${JSON.stringify(marked || "\0")});
    pre.textContent = before;
    if (after.length) {
      const mark = document.createElement("mark");
      mark.textContent = ${JSON.stringify(marked)};
      pre.append(mark, after.join(""));
    }
    document.querySelector("p").textContent = ${JSON.stringify(caption)};
  })()`);
}

async function takeBoth(name: string): Promise<void> {
  for (const scheme of ["light", "dark"]) {
    const features = [{ name: "prefers-color-scheme", value: scheme }];
    await window.cdp("Emulation.setEmulatedMedia", { features });
    await Bun.sleep(100);
    await take(`${name}-${scheme}`);
  }
}

async function take(name: string): Promise<void> {
  await Bun.write(join(pictures, `${name}.png`), await window.screenshot());
}
