import {
  describeSetting,
  isSwitch,
  type SettingName,
  settingNames,
  settingSections,
  variableName,
} from "../core/settings.ts";
import { type CommandName, commands } from "./commands.ts";

/** What `hubbub help` prints. */
export function formatHelp(): string {
  const lines = Object.entries(commands).map(([name, { summary }]) => `  ${name.padEnd(9)} ${summary}`);
  return `hubbub: a WebSocket application server in one executable

Usage: hubbub [COMMAND] [FLAGS]

${lines.join("\n")}

\`hubbub help COMMAND\` explains a command and its flags.
`;
}

/** What `hubbub help COMMAND` and `hubbub COMMAND --help` print. */
export function formatCommandHelp(name: CommandName): string {
  const { usage, text, takesSettings } = commands[name];
  const head = `Usage: ${usage}\n\n${text}\n`;
  return takesSettings ? `${head}\n${formatFlags()}\n${sources}` : head;
}

const sources = `Each flag can also be a variable (--port as ${variableName("port")}) or a line in hubbub.toml (port = 8080).
A flag is stronger than a variable, a variable than hubbub.toml.
`;

function formatFlags(): string {
  const width = Math.max(...settingNames.map((name) => formatFlag(name).length));
  const formatRow = (name: SettingName) => {
    const { description, defaultText } = describeSetting(name);
    return `  ${formatFlag(name).padEnd(width)}  ${description} [${defaultText}]\n`;
  };
  return settingSections.map(({ section, names }) => `${section}:\n${names.map(formatRow).join("")}`).join("\n");
}

function formatFlag(name: SettingName): string {
  return isSwitch(name) ? `--[no-]${name}` : `--${name} ${describeSetting(name).placeholder}`;
}
