import { beforeAll, expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { buildOnce, serveFiles, type TestProcess } from "../support/binary.ts";
import { connectRaw, handshake, parseStatuses, type RawConnection } from "../support/raw.ts";
import { waitFor } from "../support/session.ts";
import { expectAlive, readHeard, witness } from "../support/witness.ts";

/** The open-file limit of the server, and more connections than it allows. */
const LIMIT = 128;
const CONNECTIONS = 200;

const controllers = {
  ...witness,
  "version.js": 'export const get = () => ({ body: "one" });',
  "public/page.txt": "PAGE",
};

beforeAll(buildOnce, 60_000);

const start = (...flags: string[]) =>
  serveFiles(controllers, ["--max-sessions", "0", ...flags], { prefix: ["prlimit", `--nofile=${LIMIT}`] });

const countFiles = ({ pid }: TestProcess) => readdirSync(`/proc/${pid}/fd`).length;

const isExhausted = (server: TestProcess) => server.logged("Cannot accept connections");

/** Opens so many connections that the server can accept no other. */
async function exhaust(server: TestProcess, bytes: string): Promise<Disposable & { raws: RawConnection[] }> {
  const raws = await Promise.all(Array.from({ length: CONNECTIONS }, () => connectRaw(server.origin, bytes)));
  await isExhausted(server);
  return { raws, [Symbol.dispose]: () => raws.forEach((raw) => raw[Symbol.dispose]()) };
}

const lacking = `Cannot accept connections: as many files are open as may be (${LIMIT}), expected a higher limit (ulimit -n, LimitNOFILE=)`;

test("a server without a free descriptor keeps its sessions, says so once, and recovers", async () => {
  await using server = await start();
  using session = await server.open("/echo?name=early");
  session.send("hello");
  expect(await session.next()).toBe("hello");
  const withSession = countFiles(server);
  using asking = await connectRaw(server.origin, "GET /page.txt HTTP/1.1\r\n");
  {
    using _all = await exhaust(server, "GET /heard HTTP/1.1\r\n");
    session.send("still here");
    expect(await session.next()).toBe("still here");
    asking.socket.write("Host: x\r\n\r\n");
    await waitFor(() => parseStatuses(asking.received()).length === 1, "answer");
    expect(parseStatuses(asking.received())).toEqual([503]);
    // An edit that cannot be loaded yet.
    server.folder.write({ "version.js": 'export const get = () => ({ body: "two" });' });
    session.send("and here");
    expect(await session.next()).toBe("and here");
  }
  await server.logged("Connections are accepted again");
  expect(await server.logged("Loaded generation 2")).toMatchObject({ changes: ["version.js"] });
  expect(await (await server.fetch("/version")).text()).toBe("two");
  expect(await (await server.fetch("/page.txt")).text()).toBe("PAGE");
  expect((await server.fetch("/-/ready")).status).toBe(200);
  await expectAlive(server);
  session.close();
  await waitFor(async () => (await readHeard(server)).members === 0, "end of the sessions");
  expect((await readHeard(server)).heard.map(({ name, opens, closes }) => [name, opens, closes.length])).toEqual([
    ["early", 1, 1],
    ["alive", 1, 1],
  ]);
  // The connection of the test's own requests in place of the session's, and one more that it may have opened.
  await waitFor(() => countFiles(server) <= withSession + 1, "end of the connections");
  const warnings = server.log().filter(({ level }) => level !== "INFO");
  expect(warnings).toMatchObject([{ level: "ERROR", message: lacking, limit: LIMIT }]);
});

test("a reload that finds no free descriptor is made up for", async () => {
  await using server = await start("--no-watch");
  {
    using _all = await exhaust(server, "GET /heard HTTP/1.1\r\n");
    server.signal("SIGHUP");
    const { message } = await server.logged("keeps serving");
    expect(message).toMatch(
      /^Cannot serve ".*": EMFILE: .*, expected a higher limit of open files; generation 1 keeps serving$/,
    );
    expect(server.log().some((line) => line.message.includes("Loaded generation 2"))).toBe(false);
  }
  await server.logged("Loaded generation 2");
  await expectAlive(server);
});

test("upgrades that find no free descriptor wait, and become sessions when there is one", async () => {
  await using server = await start("--no-watch");
  using all = await exhaust(server, handshake("/echo"));
  const open = () => all.raws.filter((raw) => !raw.ended() && parseStatuses(raw.received())[0] === 101);
  const first = open();
  expect(first.length).toBeGreaterThan(LIMIT / 2);
  expect(first.length).toBeLessThan(LIMIT);
  for (const raw of first) raw.reset();
  await waitFor(() => open().length === CONNECTIONS - first.length, "other sessions");
  for (const raw of open()) raw.reset();
  await waitFor(async () => (await readHeard(server)).members === 0, "end of the sessions");
  const { heard } = await readHeard(server);
  expect(heard).toHaveLength(CONNECTIONS);
  for (const { opens, closes, misplaced } of heard)
    expect({ opens, closes, misplaced }).toEqual({ opens: 1, closes: [[1006, ""]], misplaced: [] });
  await expectAlive(server);
});
