import { expect, test } from "bun:test";
import { commands, isCommand } from "../../src/cli/commands.ts";
import { formatCommandHelp, formatHelp } from "../../src/cli/help.ts";
import { describeSetting, isSwitch, settingNames } from "../../src/core/settings.ts";

const names = Object.keys(commands) as (keyof typeof commands)[];

test("formatHelp() lists every command with its summary", () => {
  const lines = formatHelp().split("\n");
  for (const name of names) {
    const line = lines.find((text) => text.startsWith(`  ${name} `));
    expect(line?.trim().split(/ {2,}| (?=[A-Z])/)).toEqual([name, commands[name].summary]);
  }
});

test("formatCommandHelp() begins with the usage and explains the command", () => {
  for (const name of names) {
    expect(formatCommandHelp(name)).toStartWith(`Usage: ${commands[name].usage}\n\n${commands[name].text}\n`);
  }
});

const flagLines = formatCommandHelp("serve")
  .split("\n")
  .filter((line) => line.startsWith("  --"));

test("formatCommandHelp() lists every setting of serve with its default", () => {
  const wanted = settingNames.map((name) => {
    const { description, placeholder, defaultText } = describeSetting(name);
    const flag = isSwitch(name) ? `--[no-]${name}` : `--${name} ${placeholder}`;
    return `${flag}  ${description} [${defaultText}]`;
  });
  expect(flagLines.map((line) => line.trim().replace(/ {2,}/g, "  "))).toEqual(wanted);
});

test("formatCommandHelp() aligns the descriptions", () => {
  const starts = flagLines.map((line) => /^ {2}--\S+(?: [A-Z]+)? +/.exec(line)?.[0].length);
  expect(new Set(starts).size).toBe(1);
});

test("formatCommandHelp() names the variable and the file, and which is stronger", () => {
  const help = formatCommandHelp("serve");
  expect(help).toContain("--port as HUBBUB_PORT");
  expect(help).toContain("A flag is stronger than a variable, a variable than hubbub.toml.");
});

test("formatCommandHelp() gives no flags to a command that takes none", () => {
  for (const name of names.filter((each) => !commands[each].takesSettings)) {
    expect(formatCommandHelp(name)).not.toContain("--port");
  }
});

test("isCommand() knows the commands and nothing that objects inherit", () => {
  expect(names.every(isCommand)).toBe(true);
  for (const name of ["", "Serve", "toString", "constructor", "__proto__"]) expect(isCommand(name)).toBe(false);
});
