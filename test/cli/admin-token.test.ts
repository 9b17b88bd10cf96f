import { beforeAll, expect, test } from "bun:test";
import { readSync } from "node:fs";
import { findAdminToken, readToken } from "../../src/cli/admin-token.ts";
import { buildOnce, startBinary } from "../support/binary.ts";
import { createFolder } from "../support/folder.ts";
import { openTerminal } from "../support/outputs.ts";
import { waitFor } from "../support/session.ts";

const token = "0123456789abcdef";
const controllers = { "a.js": 'export const get = () => ({ body: process.env.HUBBUB_ADMIN_TOKEN ?? "none" });' };

beforeAll(buildOnce, 60_000);

test("findAdminToken() makes a random token on a terminal only, and only without another", () => {
  const one = findAdminToken("", true);
  expect(one).toEqual({ token: expect.stringMatching(/^[\w-]{32}$/), isRandom: true });
  expect(findAdminToken("", true).token).not.toBe(one.token);
  expect(findAdminToken("", false)).toEqual({ token: "", isRandom: false });
  expect(findAdminToken(token, true)).toEqual({ token, isRandom: false });
});

test("readToken() reads the file after @, and says what is wrong with it without showing it", () => {
  using folder = createFolder({ good: `${token}\n`, short: "hush-hush", two: `${token}\n${token}\n`, empty: "" });
  expect(readToken(`@${folder.path}/good`)).toBe(token);
  const wanted = "expected one of at least 16 letters, digits and -._~+/ and nothing else";
  for (const name of ["short", "two", "empty"]) {
    const file = `${folder.path}/${name}`;
    const message = `Cannot use the token in "${file}": it has not the form of one, ${wanted}`;
    expect(() => readToken(`@${file}`)).toThrow(expect.objectContaining({ code: "ADMIN_TOKEN", message }));
  }
  expect(() => readToken(`@${folder.path}/none`)).toThrow(
    expect.objectContaining({
      code: "ADMIN_TOKEN",
      message: expect.stringMatching(/^Cannot read the token in ".+": ENOENT/),
    }),
  );
});

test("without a token the log says in one line that the inspector and the API are off", async () => {
  using folder = createFolder(controllers);
  await using server = await startBinary(["."], { cwd: folder.path });
  const line = await server.logged("The inspector and the API are off");
  expect(line.message).toBe("The inspector and the API are off: there is no HUBBUB_ADMIN_TOKEN or --admin-token");
  expect(server.printed()).not.toContain("token=");
});

test("a token comes from a variable or a file, and neither the log nor a controller sees it", async () => {
  using folder = createFolder({ ...controllers, "secret/token": `${token}\n` });
  for (const [args, environment] of [
    [["."], { HUBBUB_ADMIN_TOKEN: token }],
    [[".", "--admin-token", "@secret/token"], {}],
  ] as const) {
    await using server = await startBinary([...args, "--log-level", "debug"], { cwd: folder.path, environment });
    const { inspector } = await server.logged("Inspector: open");
    expect(inspector).toBe(`${server.origin}/-/`);
    const ask = async (path: string, given: string) =>
      (await server.fetch(path, { headers: { Authorization: `Bearer ${given}` } })).status;
    expect(await ask("/-/api/nothing", token)).toBe(404);
    expect(await ask("/-/api/nothing", `${token}-wrong`)).toBe(401);
    expect(await ask(`/-/?token=${token}-wrong`, "")).toBe(401);
    expect(await ask(`/-/?token=${token}`, "")).toBe(303);
    expect(await (await server.fetch("/a")).text()).toBe("none");
    await server.logged("Refused a request to the inspector or the API: the token is wrong");
    expect(server.printed()).not.toContain(token);
  }
});

test("on a terminal the whole address with a random token is printed once, and opens the inspector", async () => {
  using folder = createFolder(controllers);
  using terminal = openTerminal();
  await using _server = await startBinary(["."], { cwd: folder.path, output: terminal.descriptor });
  const chunk = Buffer.alloc(65_536);
  let printed = "";
  const find = () => {
    try {
      printed += chunk.toString("utf8", 0, readSync(terminal.reader ?? -1, chunk));
    } catch {
      // Nothing is there to be read.
    }
    return /Inspector: open (http:\/\/127\.0\.0\.1:\d+\/-\/\?token=[\w-]{32})\r?\n/.exec(printed)?.[1];
  };
  await waitFor(() => find() !== undefined, "address of the inspector");
  const answer = await fetch(find() ?? "", { redirect: "manual" });
  expect([answer.status, answer.headers.get("location")]).toEqual([303, "/-/"]);
  expect(printed.split("token=").length).toBe(2);
});
