import { afterAll, beforeAll, expect, test } from "bun:test";
import { linkSync, mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { startBinary, type TestProcess } from "../support/binary.ts";
import { createFolder, type TestFolder } from "../support/folder.ts";
import { exchange } from "../support/exchange.ts";
import { handshake } from "../support/raw.ts";

const SECRET = "the-secret";

const files = {
  "index.js": `export const get = () => ({ body: "INDEX" }); // ${SECRET}`,
  "chat.js": `export const get = () => ({ webSocket: {} }); // ${SECRET}`,
  "room/[id].js": `export const get = ({ params }) => ({ body: "ROOM " + JSON.stringify(params.id) }); // ${SECRET}`,
  "_private.js": `export const get = () => ({ body: "${SECRET}" });`,
  ".hidden.js": `export const get = () => ({ body: "${SECRET}" });`,
  "lib/helper.js": `export const get = () => ({ body: "${SECRET}" });`,
  "node_modules/x/index.js": `export const get = () => ({ body: "${SECRET}" });`,
  "chat.test.js": `export const get = () => ({ body: "${SECRET}" });`,
  "hubbub.toml": `[app]\nkey = "${SECRET}"`,
  ".env": SECRET,
  "public/a.txt": "PUBLIC",
  "public/.env": SECRET,
  "public/sub/a.txt": "PUBLIC",
};

/** Ways to write `../`, and to end a name. */
const ups = [
  "../",
  "..%2f",
  "..%2F",
  "%2e%2e/",
  "%2e%2e%2f",
  "%2E.%2F",
  "..\\",
  "..%5c",
  "%2e%2e%5c",
  "%252e%252e%252f",
  "%25252e%25252e%25252f",
  "%c0%ae%c0%ae%c0%af",
  "%c0%ae%c0%ae/",
  "%e0%80%ae%e0%80%ae%e0%80%af",
  "%f0%80%80%ae%f0%80%80%ae/",
  "%uff0e%uff0e%u2215",
  "\uff0e\uff0e\u2215",
  "..%c0%af",
  "..%e2%88%95",
  "..;/",
  "..;a=b/",
  "..%3b/",
  "..%00/",
  "..%0d%0a/",
  "..%20/",
  "%20../",
  "..%09/",
  "....//",
  ".../",
  "./../",
  "sub/../../",
  "sub/..%2f..%2f",
  "a.txt/../../",
  "a.txt%00/../../",
  "%2f../",
  "//../",
];

const secretNames = ["chat.js", "_private.js", "hubbub.toml", ".env", "lib/helper.js"];

const targets = [
  ...ups.flatMap((up) => secretNames.map((name) => `/${up}${name}`)),
  ...ups.flatMap((up) => [`/${up.repeat(8)}etc/passwd`, `/public/${up}chat.js`, `/room/${up}${up}chat.js`]),
  "/chat.js",
  "/chat.js%00.txt",
  "/chat.js%20",
  "/chat.js.",
  "/chat.js::$DATA",
  "/chat.js~",
  "/.chat.js.swp",
  "/_private",
  "/_private.js",
  "/.hidden",
  "/%2ehidden",
  "/lib/helper",
  "/chat.test",
  "/node_modules/x",
  "/public/../hubbub.toml",
  "/hubbub.toml",
  "/.env",
  "/%2eenv",
  "/public/.env",
  "/sub/%2e%2e/.env",
  "/.",
  "/sub/.",
  "/%2fetc/passwd",
  "//etc/passwd",
  "///etc/passwd",
  "/%2f%2fetc%2fpasswd",
  "/file:///etc/passwd",
  "/proc/self/environ",
  "/dev/zero",
  "/dev/stdin",
  "/CON",
  "/NUL.txt",
  "/COM1",
  "/aux",
  "/C:/windows/win.ini",
  "/up/chat.js",
  "/etc/passwd",
  "/link.txt",
  "/zero",
  "/pipe",
  "/hidden/x.txt",
  "/loop/loop/a.txt",
  "http://localhost/../chat.js",
  "http://localhost/%2e%2e/chat.js",
  "http://evil.example/..%2fchat.js",
  "file:///etc/passwd",
  "http:///etc/passwd",
  "http://localhost",
  "https://localhost/chat.js",
  "/%",
  "/%2",
  "/%zz",
  "/%ff",
  "/%00",
  "/%c3%28",
  "/%ed%a0%80",
  "/%f4%90%80%80",
  "/__proto__",
  "/constructor",
  "/toString",
  "/room/__proto__/constructor",
  "/hasOwnProperty",
  `/${"../".repeat(1000)}etc/passwd`,
  `/${"a/".repeat(4000)}`,
  `/${"a".repeat(8000)}`,
  `/${"%2e%2e%2f".repeat(800)}etc/passwd`,
];

let folder: TestFolder;
let server: TestProcess;

beforeAll(async () => {
  folder = createFolder(files);
  const root = join(folder.path, "public");
  mkdirSync(join(folder.path, "outside"));
  symlinkSync("..", join(root, "up"));
  symlinkSync("/etc", join(root, "etc"));
  symlinkSync("../hubbub.toml", join(root, "link.txt"));
  symlinkSync("/dev/zero", join(root, "zero"));
  symlinkSync("loop", join(root, "loop"));
  Bun.spawnSync(["mkfifo", join(root, "pipe")]);
  linkSync(join(root, "a.txt"), join(root, "hard.txt"));
  server = await startBinary([folder.path, "--no-watch"], { cwd: join(folder.path, "outside") });
}, 60_000);

afterAll(async () => {
  await server[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

/** A target as a client sends it, with what is no ASCII as the bytes of UTF-8. */
const toRequest = (target: string, method = "GET") =>
  Buffer.from(`${method} ${target} HTTP/1.1\r\nHost: localhost\r\n\r\n`);

test.each(targets)("GET %.60s shows nothing that is not public", async (target) => {
  const answer = await exchange(server.origin, toRequest(target));
  expect(answer.text).not.toContain(SECRET);
  expect(answer.text).not.toContain("root:");
  expect(answer.text).not.toContain(folder.path);
  expect(answer.text.length).toBeLessThan(20_000);
  expect(answer.statuses).toEqual([expect.any(Number)]);
  expect([200, 400, 404, 505]).toContain(answer.statuses[0] ?? 0);
  // What is there is the start page, a room whose name was only odd, or a public file.
  if (answer.statuses[0] === 200) expect(answer.text).toMatch(/\r\n\r\n(?:INDEX|PUBLIC|ROOM "[^"]*")HTTP\/1\.1 404 /);
});

test.each(ups)("an upgrade of /%s and a controller's file opens no session", async (up) => {
  for (const name of ["chat", "_private", "lib/helper"]) {
    const text = Buffer.from(handshake(`/public/${up}${name}`));
    const answer = await exchange(server.origin, text);
    const isPlain = name === "chat" && new URL(`/public/${up}${name}`, "http://localhost").pathname === "/chat";
    expect([up, name, answer.statuses[0] === 101]).toEqual([up, name, isPlain]);
  }
});

test.each([
  ["/sub/../a.txt", "PUBLIC"],
  ["/%61.txt", "PUBLIC"],
  ["/hard.txt", "PUBLIC"],
  ["http://localhost/a.txt", "PUBLIC"],
  ["/room/..%2f..%2fchat.js", 'ROOM "../../chat.js"'],
  ["/room/%00", 'ROOM "\\u0000"'],
])("GET %s is plain", async (target, body) => {
  expect((await exchange(server.origin, toRequest(target))).text).toContain(`\r\n\r\n${body}`);
});

test.each(["/A.TXT", "/SUB/a.txt", "/Chat", "/ROOM/1"])("GET %s is not there: case counts", async (target) => {
  expect((await exchange(server.origin, toRequest(target))).statuses).toEqual([404]);
});

test.each(["PUT", "POST", "DELETE", "PATCH"])("%s of a public file changes nothing", async (method) => {
  expect((await exchange(server.origin, toRequest("/a.txt", method))).statuses).toEqual([404]);
  expect((await exchange(server.origin, toRequest("/a.txt"))).text).toContain("PUBLIC");
});

test("the executable shows none of its own files beside the embedded pages", async () => {
  using empty = createFolder();
  await using embedded = await startBinary([], { cwd: empty.path });
  expect((await exchange(embedded.origin, toRequest("/style.css"))).statuses).toEqual([200]);
  const own = ["chat.ts", "echo.ts", "main.js", "hubbub", "src/main.js", "controllers/chat.js", "public/style.css"];
  for (const up of ["", "../", "..%2f", "%2e%2e%2f", "../../", "..%2f..%2f", "%2f$bunfs/root/", "$bunfs/root/"]) {
    for (const name of own) {
      const answer = await exchange(embedded.origin, toRequest(`/${up}${name}`));
      expect([up, name, answer.statuses]).toEqual([up, name, [404]]);
    }
  }
});
