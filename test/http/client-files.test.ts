import { expect, test } from "bun:test";
import { join } from "node:path";
import { createFolder } from "../support/folder.ts";
import { root, startServer, type TestServer } from "../support/server.ts";

const controllers = { "a.js": 'export const get = () => ({ body: "a" });' };

/** What a bundler's user does: the two files are fetched into the project. */
async function copyClient(server: TestServer): Promise<Record<string, string>> {
  const names = ["client.js", "client.d.ts"];
  return Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, await (await server.fetch(`/-/${name}`)).text()] as const)),
  );
}

test("/-/client.js is a module of less than 5 KB, compressed", async () => {
  await using server = await startServer(controllers);
  const answer = await server.fetch("/-/client.js");
  expect(answer.status).toBe(200);
  expect(answer.headers.get("content-type")).toBe("text/javascript; charset=utf-8");
  const text = await answer.text();
  expect(Bun.gzipSync(text).byteLength).toBeLessThan(5000);
  using folder = createFolder({ "client.js": text });
  expect(Object.keys(await import(`${folder.path}/client.js`))).toEqual(["connect"]);
});

test.each(["/-/client.js", "/-/client.d.ts"])("%s is never stale, and for pages of any origin", async (path) => {
  await using server = await startServer(controllers);
  const { status, headers } = await server.fetch(path);
  expect(status).toBe(200);
  expect(headers.get("cache-control")).toBe("no-cache");
  expect(headers.get("access-control-allow-origin")).toBe("*");
  expect(headers.get("x-content-type-options")).toBe("nosniff");
  const again = await server.fetch(path, { headers: { "If-None-Match": headers.get("etag") ?? "" } });
  expect(again.status).toBe(304);
  expect(await again.text()).toBe("");
  const head = await server.fetch(path, { method: "HEAD" });
  for (const header of ["etag", "content-length", "content-type"])
    expect(head.headers.get(header)).toBe(headers.get(header));
  expect(Number(headers.get("content-length"))).toBeGreaterThan(1000);
});

test("a copy of client.js and client.d.ts is type-checked with what hubbub types writes, and bundled", async () => {
  const [, typesExample] =
    /^## Types\n.*?^```ts\n(.*?)^```/ms.exec(await Bun.file(join(root, "docs/client.md")).text()) ?? [];
  await using server = await startServer(controllers);
  using folder = createFolder({
    ...(await copyClient(server)),
    "main.ts": typesExample ?? "",
    "examples.ts": `import { connect, type Connect } from "./client.js";
import type { Paths } from "./paths.d.ts";
const dashboard = (connect as Connect<Paths>)("/dashboard");
dashboard.addEventListener("message", ({ data }) => {
  if ("error" in data) console.log(data.error.issues[0]?.message);
  else if (data.type === "sample") console.log(data.sample.cpuPercent.toFixed(1));
});
dashboard.send({ type: "mark", label: "deployed" });
`,
    "wrong.ts": `import { connect, type Connect } from "./client.js";
type Paths = { "/chat": { takes: { text: string }; sends: { from: string } } };
(connect as Connect<Paths>)("/chat").send({ txt: "hello" });
`,
    "tsconfig.json": JSON.stringify({
      compilerOptions: {
        target: "ESNext",
        module: "Preserve",
        lib: ["ESNext", "DOM"],
        types: [],
        strict: true,
        noEmit: true,
        exactOptionalPropertyTypes: true,
      },
      include: ["*.ts"],
    }),
  });
  const run = (...args: string[]) => {
    const { exitCode, stdout, stderr } = Bun.spawnSync([process.execPath, ...args], { cwd: folder.path });
    return { exitCode, text: stdout.toString() + stderr.toString() };
  };
  expect(run(join(root, "src/main.ts"), "types", join(root, "controllers"), "-o", "paths.d.ts").exitCode).toBe(0);
  const checked = run("check");
  expect(checked.text).toContain("wrong.ts(3,45): error TS2353");
  expect(checked.text).toContain("1 error");
  const bundled = run("build", "--minify", "--target=browser", "main.ts");
  expect(bundled.exitCode).toBe(0);
  expect(bundled.text.length).toBeGreaterThan(10_000);
});
