import { beforeAll, expect, test } from "bun:test";
import { buildOnce, runBinary, serveFiles } from "../support/binary.ts";
import { createFolder } from "../support/folder.ts";
import { findFreePort } from "../support/free-port.ts";

beforeAll(buildOnce, 60_000);

const controllers = {
  "a.js": `export const get = () => ({ body: process.env.HUBBUB_BUS ?? "none" });`,
};

test("a server starts without its Redis, says so without the password, and hides the address from controllers", async () => {
  const port = findFreePort();
  const environment = { HUBBUB_BUS: `redis://ada:lovelace@127.0.0.1:${port}` };
  await using server = await serveFiles(controllers, [], { environment });
  const { message } = await server.logged("The bus is down");
  expect(message).toBe(
    `The bus is down: this node reaches its own sessions only, and tries to connect again (connect ECONNREFUSED 127.0.0.1:${port})`,
  );
  const ready = await server.fetch("/-/ready");
  expect([ready.status, await ready.json()]).toEqual([503, { status: "not ready", reason: "bus down" }]);
  expect((await server.fetch("/-/health")).status).toBe(200);
  expect(await (await server.fetch("/a")).text()).toBe("none");
  await server.logged(`The other nodes are found at redis://…@127.0.0.1:${port}`);
  expect(server.printed()).not.toContain("lovelace");
  server.signal("SIGTERM");
  expect(await server.exited).toBe(0);
});

test.each([
  [["--bus", "http://:secret@localhost"], 2, "Cannot use --bus: expected redis://HOST:PORT, rediss:// for TLS"],
  [["--bus", "redis://localhost", "--bus-ca", "no.pem"], 78, 'Cannot use the certificates "no.pem": ENOENT'],
  [["--bus", "redis://localhost", "--bus-ca", "a.js"], 78, 'Cannot use the certificates "a.js": it holds none'],
  [["--bus-prefix", "a b"], 2, 'Cannot use --bus-prefix "a b": expected 1 to 100 letters, digits and -_.:/'],
] as const)("hubbub serve with %p ends with %p and one sentence", async (flags, exitCode, text) => {
  using folder = createFolder(controllers);
  const { stderr, ...ended } = await runBinary(["serve", ".", "--port", "0", ...flags], { cwd: folder.path });
  expect(ended.exitCode).toBe(exitCode);
  expect(stderr).toStartWith(`hubbub: ${text}`);
  expect(stderr.trim().split("\n")).toHaveLength(1);
  expect(stderr).not.toContain("secret");
});
