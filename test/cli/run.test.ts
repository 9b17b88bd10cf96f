import { expect, test } from "bun:test";
import { join } from "node:path";
import manifest from "../../package.json" with { type: "json" };
import { findCommand } from "../../src/cli/args.ts";
import { commands } from "../../src/cli/commands.ts";
import { formatCommandHelp, formatHelp } from "../../src/cli/help.ts";
import { createFolder } from "../support/folder.ts";
import { root } from "../support/server.ts";

type Ran = { code: number; output: string; errors: string };

/** Runs the command line in a folder with `files`; only for what ends by itself. */
async function run(argv: string[], files: Record<string, string> = {}, environment = {}): Promise<Ran> {
  using folder = createFolder(files);
  const child = Bun.spawn([process.execPath, join(root, "src/main.ts"), ...argv], {
    cwd: folder.path,
    env: { ...environment, PATH: process.env["PATH"] },
    stdout: "pipe",
    stderr: "pipe",
  });
  const [output, errors, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  return { code, output, errors: errors.replaceAll(folder.path, "FOLDER") };
}

const helpOf = (name: string) => formatCommandHelp(findCommand(name, commands));

const versionLine = `hubbub ${manifest.version} (Bun ${Bun.version})\n`;

test.each([
  [["--version"], versionLine],
  [["-v"], versionLine],
  [["version"], versionLine],
  [["help"], formatHelp(commands)],
  [["--help"], formatHelp(commands)],
  [["-h"], formatHelp(commands)],
  [["help", "serve"], helpOf("serve")],
  [["serve", "--help"], helpOf("serve")],
  [["serve", "folder", "-h"], helpOf("serve")],
  [["help", "help"], helpOf("help")],
  [["version", "--help"], helpOf("version")],
])("runCommand() prints and ends with 0 for %p", async (argv, output) => {
  expect(await run(argv)).toEqual({ code: 0, output, errors: "" });
});

const bad: { name: string; argv: string[]; code: number; errors: string; files?: Record<string, string>; env?: {} }[] =
  [
    {
      name: "a misspelt command",
      argv: ["sreve"],
      code: 2,
      errors: 'Cannot run "sreve": there is no such command, expected serve',
    },
    {
      name: "a folder where a command belongs",
      argv: ["./controllers"],
      code: 2,
      errors: 'Cannot run "./controllers": there is no such command, expected hubbub serve ./controllers',
    },
    {
      name: "an unknown flag",
      argv: ["--prot", "80"],
      code: 2,
      errors: 'Cannot use flag "--prot": there is no such flag, expected --port',
    },
    {
      name: "--timeout soon",
      argv: ["--timeout", "soon"],
      code: 2,
      errors:
        'Cannot use --timeout "soon": expected seconds or a duration such as 30s or 5m, from 1s to 1d, or 0 for off',
    },
    {
      name: "two folders",
      argv: ["serve", "a", "b"],
      code: 2,
      errors: 'Cannot use "b": serve takes only [DIR], expected hubbub serve [DIR] [FLAGS]',
    },
    {
      name: "a bad variable",
      argv: [],
      env: { HUBBUB_PORT: "http" },
      code: 78,
      errors: 'Cannot use HUBBUB_PORT "http": expected a whole number from 0 to 65535',
    },
    {
      name: "a bad hubbub.toml",
      argv: [],
      files: { "hubbub.toml": "port = 99999" },
      code: 78,
      errors: `Cannot use hubbub.toml's port "99999": expected a whole number from 0 to 65535`,
    },
    {
      name: "a missing folder",
      argv: ["serve", "nowhere"],
      code: 78,
      errors: 'Cannot serve "nowhere": there is no such folder, expected one with controllers',
    },
    {
      name: "a file where a folder belongs",
      argv: ["serve", "chat.ts"],
      files: { "chat.ts": "" },
      code: 78,
      errors: 'Cannot serve "chat.ts": it is a file, expected a folder with controllers',
    },
    {
      name: "an empty folder",
      argv: ["serve", "app"],
      files: { "app/lib/chat.ts": "" },
      code: 78,
      errors: 'Cannot serve "FOLDER/app": it has no controllers, expected at least one file such as chat.ts',
    },
    {
      name: "types of a missing folder",
      argv: ["types", "nowhere"],
      code: 78,
      errors: 'Cannot write the types of "nowhere": there is no such folder, expected one with controllers',
    },
    {
      name: "types without a file to write to",
      argv: ["types", "-o"],
      code: 2,
      errors: 'Cannot use flag "-o": it has no value, expected -o FILE',
    },
    {
      name: "types to a file in no folder",
      argv: ["types", "app", "-o", "pages/paths.d.ts"],
      files: { "app/chat.ts": "export const get = () => ({ webSocket: {} });" },
      code: 1,
      errors: `Cannot write "pages/paths.d.ts": ENOENT: no such file or directory, open 'pages/paths.d.ts', expected a file in a folder that can be written to`,
    },
    {
      name: "types of a controller with a fault",
      argv: ["types", "app"],
      files: { "app/chat.ts": "export const get = 5;" },
      code: 78,
      errors: 'Cannot load controller "chat.ts": "get" is a number, expected a function',
    },
    {
      name: "two files for one path",
      argv: ["serve", "app"],
      files: { "app/chat.ts": "export const get = () => ({});", "app/chat/index.ts": "" },
      code: 78,
      errors: 'Cannot load controllers "chat.ts" and "chat/index.ts": both claim /chat, expected one file for a path',
    },
  ];

for (const { name, argv, code, errors, files, env } of bad) {
  test(`runCommand() says what is wrong and ends with ${code}: ${name}`, async () => {
    expect(await run(argv, files, env)).toEqual({ code, output: "", errors: `hubbub: ${errors}\n` });
  });
}

test("runCommand() prints types alone, whatever the controllers print, and all of them to a reader that is slow", async () => {
  using folder = createFolder({
    "controllers/many.ts": `import { defineController } from "hubbub"; import * as v from "valibot";
      console.log("noise"); setInterval(() => {}, 1000);
      const entries = Array.from({ length: 20_000 }, (_, index) => ["property" + index, v.string()]);
      export default defineController({ sends: v.object(Object.fromEntries(entries)) });`,
  });
  const command = [process.execPath, join(root, "src/main.ts"), "types"];
  const whole = Bun.spawnSync(["bash", "-c", '"$@" | (sleep 0.3; cat)', "-", ...command], { cwd: folder.path });
  expect(whole.stderr.toString()).toBe("");
  expect(whole.stdout.toString()).toMatch(/^\/\/ Written by `hubbub types`.*property19999: string;\n\};\n$/s);
  const shell = 'set -o pipefail; "$@" | head -1';
  const start = Bun.spawnSync(["bash", "-c", shell, "-", ...command], { cwd: folder.path });
  expect([start.exitCode, start.stderr.toString()]).toEqual([0, ""]);
  const full = Bun.spawnSync(["bash", "-c", '"$@" > /dev/full', "-", ...command], { cwd: folder.path });
  expect([full.exitCode, full.stderr.toString()]).toEqual([
    1,
    "hubbub: Cannot write standard output: ENOSPC: no space left on device, write, expected room for it\n",
  ]);
});

test("runCommand() writes types to a file, and says what it cannot tell", async () => {
  using folder = createFolder({
    "app/chat.ts": `import { defineController } from "hubbub";
      const schema = { "~standard": { version: 1, vendor: "own", validate: (value) => ({ value }) } };
      export default defineController({ message: schema, onMessage() {} });`,
  });
  const command = [process.execPath, join(root, "src/main.ts"), "types", "app", "-o", "paths.d.ts"];
  const { exitCode, stdout, stderr } = Bun.spawnSync(command, { cwd: folder.path });
  expect([exitCode, stdout.toString(), stderr.toString()]).toEqual([
    0,
    "Wrote paths.d.ts: the types of 1 path\n",
    'hubbub: The type of "message" in "chat.ts" is unknown: this version of own does not say it as JSON Schema\n',
  ]);
  expect(await Bun.file(join(folder.path, "paths.d.ts")).text()).toContain(
    '"/chat": { takes: unknown; sends: unknown };',
  );
});

test("runCommand() names every command for an unknown one, and for help of it", async () => {
  for (const argv of [["frobnicate"], ["help", "frobnicate"]]) {
    const { code, errors } = await run(argv);
    expect(code).toBe(2);
    const names = commands.map(({ name }) => name).join(", ");
    expect(errors).toBe(`hubbub: Cannot run "frobnicate": there is no such command, expected ${names}\n`);
  }
});

test("runCommand() says that the port is in use and ends with 1", async () => {
  using other = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response() });
  const { code, errors } = await run(["serve", "app", "--port", String(other.port)], {
    "app/index.ts": "export const get = () => ({ body: 1 });",
  });
  expect(code).toBe(1);
  expect(errors).toBe(
    `hubbub: Cannot listen on 127.0.0.1:${other.port}: the port is in use, expected a free one (--port 0 takes any)\n`,
  );
});

test("runCommand() reports every controller with a fault, with its code frame", async () => {
  const { code, errors } = await run(["serve", "app"], {
    "app/parse.ts": "export const get = (;\n",
    "app/shape.ts": "export const get = 5;\n",
    "app/well.ts": "export const get = () => ({});\n",
  });
  expect(code).toBe(78);
  expect(errors).toContain('hubbub: Cannot load controller "parse.ts": Unexpected ; at parse.ts:1:21\n');
  expect(errors).toContain("  1 | export const get = (;\n");
  expect(errors).toContain('hubbub: Cannot load controller "shape.ts": "get" is a number, expected a function\n');
  expect(errors).not.toContain("well.ts");
});

test("runCommand() says that a hubbub.toml cannot be read and ends with 78", async () => {
  const { code, errors } = await run(["serve", "app"], {
    "hubbub.toml/oops.txt": "",
    "app/index.ts": "export const get = () => ({ body: 1 });",
  });
  expect(errors).toStartWith('hubbub: Cannot read "hubbub.toml": ');
  expect(code).toBe(78);
});
