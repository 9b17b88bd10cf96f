import { beforeAll, expect, test } from "bun:test";
import { chmodSync, renameSync } from "node:fs";
import { join } from "node:path";
import { buildOnce, startBinary, type TestProcess } from "../support/binary.ts";
import { createFolder } from "../support/folder.ts";
import type { TestSession } from "../support/session.ts";
import { witness } from "../support/witness.ts";

const files = {
  ...Object.fromEntries(Object.entries(witness).map(([file, text]) => [`controllers/${file}`, text])),
  "controllers/version.js": 'export const get = () => ({ body: "one" });',
  "controllers/public/page.txt": "PAGE",
};

beforeAll(buildOnce, 60_000);

/** Root may read everything, unless it gives that up. */
const asOthers =
  process.getuid?.() === 0 ? ["setpriv", "--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-all"] : [];

const start = (cwd: string) => startBinary(["controllers"], { cwd, prefix: asOthers });

async function expectServing(server: TestProcess, session: TestSession): Promise<void> {
  session.send("hello");
  expect(await session.next()).toBe("hello");
  using late = await server.open("/echo");
  late.send("late");
  expect(await late.next()).toBe("late");
  expect(await (await server.fetch("/version")).text()).toBe("one");
}

test.each([
  [
    "vanishes",
    (folder: string) => renameSync(folder, `${folder}.gone`),
    (folder: string) => renameSync(`${folder}.gone`, folder),
  ],
  ["may not be read", (folder: string) => chmodSync(folder, 0o000), (folder: string) => chmodSync(folder, 0o755)],
  [
    "may be listed and not entered",
    (folder: string) => chmodSync(folder, 0o444),
    (folder: string) => chmodSync(folder, 0o755),
  ],
])("a controllers folder that %s leaves the loaded controllers serving", async (_, spoil, mend) => {
  using folder = createFolder(files);
  const controllers = join(folder.path, "controllers");
  await using server = await start(folder.path);
  using session = await server.open("/echo");
  spoil(controllers);
  try {
    await server.logged("keeps serving");
    await expectServing(server, session);
    expect((await server.fetch("/page.txt")).status).toBe(404);
    server.signal("SIGHUP");
    await expectServing(server, session);
  } finally {
    mend(controllers);
  }
  await server.logged("Loaded generation 2");
  await expectServing(server, session);
  expect(await (await server.fetch("/page.txt")).text()).toBe("PAGE");
});

test("a controller's file that may not be read is refused, and is loaded when it may be", async () => {
  using folder = createFolder(files);
  await using server = await start(folder.path);
  using session = await server.open("/echo");
  const file = join(folder.path, "controllers/version.js");
  chmodSync(file, 0o000);
  folder.write({ "controllers/other.js": 'export const get = () => ({ body: "other" });' });
  const { message } = await server.logged("keeps serving");
  expect(message).toBe(`Cannot load controller "version.js": EACCES reading "${file}"; generation 1 keeps serving`);
  await expectServing(server, session);
  chmodSync(file, 0o644);
  await server.logged("Loaded generation 2");
  expect(await (await server.fetch("/other")).text()).toBe("other");
});
