import { beforeAll, expect, test } from "bun:test";
import { buildOnce, startBinary } from "../support/binary.ts";
import { hasBrowser, openWindow, waitForPage } from "../support/browser.ts";
import { createFolder } from "../support/folder.ts";

beforeAll(buildOnce, 60_000);

const page = (text: string) => `<!doctype html><html><head><title>t</title></head><body><p>${text}</p></body></html>`;

const files = {
  "a.ts": `const headers = { "Content-Security-Policy": "default-src 'self'" };
export const get = () => new Response(Bun.file(import.meta.dir + "/public/a.html"), { headers });`,
  "public/a.html": page("one"),
};

test.skipIf(!hasBrowser)(
  "with --live-pages a page reloads itself when a file in public/ changes",
  async () => {
    using folder = createFolder(files);
    await using server = await startBinary([".", "--live-pages"], { cwd: folder.path });
    for (const path of ["/a", "/a.html"]) {
      await using window = openWindow(server.origin + path);
      await waitForPage(window, `document.body.innerText.includes("one")`);
      folder.write({ "public/a.html": page("two") });
      await waitForPage(window, `document.body.innerText.includes("two")`);
      folder.write({ "public/a.html": page("one") });
    }
    server.signal("SIGTERM");
    expect(await server.exited).toBe(0);
  },
  30_000,
);

test("without a terminal pages are served as they are", async () => {
  using folder = createFolder(files);
  await using server = await startBinary(["."], { cwd: folder.path });
  expect(await (await server.fetch("/a.html")).text()).toBe(page("one"));
  expect((await server.fetch("/-/live-pages")).status).toBe(404);
});
