import { type Command, formatUsage } from "../src/cli/command.ts";
import { commands } from "../src/cli/commands.ts";
import { formatTable } from "./table.ts";

/** The text of `docs/commands.md`: every command, from the tables that `--help` is made from. */
export function formatCommandsDoc(): string {
  const list = commands.map(({ name, summary }) => [`[\`hubbub ${name}\`](#hubbub-${name})`, summary]);
  return `# Commands

This page is written by \`bun run docs\` from the tables in [src/cli/](../src/cli/commands.ts) that \`--help\` is made from.

${formatTable(["command", "what it does"], list)}

\`hubbub\` alone is \`hubbub ${commands[0]?.name}\`. \`--help\` after a command explains it, \`--version\` prints the version. Flags may stand anywhere after \`hubbub\`, as \`--flag value\` or
\`--flag=value\`; what follows \`--\` is no flag. A command that takes settings also heeds variables and \`hubbub.toml\`: see [configuration.md](configuration.md).

A command ends with 0, with 2 if its command line is wrong, with 78 if the configuration or the controllers are, and with 1 if it fails: see [errors.md](errors.md). What it was asked for is printed on
standard output, everything else on standard error.

${commands.map(formatSection).join("\n\n")}
`;
}

function formatSection(command: Command): string {
  const { name, text, examples, flags, choices = {}, takesSettings } = command;
  const rows = Object.entries(flags).map(([flag, { description, placeholder, short }]) => [
    [
      ...(short === undefined ? [] : [`\`-${short}\``]),
      `\`--${flag}${placeholder === undefined ? "" : ` ${placeholder}`}\``,
    ].join(", "),
    escape(description),
  ]);
  const lists = Object.entries(choices).map(
    ([placeholder, words]) => `${placeholder}: ${words.map((word) => `\`${word}\``).join(", ")}.`,
  );
  const settings = "It takes every [setting](configuration.md#settings) as a flag.";
  return [
    `## hubbub ${name}`,
    `\`${formatUsage(command)}\``,
    escape(text),
    ...(examples.length === 0 ? [] : [`\`\`\`sh\n${formatExamples(command)}\`\`\``]),
    ...(rows.length === 0 ? [] : [formatTable(["flag", "meaning"], rows)]),
    ...(lists.length === 0 ? [] : [lists.join("\n")]),
    ...(takesSettings ? [settings] : []),
  ].join("\n\n");
}

function formatExamples({ examples }: Command): string {
  const width = Math.max(...examples.map(({ line }) => line.length));
  return examples.map(({ line, text }) => `${line.padEnd(width)}  # ${text}\n`).join("");
}

/** What would be Markdown, outside of code. */
function escape(text: string): string {
  return text.replaceAll(/(`[^`]*`)|([*_<|])/g, (_, code: string | undefined, mark: string) => code ?? `\\${mark}`);
}
