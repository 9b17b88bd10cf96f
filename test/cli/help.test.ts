import { expect, test } from "bun:test";
import { findCommand, readArguments } from "../../src/cli/args.ts";
import { formatUsage } from "../../src/cli/command.ts";
import { commands } from "../../src/cli/commands.ts";
import { formatCommandHelp, formatHelp } from "../../src/cli/help.ts";
import { describeSetting, isSwitch, settingNames } from "../../src/core/settings.ts";

const serve = findCommand("serve", commands);

test("formatHelp() lists every command with its summary", () => {
  const lines = formatHelp(commands).split("\n");
  for (const { name, summary } of commands) {
    const line = lines.find((text) => text.startsWith(`  ${name} `));
    expect(line?.trim().split(/ {2,}/)).toEqual([name, summary]);
  }
});

test("formatCommandHelp() begins with the usage and explains the command, with examples", () => {
  for (const command of commands) {
    const help = formatCommandHelp(command);
    expect(help).toStartWith(`Usage: ${formatUsage(command)}\n\n${command.text}\n\nExamples:\n  `);
    for (const { line, text } of command.examples) {
      expect(help.replace(/ {2,}/g, "  ")).toContain(`  ${line}  ${text}\n`);
    }
  }
});

test("every example is a command line that is understood", () => {
  for (const command of commands) {
    expect(command.examples.length).toBeGreaterThan(0);
    for (const { line } of command.examples) {
      const argv = /hubbub( [^|>)]*)?/.exec(line)?.[1]?.trim().split(/\s+/) ?? [];
      expect(readArguments(argv, commands).command.name).toBe(command.name);
    }
  }
});

test("formatCommandHelp() lists the command's own flags", () => {
  for (const command of commands) {
    for (const [name, { description }] of Object.entries(command.flags)) {
      expect(formatCommandHelp(command)).toMatch(new RegExp(`--${name}\\b.*  ${RegExp.escape(description)}`));
    }
  }
});

test("every command's help fits a terminal, but for the settings", () => {
  for (const command of commands) {
    const help = formatCommandHelp({ ...command, takesSettings: false });
    expect(help.split("\n").filter((line) => line.length > 120)).toEqual([]);
  }
});

const flagLines = formatCommandHelp(serve)
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
  const help = formatCommandHelp(serve);
  expect(help).toContain("--port as HUBBUB_PORT");
  expect(help).toContain("A flag is stronger than a variable, a variable than hubbub.toml.");
});

test("formatCommandHelp() gives no flags to a command that takes none", () => {
  for (const command of commands.filter(({ takesSettings }) => !takesSettings)) {
    expect(formatCommandHelp(command)).not.toContain("--max-message");
  }
});

test("findCommand() knows the commands and nothing that objects inherit", () => {
  for (const command of commands) expect(findCommand(command.name, commands)).toBe(command);
  for (const name of ["", "Serve", "toString", "constructor", "__proto__"]) {
    expect(() => findCommand(name, commands)).toThrow(expect.objectContaining({ code: "COMMAND_UNKNOWN" }));
  }
});
