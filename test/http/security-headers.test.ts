import { createHash } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "bun:test";
import { buildOnce, startBinary, type TestProcess } from "../support/binary.ts";
import { hasBrowser, openWindow, waitForPage } from "../support/browser.ts";
import { exchange } from "../support/exchange.ts";
import { createFolder, type TestFolder } from "../support/folder.ts";
import { handshake } from "../support/raw.ts";

let folder: TestFolder;
let server: TestProcess;

/** The executable with its own controllers. */
beforeAll(async () => {
  await buildOnce();
  folder = createFolder();
  server = await startBinary([], { cwd: folder.path });
}, 60_000);

afterAll(async () => {
  await server[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

const BROWSER = { Accept: "text/html,application/xhtml+xml" };

const own: [what: string, path: string, init: RequestInit, status: number][] = [
  ["an error as JSON", "/nothing", {}, 404],
  ["an error page", "/nothing", { headers: BROWSER }, 404],
  ["a method that is not allowed", "/chat", { method: "DELETE" }, 405],
  ["/-/health", "/-/health", {}, 200],
  ["/-/ready", "/-/ready", {}, 200],
];

test.each(own)("%s can neither be framed nor sniffed, and loads nothing", async (_, path, init, status) => {
  const { status: seen, headers } = await server.fetch(path, init);
  expect(seen).toBe(status);
  expect(headers.get("x-content-type-options")).toBe("nosniff");
  expect(headers.get("x-frame-options")).toBe("DENY");
  expect(headers.get("referrer-policy")).toBe("no-referrer");
  expect(headers.get("cache-control")).toBe("no-store");
  const policy = headers.get("content-security-policy");
  expect(policy).toStartWith("default-src 'none'; ");
  expect(policy).toEndWith("base-uri 'none'; form-action 'none'; frame-ancestors 'none'");
});

test.each(["/", "/chat", "/echo", "/feed"])("the example page %s runs only what comes with it", async (path) => {
  const { headers } = await server.fetch(path);
  expect(headers.get("content-security-policy")).toBe(
    "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
  );
  expect(headers.get("x-content-type-options")).toBe("nosniff");
  expect(headers.get("x-frame-options")).toBe("DENY");
  expect(headers.get("referrer-policy")).toBe("same-origin");
  expect(headers.get("content-type")).toStartWith("text/html");
});

test.each([
  ["a page", "GET /chat HTTP/1.1\r\nHost: x\r\n\r\n"],
  ["a file", "GET /style.css HTTP/1.1\r\nHost: x\r\n\r\n"],
  ["an error", "GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n"],
  ["health", "GET /-/health HTTP/1.1\r\nHost: x\r\n\r\n"],
  ["what the runtime refuses", "GET / HTTP/1.1\r\nbad\r\n\r\n"],
  ["headers that are too large", `GET / HTTP/1.1\r\nHost: x\r\nX-A: ${"a".repeat(20_000)}\r\n\r\n`],
  ["a body that is too large", "POST /feed HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n"],
  ["an upgrade", handshake("/chat")],
  ["an upgrade that is refused", handshake("/chat", { Origin: "http://evil.example" })],
])("the answer to %s names neither the server nor a version", async (_, bytes) => {
  const { text } = await exchange(server.origin, bytes);
  const head = text.split("\r\n\r\n", 1)[0] ?? "";
  expect(head).toStartWith("HTTP/1.1 ");
  expect(head.replace("HTTP/1.1", "")).not.toMatch(/^server:|^x-powered-by:|^via:|bun|hubbub|\d+\.\d+\.\d+/im);
});

test("a file in public/ is not sniffed, and may otherwise do what its owner likes", async () => {
  const { headers } = await server.fetch("/style.css");
  expect(headers.get("x-content-type-options")).toBe("nosniff");
  for (const name of ["content-security-policy", "x-frame-options", "referrer-policy"]) {
    expect([name, headers.get(name)]).toEqual([name, null]);
  }
});

test("a controller's own answer gets no headers of ours", async () => {
  using own = createFolder({
    "a.js": "export const get = () => ({ body: 'a', headers: { 'X-Frame-Options': 'SAMEORIGIN' } });",
  });
  await using plain = await startBinary([own.path], { cwd: own.path });
  const { headers } = await plain.fetch("/a");
  expect([...headers.keys()].sort()).toEqual(["content-length", "content-type", "date", "x-frame-options"]);
  expect(headers.get("x-frame-options")).toBe("SAMEORIGIN");
});

test("an error page's policy allows the one style sheet that is in it", async () => {
  const answer = await server.fetch("/nothing", { headers: BROWSER });
  const style = /<style>([^]*)<\/style>/.exec(await answer.text())?.[1] ?? "";
  const hash = createHash("sha256").update(style).digest("base64");
  expect(answer.headers.get("content-security-policy")).toContain(`style-src 'sha256-${hash}';`);
});

/** What the browser refused to do in this page because of its policy. */
const violations = `new Promise((resolve) => {
  const seen = [];
  const observer = new ReportingObserver((reports) => seen.push(...reports.map(({ body }) => body.blockedURL)), { types: ["csp-violation"], buffered: true });
  observer.observe();
  setTimeout(() => resolve(JSON.stringify(seen)), 50);
})`;

test.skipIf(!hasBrowser).each([
  ["/", `document.querySelectorAll("#controllers li").length >= 4`],
  ["/chat", `document.querySelector("#state")?.dataset.state === "open"`],
  ["/echo", `document.querySelector("#state")?.dataset.state === "open"`],
  ["/feed", `document.querySelector("#state")?.dataset.state === "open"`],
  ["/nothing", `getComputedStyle(document.querySelector("p")).opacity === "0.8"`],
])(
  "a browser finds nothing to refuse in %s",
  async (path, works) => {
    await using window = openWindow(server.origin + path);
    await waitForPage(window, works);
    expect(await window.evaluate(violations)).toBe("[]");
  },
  30_000,
);

test.skipIf(!hasBrowser)(
  "a browser refuses a script that came into an example page",
  async () => {
    await using window = openWindow(`${server.origin}/chat`);
    await waitForPage(window, `document.querySelector("#state")?.dataset.state === "open"`);
    await window.evaluate(`(() => {
    const script = document.createElement("script");
    script.textContent = "globalThis.isHacked = true";
    document.body.append(script);
  })()`);
    expect(await window.evaluate("globalThis.isHacked === undefined")).toBe(true);
    expect(await window.evaluate(violations)).toBe('["inline"]');
  },
  30_000,
);
