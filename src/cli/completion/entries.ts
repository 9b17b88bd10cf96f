import { describeSetting, isList, isSwitch, listChoices, settingNames } from "../../core/settings.ts";
import type { Command } from "../command.ts";

/** What can stand in one place of the command line. */
export type Values =
  { kind: "words"; words: readonly string[] } | { kind: "files" | "folders" | "nothing"; words: readonly [] };

/** A flag as a shell completes it. */
export type FlagEntry = {
  /** Without the dashes. */
  name: string;
  short: string | undefined;
  description: string;
  /** What stands for its value; undefined for a switch. */
  placeholder: string | undefined;
  values: Values;
  isRepeated: boolean;
};

export type CommandEntry = {
  name: string;
  summary: string;
  flags: readonly FlagEntry[];
  operands: readonly { name: string; values: Values; isRepeated: boolean }[];
};

const nothing: Values = { kind: "nothing", words: [] };

/** What every shell's script is made from: each command with its flags, the settings among them, and its operands. */
export function listEntries(commands: readonly Command[]): CommandEntry[] {
  const names = commands.map(({ name }) => name);
  return commands.map((command) => {
    const choices = { COMMAND: names, ...command.choices };
    return {
      name: command.name,
      summary: command.summary,
      flags: command.isPassedOn === true ? [] : listFlags(command, choices),
      operands: command.operands.map((operand) => {
        const name = operand.replaceAll(/[[\].]/g, "");
        const values: Values =
          command.isPassedOn === true
            ? { kind: "files", words: [] }
            : toValues(name, choices[name as keyof typeof choices]);
        return { name, values, isRepeated: operand.includes("...") };
      }),
    };
  });
}

function listFlags(
  { flags, takesSettings }: Command,
  choices: Readonly<Record<string, readonly string[]>>,
): readonly FlagEntry[] {
  const own = Object.entries(flags).map(([name, { description, placeholder, short }]) => ({
    name,
    short,
    description,
    placeholder,
    values: placeholder === undefined ? nothing : toValues(placeholder, choices[placeholder]),
    isRepeated: false,
  }));
  const help = { ...switchEntry("help", "Explain this command"), short: "h" };
  return [...own, ...(takesSettings ? settingNames.flatMap(listSettingFlags) : []), help];
}

function listSettingFlags(name: (typeof settingNames)[number]): FlagEntry[] {
  const { description, placeholder } = describeSetting(name);
  if (isSwitch(name)) return [switchEntry(name, description), switchEntry(`no-${name}`, `Not: ${description}`)];
  const values = toValues(placeholder, listChoices(name));
  return [{ name, short: undefined, description, placeholder, values, isRepeated: isList(name) }];
}

function switchEntry(name: string, description: string): FlagEntry {
  return { name, short: undefined, description, placeholder: undefined, values: nothing, isRepeated: false };
}

function toValues(placeholder: string, choices: readonly string[] | undefined): Values {
  if (choices !== undefined) return { kind: "words", words: choices };
  if (placeholder === "DIR") return { kind: "folders", words: [] };
  return placeholder === "FILE" ? { kind: "files", words: [] } : nothing;
}

/** The flags of all commands that have a value, with their dashes. */
export function listValueFlags(entries: readonly CommandEntry[]): string[] {
  const names = entries.flatMap(({ flags }) =>
    flags.filter(({ placeholder }) => placeholder !== undefined).flatMap(formatNames),
  );
  return [...new Set(names)];
}

/** `--out` and `-o` */
export function formatNames({ name, short }: FlagEntry): string[] {
  return [`--${name}`, ...(short === undefined ? [] : [`-${short}`])];
}
