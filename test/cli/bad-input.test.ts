import { beforeAll, expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { buildOnce, runBinary } from "../support/binary.ts";
import { createFolder } from "../support/folder.ts";
import { hasNamespaces } from "../support/namespaces.ts";

beforeAll(buildOnce, 60_000);

const files = {
  "app/chat.ts": 'export const get = () => ({ body: "hello" });\n',
  "app/chat.test.ts": 'import { test } from "bun:test";\ntest("passes", () => {});\n',
  "app/lib/script.ts": "console.log(1);\n",
  "place/.keep": "",
};

/** Runs in `place` what stands before the command, as root of a namespace of its own. */
const within = (prepare: string) => ["unshare", "-rm", "sh", "-c", `${prepare} && exec "$@"`, "sh"];

const readOnly = within("mount --bind place place && mount -o remount,bind,ro place");
const full = within("mount -t tmpfs -o size=64k none place && { cat /dev/zero > place/full 2>/dev/null || true; }");

/** One line, which ends with 1: what could not be done, and what is wanted. */
const cases: [what: string, args: string[], isTemporary: boolean, message: string][] = [
  ["init", ["init", "place/new"], false, 'Cannot begin "place/new": '],
  ["compile", ["compile", "app", "-o", "place/x"], false, 'Cannot write "place/x": '],
  ["types", ["types", "app", "-o", "place/paths.d.ts"], false, 'Cannot write "place/paths.d.ts": '],
  ["check", ["check", "app"], true, 'Cannot write what is needed on the way to "'],
  ["test", ["test", "app"], true, 'Cannot write what is needed on the way to "'],
  ["bun", ["bun", "app/lib/script.ts"], true, 'Cannot write what is needed on the way to "'],
];

for (const [how, prefix, reason] of [
  ["on a read-only disk", readOnly, /EROFS: read-only file system|there is room for 0 MiB/],
  ["on a full disk", full, /ENOSPC: no space left on device|there is room for 0 MiB/],
] as const) {
  test.skipIf(!hasNamespaces).each(cases)(
    `hubbub %s ${how} says so, and leaves nothing`,
    async (_what, args, isTemporary, message) => {
      using folder = createFolder(files);
      const environment = isTemporary ? { TMPDIR: join(folder.path, "place") } : {};
      const result = await runBinary([...args], { cwd: folder.path, prefix, environment });
      expect(result.stderr).toStartWith(`hubbub: ${message}`);
      expect(result.stderr).toMatch(reason);
      expect(result.stderr).toMatch(/, expected [^\n]+\n$/);
      expect(result).toMatchObject({ exitCode: 1, stdout: "" });
      expect(readdirSync(folder.path).sort()).toEqual(["app", "place"]);
    },
  );
}

test.skipIf(!hasNamespaces)("hubbub bun add to a folder that cannot be written to says so", async () => {
  using folder = createFolder({ "controllers/a.ts": "" });
  const prefix = within("mount --bind controllers controllers && mount -o remount,bind,ro controllers");
  const { stderr, exitCode } = await runBinary(["bun", "add", "zod"], { cwd: folder.path, prefix });
  expect(stderr).toMatch(
    /^hubbub: Cannot write ".*\/controllers\/package\.json": EROFS: .*, expected a file in a folder that can be written to\n$/,
  );
  expect(exitCode).toBe(1);
});

test.each([
  [["help"]],
  [["routes", "app"]],
  [["check", "app"]],
  [["check", "app", "--json"]],
  [["types", "app"]],
  [["doctor", "--port", "0"]],
  [["completion", "bash"]],
  [["version"]],
  [["init", "new"]],
])("hubbub %p on a full standard output ends with 1", async (args) => {
  using folder = createFolder({ "app/chat.ts": files["app/chat.ts"] });
  const prefix = ["sh", "-c", 'exec "$@" > /dev/full', "sh"];
  const { stderr, exitCode } = await runBinary(args, { cwd: folder.path, prefix });
  expect(stderr).toContain("hubbub: Cannot write standard output: ENOSPC: no space left on device");
  expect(exitCode).toBe(1);
});

test.each([
  [["serve"], "serve"],
  [["check"], "check"],
  [["routes"], "list the paths of"],
  [["test"], "test"],
  [["compile", "-o", "x"], "compile"],
  [["types"], "write the types of"],
])("hubbub %p names a folder that is not there, and a file that is none", async (command, verb) => {
  using folder = createFolder({ "a.ts": "" });
  const missing = await runBinary([...command, "nowhere"], { cwd: folder.path });
  const text = `hubbub: Cannot ${verb} "nowhere": there is no such folder, expected one with controllers\n`;
  expect(missing).toEqual({ exitCode: 78, stdout: "", stderr: text });
  const file = await runBinary([...command, "a.ts"], { cwd: folder.path });
  expect(file.stderr).toBe(`hubbub: Cannot ${verb} "a.ts": it is a file, expected a folder with controllers\n`);
  expect(file.exitCode).toBe(78);
});

test("an output that is a folder is named", async () => {
  using folder = createFolder(files);
  const cwd = folder.path;
  expect((await runBinary(["compile", "app", "-o", "place"], { cwd })).stderr).toBe(
    'hubbub: Cannot write "place": it is a folder, expected a file\n',
  );
  expect((await runBinary(["types", "app", "-o", "place"], { cwd })).stderr).toMatch(
    /^hubbub: Cannot write "place": EISDIR: .*, expected a file in a folder that can be written to\n$/,
  );
});
