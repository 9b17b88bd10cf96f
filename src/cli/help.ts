import { describeSetting, isSwitch, settingNames, variableName } from "../core/settings.ts";
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
  return takesSettings ? `${head}\nFlags:\n${formatFlags()}\n${sources}` : head;
}

const sources = `Each flag can also be a variable (--port as ${variableName("port")}) or a line in hubbub.toml (port = 8080).
A flag is stronger than a variable, a variable than hubbub.toml.
`;

function formatFlags(): string {
  const rows = settingNames.map((name) => {
    const { description, placeholder, defaultText } = describeSetting(name);
    return {
      flag: isSwitch(name) ? `--[no-]${name}` : `--${name} ${placeholder}`,
      text: `${description} [${defaultText}]`,
    };
  });
  const width = Math.max(...rows.map(({ flag }) => flag.length));
  return rows.map(({ flag, text }) => `  ${flag.padEnd(width)}  ${text}\n`).join("");
}
