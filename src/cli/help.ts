import {
  describeSetting,
  isSwitch,
  type SettingName,
  settingNames,
  settingSections,
  variableName,
} from "../core/settings.ts";
import { findCommand } from "./args.ts";
import { type Command, type Flag, formatUsage } from "./command.ts";
import { print } from "./print.ts";

/** `hubbub help`, which explains all that `listCommands` returns. */
export function createHelpCommand(listCommands: () => readonly Command[]): Command {
  return {
    name: "help",
    summary: "Explain a command",
    text: "Prints what a command does and the flags it takes.",
    operands: ["[COMMAND]"],
    examples: [{ line: "hubbub help serve", text: "every flag of serve" }],
    flags: {},
    takesSettings: false,
    run: async ({ operands: [name] }) =>
      print(name === undefined ? formatHelp(listCommands()) : formatCommandHelp(findCommand(name, listCommands()))),
  };
}

/** What `hubbub help` prints. */
export function formatHelp(commands: readonly Command[]): string {
  const width = Math.max(...commands.map(({ name }) => name.length));
  const lines = commands.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`);
  return `hubbub: a WebSocket application server in one executable

Usage: hubbub [COMMAND] [FLAGS]

${lines.join("\n")}

\`hubbub help COMMAND\` explains a command and its flags.
`;
}

/** What `hubbub help COMMAND` and `hubbub COMMAND --help` print. */
export function formatCommandHelp(command: Command): string {
  const { text, examples, flags, choices = {}, takesSettings } = command;
  const sections = [`Usage: ${formatUsage(command)}\n\n${text}\n`];
  if (examples.length > 0) sections.push(`Examples:\n${formatExamples(command)}`);
  if (Object.keys(flags).length > 0) sections.push(`Flags:\n${formatFlags(flags)}`);
  const lists = Object.entries(choices).map(
    ([placeholder, words]) => `${placeholder} is one of:\n${words.map((word) => `  ${word}\n`).join("")}`,
  );
  sections.push(...lists, ...(takesSettings ? [formatSettings(), sources] : []));
  return sections.join("\n");
}

const sources = `Each of these can also be a variable (--port as ${variableName("port")}) or a line in hubbub.toml (port = 8080).
A flag is stronger than a variable, a variable than hubbub.toml.
`;

function formatExamples({ examples }: Command): string {
  const width = Math.max(...examples.map(({ line }) => line.length));
  return examples.map(({ line, text }) => `  ${line.padEnd(width)}  ${text}\n`).join("");
}

function formatFlags(flags: Command["flags"]): string {
  const rows = Object.entries(flags).map(([name, flag]) => [formatFlag(name, flag), flag.description] as const);
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, description]) => `  ${left.padEnd(width)}  ${description}\n`).join("");
}

function formatFlag(name: string, { placeholder, short }: Flag): string {
  const long = placeholder === undefined ? `--${name}` : `--${name} ${placeholder}`;
  return short === undefined ? long : `-${short}, ${long}`;
}

function formatSettings(): string {
  const width = Math.max(...settingNames.map((name) => formatSetting(name).length));
  const formatRow = (name: SettingName) => {
    const { description, defaultText } = describeSetting(name);
    return `  ${formatSetting(name).padEnd(width)}  ${description} [${defaultText}]\n`;
  };
  return settingSections.map(({ section, names }) => `${section}:\n${names.map(formatRow).join("")}`).join("\n");
}

function formatSetting(name: SettingName): string {
  return isSwitch(name) ? `--[no-]${name}` : `--${name} ${describeSetting(name).placeholder}`;
}
