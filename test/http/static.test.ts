import { expect, test } from "bun:test";
import { symlinkSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { createServeStatic } from "../../src/http/static.ts";
import { createFolder } from "../support/folder.ts";
import { connectRaw } from "../support/raw.ts";
import { startServer } from "../support/server.ts";
import { waitFor } from "../support/session.ts";

const SECRET = "the secret";

const files = {
  "chat.ts": `export const get = () => ({ body: "controller" }); // ${SECRET}`,
  "secret.txt": SECRET,
  "public/index.html": "<h1>home</h1>",
  "public/style.css": "body {}",
  "public/app.js": "let a;",
  "public/docs/index.html": "<h1>docs</h1>",
  "public/docs/a b ü.txt": "spaced",
  "public/empty/x.txt": "x",
  "public/chat": "not this",
  "public/.env": SECRET,
  "public/.git/config": SECRET,
  "public/docs/.hidden/x.txt": SECRET,
};

test.each([
  ["/style.css", "body {}", "text/css"],
  ["/app.js", "let a;", "text/javascript"],
  ["/", "<h1>home</h1>", "text/html"],
  ["/index.html", "<h1>home</h1>", "text/html"],
  ["/docs", "<h1>docs</h1>", "text/html"],
  ["/docs/", "<h1>docs</h1>", "text/html"],
  ["/docs/a%20b%20%C3%BC.txt", "spaced", "text/plain"],
  ["/style.css?v=1", "body {}", "text/css"],
])("createServeStatic() serves %s", async (path, body, type) => {
  await using server = await startServer(files);
  const answer = await server.fetch(path);
  expect(answer.status).toBe(200);
  expect(await answer.text()).toBe(body);
  expect(answer.headers.get("content-type")).toStartWith(type);
  expect(answer.headers.get("x-content-type-options")).toBe("nosniff");
});

test("createServeStatic() comes after the controllers", async () => {
  await using server = await startServer(files);
  expect(await (await server.fetch("/chat")).text()).toBe("controller");
});

test.each([
  ["a name that is not there", "/nothing.txt"],
  ["a folder without index.html", "/empty/"],
  ["a file as a folder", "/style.css/x"],
  ["a name that is too long", `/${"a".repeat(300)}`],
  ["a path that is too long", `/${"a/".repeat(3000)}`],
])("createServeStatic() has nothing at %s: 404", async (_, path) => {
  await using server = await startServer(files);
  expect((await server.fetch(path)).status).toBe(404);
});

test("createServeStatic() leads a path above the root back to it, as URLs do", async () => {
  await using server = await startServer(files);
  for (const target of ["/..", "/%2e%2e/%2E."]) {
    using raw = await connectRaw(server.url("/"), `GET ${target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
    await waitFor(() => raw.ended(), "answer");
    expect(raw.received().toString()).toEndWith("<h1>home</h1>");
  }
});

test.each([
  "/../secret.txt",
  "/../../etc/passwd",
  "/./../secret.txt",
  "/docs/../../secret.txt",
  "/%2e%2e/secret.txt",
  "/%2E%2E/secret.txt",
  "/.%2e/secret.txt",
  "/..%2fsecret.txt",
  "/..%2Fsecret.txt",
  "/%2e%2e%2fsecret.txt",
  "/%2e%2e%2f%2e%2e%2f%2e%2e%2f%2e%2e%2fetc%2fpasswd",
  "/docs/..%2f..%2fsecret.txt",
  "/docs%2f..%2f..%2fsecret.txt",
  "/..%5csecret.txt",
  "/..\\secret.txt",
  "/%252e%252e/secret.txt",
  "/%252e%252e%252fsecret.txt",
  "/%c0%ae%c0%ae/secret.txt",
  "/%c0%ae%c0%ae%c0%afsecret.txt",
  "/%u002e%u002e/secret.txt",
  "/..;/secret.txt",
  "/....//secret.txt",
  "//etc/passwd",
  "/%2fetc/passwd",
  "/%2f%2fetc%2fpasswd",
  "/style.css%00.txt",
  "/secret.txt%00.css",
  "/..%00/secret.txt",
  "/..%0d%0a/secret.txt",
  "/.env",
  "/%2eenv",
  "/.git/config",
  "/docs/.hidden/x.txt",
  "/docs/%2ehidden/x.txt",
  "/./.env",
  "http://localhost/../secret.txt",
])("createServeStatic() shows nothing outside of public/ and no dotfile for %s", async (target) => {
  await using server = await startServer(files);
  using raw = await connectRaw(
    server.url("/"),
    `GET ${target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`,
  );
  await waitFor(() => raw.ended(), "answer");
  const answer = raw.received().toString();
  expect(answer).toMatch(/^HTTP\/1\.1 (400|404) /);
  expect(answer).not.toContain(SECRET);
  expect(answer).not.toContain("root:");
});

test.each([
  "/../secret.txt",
  "/docs/../../secret.txt",
  "/..\\secret.txt",
  "/.env",
  "/docs/.hidden/x.txt",
  "/style.css\0",
  "/.",
  "/..",
])("createServeStatic() itself refuses the decoded path %p", (path) => {
  using folder = createFolder(files);
  const serveStatic = createServeStatic(join(folder.path, "public"), false);
  expect(serveStatic(new Request("http://localhost/"), path)).toBeUndefined();
});

test("createServeStatic() does not follow a link out of public/", () => {
  using folder = createFolder({ ...files, "public-2/x.txt": SECRET });
  const root = join(folder.path, "public");
  symlinkSync("../secret.txt", join(root, "link.txt"));
  symlinkSync("..", join(root, "up"));
  symlinkSync("../public-2", join(root, "beside"));
  symlinkSync("/etc", join(root, "etc"));
  const serveStatic = createServeStatic(root, false);
  for (const path of ["/link.txt", "/up/secret.txt", "/beside/x.txt", "/etc/passwd"]) {
    expect([path, serveStatic(new Request("http://localhost/"), path)]).toEqual([path, undefined]);
  }
});

test("createServeStatic() has nothing where a link leads nowhere or to itself", () => {
  using folder = createFolder(files);
  const root = join(folder.path, "public");
  symlinkSync("loop", join(root, "loop"));
  symlinkSync("nowhere", join(root, "dangling"));
  const serveStatic = createServeStatic(root, false);
  for (const path of ["/dangling", "/loop", "/loop/x"]) {
    expect([path, serveStatic(new Request("http://localhost/"), path)]).toEqual([path, undefined]);
  }
});

test("createServeStatic() follows a link within public/, and public/ may itself be a link", async () => {
  using folder = createFolder(files);
  symlinkSync("style.css", join(folder.path, "public/main.css"));
  symlinkSync("public", join(folder.path, "pages"));
  const serveStatic = createServeStatic(join(folder.path, "pages"), false);
  expect(await serveStatic(new Request("http://localhost/"), "/main.css")?.text()).toBe("body {}");
});

test("createServeStatic() answers GET and HEAD only", () => {
  using folder = createFolder(files);
  const serveStatic = createServeStatic(join(folder.path, "public"), false);
  const ask = (method: string) => serveStatic(new Request("http://localhost/", { method }), "/style.css")?.status;
  expect(["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"].map(ask)).toEqual([
    200,
    200,
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
});

test("createServeStatic() answers HEAD with the headers of GET and no body", async () => {
  await using server = await startServer(files);
  const [get, head] = [await server.fetch("/style.css"), await server.fetch("/style.css", { method: "HEAD" })];
  expect(head.status).toBe(200);
  expect(await head.text()).toBe("");
  for (const name of ["etag", "content-type", "cache-control", "content-length"]) {
    expect([name, head.headers.get(name)]).toEqual([name, get.headers.get(name)]);
  }
  expect(head.headers.get("content-length")).toBe("7");
});

test("createServeStatic() answers 304 without a body to the ETag that it gave", async () => {
  await using server = await startServer(files);
  const etag = (await server.fetch("/style.css")).headers.get("etag") ?? "";
  expect(etag).toMatch(/^"[^"]+"$/);
  for (const value of [etag, `W/${etag}`, `"other", ${etag}`]) {
    const answer = await server.fetch("/style.css", { headers: { "If-None-Match": value } });
    expect([value, answer.status, await answer.text()]).toEqual([value, 304, ""]);
    expect(answer.headers.get("etag")).toBe(etag);
  }
  expect((await server.fetch("/style.css", { headers: { "If-None-Match": '"other"' } })).status).toBe(200);
});

test("createServeStatic() gives another ETag when the file changes", () => {
  using folder = createFolder(files);
  const root = join(folder.path, "public");
  const serveStatic = createServeStatic(root, false);
  const readTag = () => serveStatic(new Request("http://localhost/"), "/style.css")?.headers.get("etag");
  const first = readTag();
  expect(readTag()).toBe(first as string);
  folder.write({ "public/style.css": "body { }" });
  const second = readTag();
  expect(second).not.toBe(first);
  utimesSync(join(root, "style.css"), 1, 1);
  expect(readTag()).not.toBe(second);
});

test("createServeStatic() gives embedded files an ETag of their content", () => {
  using folder = createFolder({ "a.css": "body {}", "b.css": "body {}", "c.css": "body { }" });
  const serveStatic = createServeStatic(folder.path, true);
  const readTag = (path: string) => serveStatic(new Request("http://localhost/"), path)?.headers.get("etag");
  expect(readTag("/a.css")).toBe(readTag("/b.css") as string);
  expect(readTag("/a.css")).not.toBe(readTag("/c.css"));
  expect(serveStatic(new Request("http://localhost/"), "/../etc/passwd")).toBeUndefined();
});

test("createServeStatic() hashes an embedded file once", () => {
  using folder = createFolder({ "a.css": "body {}" });
  const serveStatic = createServeStatic(folder.path, true);
  const readTag = () => serveStatic(new Request("http://localhost/"), "/a.css")?.headers.get("etag");
  const first = readTag();
  folder.write({ "a.css": "other" });
  expect(readTag()).toBe(first as string);
});

test("createServeStatic() says when a file was changed, and answers 304 to who has it since", async () => {
  await using server = await startServer(files);
  const changedAt = new Date("2026-03-01T12:00:00.900Z");
  utimesSync(join(server.folder.path, "public/style.css"), changedAt, changedAt);
  const { headers } = await server.fetch("/style.css");
  expect(headers.get("last-modified")).toBe("Sun, 01 Mar 2026 12:00:00 GMT");
  const since = async (date: string) =>
    (await server.fetch("/style.css", { headers: { "If-Modified-Since": date } })).status;
  expect(await since("Sun, 01 Mar 2026 12:00:00 GMT")).toBe(304);
  expect(await since("Sun, 01 Mar 2026 11:59:59 GMT")).toBe(200);
});

test("createServeStatic() says of no file that it was changed in the future", () => {
  using folder = createFolder(files);
  const later = new Date(Date.now() + 86_400_000);
  utimesSync(join(folder.path, "public/style.css"), later, later);
  const answer = createServeStatic(join(folder.path, "public"), false)(new Request("http://localhost/"), "/style.css");
  expect(Date.parse(answer?.headers.get("last-modified") ?? "")).toBeLessThanOrEqual(Date.now());
});

test("createServeStatic() sends an embedded file without a time", () => {
  using folder = createFolder({ "a.css": "body {}" });
  const answer = createServeStatic(folder.path, true)(new Request("http://localhost/"), "/a.css");
  expect(answer?.headers.get("last-modified")).toBeNull();
});

test.each<[range: string, status: number, body: string, contentRange: string | null]>([
  ["bytes=0-0", 206, "0", "bytes 0-0/10"],
  ["bytes=2-4", 206, "234", "bytes 2-4/10"],
  ["bytes=7-", 206, "789", "bytes 7-9/10"],
  ["bytes=-3", 206, "789", "bytes 7-9/10"],
  ["bytes=-99", 206, "0123456789", "bytes 0-9/10"],
  ["bytes=8-99", 206, "89", "bytes 8-9/10"],
  ["bytes=10-", 416, "", "bytes */10"],
  ["bytes=-0", 416, "", "bytes */10"],
  ["bytes=4-2", 200, "0123456789", null],
  ["bytes=0-1,4-5", 200, "0123456789", null],
  ["bytes=a-b", 200, "0123456789", null],
  ["bytes=", 200, "0123456789", null],
  ["lines=0-1", 200, "0123456789", null],
])("createServeStatic() answers the range %s with %d", async (range, status, body, contentRange) => {
  await using server = await startServer({ ...files, "public/digits.txt": "0123456789" });
  const answer = await server.fetch("/digits.txt", { headers: { Range: range } });
  expect(answer.status).toBe(status);
  expect(await answer.text()).toBe(body);
  expect(answer.headers.get("content-range")).toBe(contentRange);
  expect(answer.headers.get("content-length")).toBe(String(body.length));
  expect(answer.headers.get("etag")).toMatch(/^"[^"]+"$/);
  if (status !== 200) expect(answer.headers.get("accept-ranges")).toBe("bytes");
});

test("createServeStatic() answers a range with the whole file to who has another state of it", async () => {
  await using server = await startServer({ ...files, "public/digits.txt": "0123456789" });
  const { headers } = await server.fetch("/digits.txt");
  expect(headers.get("accept-ranges")).toBe("bytes");
  const [etag, date] = [headers.get("etag") ?? "", headers.get("last-modified") ?? ""];
  const ask = async (ifRange: string) => {
    const answer = await server.fetch("/digits.txt", { headers: { Range: "bytes=2-4", "If-Range": ifRange } });
    return [answer.status, await answer.text()];
  };
  for (const current of [etag, date]) expect([current, await ask(current)]).toEqual([current, [206, "234"]]);
  for (const other of ['"other"', `W/${etag}`, "Sun, 01 Mar 2020 12:00:00 GMT"]) {
    expect([other, await ask(other)]).toEqual([other, [200, "0123456789"]]);
  }
  const same = await server.fetch("/digits.txt", { headers: { Range: "bytes=2-4", "If-None-Match": etag } });
  expect(same.status).toBe(304);
  const head = await server.fetch("/digits.txt", { method: "HEAD", headers: { Range: "bytes=2-4" } });
  expect([head.status, head.headers.get("content-length")]).toEqual([200, "10"]);
});

test("createServeStatic() answers 412 to who wants a state that is no more", async () => {
  await using server = await startServer(files);
  const answer = await server.fetch("/style.css", { headers: { "If-Match": '"other"' } });
  expect([answer.status, await answer.text()]).toEqual([412, ""]);
});

test.each([
  ["a.html", "text/html;charset=utf-8"],
  ["a.css", "text/css;charset=utf-8"],
  ["a.js", "text/javascript;charset=utf-8"],
  ["a.mjs", "text/javascript;charset=utf-8"],
  ["a.json", "application/json;charset=utf-8"],
  ["a.txt", "text/plain;charset=utf-8"],
  ["a.md", "text/markdown;charset=utf-8"],
  ["a.csv", "text/csv;charset=utf-8"],
  ["a.xml", "application/xml;charset=utf-8"],
  ["a.svg", "image/svg+xml"],
  ["a.webmanifest", "application/manifest+json"],
  ["a.wasm", "application/wasm"],
  ["a.png", "image/png"],
  ["a.ico", "image/x-icon"],
  ["a.woff2", "font/woff2"],
  ["a.mp4", "video/mp4"],
  ["a.unheardof", "application/octet-stream"],
  ["noname", "application/octet-stream"],
])("createServeStatic() says of %s that it is %s", async (name, type) => {
  await using server = await startServer({ ...files, [`public/${name}`]: "x" });
  expect((await server.fetch(`/${name}`)).headers.get("content-type")).toBe(type);
});

test("createServeStatic() has nothing when there is no folder", () => {
  using folder = createFolder();
  const serveStatic = createServeStatic(join(folder.path, "public"), false);
  expect(serveStatic(new Request("http://localhost/"), "/")).toBeUndefined();
});
