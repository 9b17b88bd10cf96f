import type { SettingName } from "../core/settings.ts";

/** A flag of one command; the settings are flags of those commands that say so. */
export type Flag = {
  description: string;
  /** What stands for the value in help texts: `FILE`; absent for a switch. */
  placeholder?: string;
  /** One letter: `o` for `-o`. */
  short?: string;
};

export type Example = { line: string; text: string };

/** What a command was given. */
export type Given = {
  operands: readonly string[];
  /** The command's own flags, a switch as `true`. */
  flags: Readonly<Record<string, string | true>>;
  settings: Partial<Record<SettingName, string>>;
  /** What stands after `--`, if the command takes it. */
  rest?: readonly string[];
};

/**
 * A command of the executable: its help texts, its completion and `docs/commands.md` are made from this.
 *
 * `run` imports what is large by itself, so that no command pays for another at start-up.
 */
export type Command = {
  name: string;
  /** One line. */
  summary: string;
  text: string;
  /** Their names in order, an optional one as `[DIR]`; a last one that ends with `...` stands for any number. */
  operands: readonly string[];
  examples: readonly Example[];
  flags: Readonly<Record<string, Flag>>;
  /** All that an operand or a flag's value may be, by its placeholder: `{ SHELL: ["bash", "zsh", "fish"] }`. */
  choices?: Readonly<Record<string, readonly string[]>>;
  takesSettings: boolean;
  /** What it takes after `--`, as its usage shows it: `BUN FLAGS...`; nothing if absent. */
  rest?: string;
  /** Everything after the command is an operand, flags too. */
  isPassedOn?: boolean;
  /** Returns the exit code. */
  run(given: Given): Promise<number>;
};

/** `hubbub serve [DIR] [FLAGS]` */
export function formatUsage({ name, operands, flags, takesSettings, isPassedOn, rest }: Command): string {
  const hasFlags = isPassedOn !== true && (takesSettings || Object.keys(flags).length > 0);
  return ["hubbub", name, ...operands, ...(hasFlags ? ["[FLAGS]"] : []), ...(rest ? [`[-- ${rest}]`] : [])].join(" ");
}
