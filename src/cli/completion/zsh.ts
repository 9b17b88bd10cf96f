import type { CommandEntry, FlagEntry, Values } from "./entries.ts";

/** The script for zsh, to be sourced after `compinit`, or as the file `_hubbub` in a folder of `fpath`. */
export function formatZsh(entries: readonly CommandEntry[]): string {
  const [first] = entries;
  return `#compdef hubbub
# Completion of hubbub for zsh, after compinit: source <(hubbub completion zsh)
_hubbub() {
  local curcontext=$curcontext state line
  local -A opt_args
  local -a commands=(
${entries.map(({ name, summary }) => `    ${quote(`${name}:${summary}`)}`).join("\n")}
  )
  _arguments -C \\
${(first?.flags ?? []).map((flag) => `    ${formatFlag(flag)} \\`).join("\n")}
    '1: :->command' \\
    '*:: :->argument'
  case $state in
    command) _describe -t commands command commands ;;
    argument)
      case $words[1] in
${entries.map(formatCommand).join("\n")}
      esac
      ;;
  esac
}

if [[ $funcstack[1] == _hubbub ]]; then _hubbub "$@"; else compdef _hubbub hubbub; fi
`;
}

function formatCommand({ name, flags, operands }: CommandEntry): string {
  const places = operands.map(({ name: operand, values, isRepeated }, index) =>
    quote(`${isRepeated ? "*" : index + 1}:${operand}:${formatAction(values)}`),
  );
  // Where nothing can stand, flags would be offered that nobody began to type.
  const isOpen = operands.at(-1)?.isRepeated === true;
  const specs = [...flags.map(formatFlag), ...places, ...(isOpen ? [] : [quote("*: : ")])];
  return `        ${name})\n          _arguments \\\n            ${specs.join(" \\\n            ")}\n          ;;`;
}

function formatFlag({ name, short, description, placeholder, values, isRepeated }: FlagEntry): string {
  const text = `[${description.replaceAll(/[[\]\\:]/g, String.raw`\$&`)}]`;
  const value = placeholder === undefined ? "" : `:${placeholder}:${formatAction(values)}`;
  const long = `--${name}${placeholder === undefined ? "" : "="}`;
  if (short === undefined) return quote(`${isRepeated ? "*" : ""}${long}${text}${value}`);
  return `${quote(`(--${name})-${short}${text}${value}`)} ${quote(`(-${short})${long}${text}${value}`)}`;
}

function formatAction({ kind, words }: Values): string {
  if (kind === "words") return `(${words.join(" ")})`;
  return { files: "_files", folders: "_files -/", nothing: " " }[kind];
}

function quote(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
