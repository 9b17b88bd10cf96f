import { beforeAll, expect, test } from "bun:test";
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { templates } from "../../src/cli/templates.ts";
import { buildOnce, runBinary } from "../support/binary.ts";
import { createFolder } from "../support/folder.ts";
import { hasNamespaces } from "../support/namespaces.ts";

beforeAll(buildOnce, 60_000);

const listFiles = (folder: string) => readdirSync(folder, { recursive: true, encoding: "utf8" }).sort();

test.each(templates)("init --template %s makes a folder whose tests pass and whose types are right", async (name) => {
  using folder = createFolder();
  const made = await runBinary(["init", "app", "--template", name], { cwd: folder.path });
  expect(made).toMatchObject({ exitCode: 0, stderr: "" });
  expect(made.stdout).toContain("\n  cd app\n  hubbub  ");
  const cwd = join(folder.path, "app");
  for (const [file] of made.stdout.matchAll(/(?<=^ {2}app\/).+$/gm))
    expect([file, existsSync(join(cwd, file))]).toEqual([file, true]);
  const tested = await runBinary(["test"], { cwd });
  expect(tested).toMatchObject({ exitCode: 0 });
  expect(tested.stderr).toMatch(/^ [3-9] pass\n 0 fail$/m);
  for (const environment of [{}, { BUN_BE_BUN: "1" }])
    expect(await runBinary(["check"], { cwd, environment })).toMatchObject({ exitCode: 0 });
  expect(readFileSync(join(cwd, "README.md"), "utf8")).toMatch(/^# [^]*\n## Commands\n/);
});

test("init without a folder fills the one that it is started in", async () => {
  using folder = createFolder({ LICENSE: "mine" });
  const { stdout, exitCode } = await runBinary(["init"], { cwd: folder.path });
  expect(exitCode).toBe(0);
  expect(stdout).not.toContain("cd ");
  expect(readdirSync(folder.path).sort()).toEqual(
    [".gitignore", ".hubbub", "LICENSE", "README.md", "controllers", "hubbub.d.ts", "tsconfig.json"].sort(),
  );
});

test("init overwrites nothing: it names what is there, and writes no file", async () => {
  using folder = createFolder({ "app/README.md": "mine", "app/controllers/chat.ts": "mine" });
  const { stderr, exitCode } = await runBinary(["init", "app"], { cwd: folder.path });
  const text =
    'Cannot begin "app": "README.md", "controllers/chat.ts" are there already, expected a folder without, or --editor';
  expect(stderr).toBe(`hubbub: ${text}\n`);
  expect(exitCode).toBe(1);
  expect(listFiles(folder.path)).toEqual(["app", "app/README.md", "app/controllers", "app/controllers/chat.ts"]);
  await runBinary(["init", "other"], { cwd: folder.path });
  const again = await runBinary(["init", "other"], { cwd: folder.path });
  expect(again.stderr).toMatch(
    /^hubbub: Cannot begin "other": (?:"[^"]+", ){4}"[^"]+" and \d+ others are there already,/,
  );
});

test("init --editor writes what an editor needs beside controllers, and again after an update", async () => {
  using folder = createFolder({
    "controllers/a.ts": 'import { send } from "hubbub";\nexport const get = () => send(1, 2);\n',
  });
  const cwd = folder.path;
  const first = await runBinary(["init", "--editor"], { cwd });
  expect(first.stdout).toBe("Wrote what an editor needs: hubbub.d.ts, .hubbub/, tsconfig.json\n");
  const checked = await runBinary(["check"], { cwd, environment: { BUN_BE_BUN: "1" } });
  expect(checked.stdout).toContain("controllers/a.ts(2,31): error TS2345");
  folder.write({ "hubbub.d.ts": "old", "tsconfig.json": "{}" });
  const second = await runBinary(["init", "--editor"], { cwd });
  expect(second.stdout).toContain('tsconfig.json is yours: it should have "extends": "./.hubbub/tsconfig.json"');
  expect(readFileSync(join(cwd, "hubbub.d.ts"), "utf8")).toStartWith('declare module "hubbub" {');
  expect(readFileSync(join(cwd, "tsconfig.json"), "utf8")).toBe("{}");
});

test.each([
  [
    "an unknown template",
    ["init", "app", "--template", "caht"],
    2,
    'Cannot use --template "caht": there is no such template, expected chat',
  ],
  [
    "a template that resembles none",
    ["init", "app", "--template", "shop"],
    2,
    'Cannot use --template "shop": there is no such template, expected one of chat, feed, dashboard, api',
  ],
  ["a file", ["init", "file"], 1, 'Cannot begin "file": it is a file, expected a folder or a new name'],
  ["a folder in a file", ["init", "file/app"], 1, 'Cannot begin "file/app": '],
] as const)("init with %s ends with one sentence and nothing written", async (_what, args, exitCode, message) => {
  using folder = createFolder({ file: "" });
  const result = await runBinary([...args], { cwd: folder.path });
  expect(result.stderr).toStartWith(`hubbub: ${message}`);
  expect(result.stderr.trimEnd().split("\n")).toHaveLength(1);
  expect(result.exitCode).toBe(exitCode);
  expect(listFiles(folder.path)).toEqual(["file"]);
});

test("init says that a folder cannot be written to, and leaves it as it was", async () => {
  using folder = createFolder();
  mkdirSync(join(folder.path, "closed"), { mode: 0o555 });
  // Root may write everywhere, unless it gives that up.
  const prefix = process.getuid?.() === 0 ? ["setpriv", "--inh-caps=-all", "--bounding-set=-all"] : [];
  const result = await runBinary(["init", "closed/app"], { cwd: folder.path, prefix });
  expect(result.stderr).toMatch(
    /^hubbub: Cannot begin "closed\/app": EACCES: .*, expected a folder that can be written to\n$/,
  );
  expect(listFiles(folder.path)).toEqual(["closed"]);
  chmodSync(join(folder.path, "closed"), 0o755);
});

test.skipIf(!hasNamespaces)("init without room says so, and leaves everything as it was", async () => {
  using folder = createFolder({ "disk/.keep": "" });
  const mount = 'mount -t tmpfs -o size=1m none disk && echo mine > disk/notes; "$@"; find disk; cat disk/notes';
  const prefix = ["unshare", "-rm", "sh", "-c", mount, "sh"];
  const result = await runBinary(["init", "disk"], { cwd: folder.path, prefix });
  expect(result.stderr).toMatch(/^hubbub: Cannot begin "disk": ENOSPC: no space left on device/);
  expect(result.stdout).toBe("disk\ndisk/notes\nmine\n");
});
