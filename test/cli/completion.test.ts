import { expect, test } from "bun:test";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "../../src/cli/command.ts";
import { commands } from "../../src/cli/commands.ts";
import { runCommand } from "../../src/cli/run.ts";
import { formatCompletion } from "../../src/cli/completion/script.ts";
import { createFolder } from "../support/folder.ts";
import { hasShell, shellNames, startShell } from "../support/shell.ts";

/** A command with whatever a command can have. */
const pack: Command = {
  name: "pack",
  summary: 'It\'s [a] "test": $HOME `x`',
  text: "",
  operands: ["[DIR]", "[FILE]..."],
  examples: [],
  flags: {
    out: { description: "Where it's written: [there]", placeholder: "FILE", short: "o" },
    target: { description: "The target", placeholder: "TARGET" },
    json: { description: "As JSON" },
  },
  choices: { TARGET: ["linux-x64", "linux-arm64"] },
  takesSettings: false,
  run: async () => 0,
};

const passOn: Command = { ...pack, name: "pass", operands: ["[ARGUMENT]..."], flags: {}, isPassedOn: true };

const all = [...commands, pack, passOn];

const names = all.map(({ name }) => name);

/** What is typed, and what can stand in the place of the last word. */
const cases: [string, string[]][] = [
  ["hubbub ", names],
  ["hubbub unit --drain 5s ", []],
  ["hubbub serve --log-le", ["--log-level"]],
  ["hubbub serve --log-level ", ["debug", "error", "info", "warning"]],
  ["hubbub serve --log-level w", ["warning"]],
  ["hubbub serve --no-w", ["--no-watch"]],
  ["hubbub --log-fo", ["--log-format"]],
  ["hubbub --log-format pr", ["pretty"]],
  ["hubbub serve ", ["app/", "my app/"]],
  ["hubbub serve ap", ["app/"]],
  ["hubbub --port 80 serve my", ["my app/"]],
  ["hubbub serve --port ", []],
  ["hubbub serve --tls-cert ce", ["cert.pem"]],
  ["hubbub unit --di", ["--dir"]],
  ["hubbub unit --dir ", ["app/", "my app/"]],
  ["hubbub help pac", ["pack"]],
  ["hubbub completion ", ["bash", "fish", "zsh"]],
  ["hubbub version ", []],
  ["hubbub version --", ["--help"]],
  ["hubbub pack --t", ["--target"]],
  ["hubbub pack --target linux-a", ["linux-arm64"]],
  ["hubbub pack -o ce", ["cert.pem"]],
  ["hubbub pack -o cert.pem ap", ["app/"]],
  ["hubbub pass add ce", ["cert.pem"]],
];

for (const name of shellNames) {
  if (!hasShell(name)) console.warn(`${name} is not installed: its completion is not tested (apt-get install it)`);

  test.skipIf(!hasShell(name))(
    `formatCompletion() has ${name} complete commands, flags, choices and files`,
    async () => {
      using folder = createFolder({ "cert.pem": "" });
      for (const each of ["app", "my app"]) mkdirSync(join(folder.path, each));
      await using shell = await startShell(name, formatCompletion(name, all), folder.path);
      const completed: Record<string, string[]> = {};
      for (const [line] of cases) {
        // The slash of a folder and the = of a flag are the shell's own way to go on.
        completed[line] = (await shell.complete(line)).map((word) => word.replace(/[/=]$/, ""));
      }
      expect(completed).toEqual(
        Object.fromEntries(cases.map(([line, words]) => [line, words.map((word) => word.replace(/\/$/, "")).sort()])),
      );
    },
  );

  test.skipIf(!hasShell(name))(`formatCompletion() has ${name} complete the value after an equals sign`, async () => {
    using folder = createFolder();
    await using shell = await startShell(name, formatCompletion(name, all), folder.path);
    const words = await shell.complete("hubbub serve --log-level=w");
    expect(words).toEqual(["--log-level=warning"]);
  });
}

test.each([
  [["completion", "tcsh"], 'Cannot use "tcsh": completion takes bash, zsh or fish, expected hubbub completion SHELL'],
  [["completion"], 'Cannot run "completion": SHELL is missing, expected hubbub completion SHELL'],
])("hubbub %p is a mistake of usage", async (argv, message) => {
  expect(await runCommand(argv).catch((error: unknown) => error)).toMatchObject({ message, exitCode: 2 });
});
