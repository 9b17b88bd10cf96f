import { type CommandEntry, formatNames, listValueFlags, type Values } from "./entries.ts";

/** The script for bash 4 and later; it needs no other package. */
export function formatBash(entries: readonly CommandEntry[]): string {
  return `# Completion of hubbub for bash: source <(hubbub completion bash)
_hubbub_complete() {
  case $1 in
    words) mapfile -t COMPREPLY < <(compgen -W "$2" -- "$current") ;;
    files) compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -f -- "$current") ;;
    folders) compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -d -- "$current") ;;
  esac
}

_hubbub() {
  local current=\${COMP_WORDS[COMP_CWORD]} command= flag= word index operands=0
  COMPREPLY=()
  for ((index = 1; index < COMP_CWORD; index++)); do
    word=\${COMP_WORDS[index]}
    # A flag and its value are three words for bash: --port, = and 80.
    if [[ $word == = ]]; then continue; fi
    if [[ -n $flag ]]; then flag=; continue; fi
    case $word in
      ${listValueFlags(entries).join("|")}) flag=$word ;;
      -*) ;;
      *) if [[ -z $command ]]; then command=$word; else operands=$((operands + 1)); fi ;;
    esac
  done
  if [[ $current == = ]]; then current=; fi
  if [[ -n $flag ]]; then
    case $command:$flag in
${entries.flatMap(formatFlagValues).join("\n")}
    esac
    return
  fi
  if [[ $current == -* ]]; then
    case $command in
${entries.map(({ name, flags }, index) => `      ${toPatterns(name, index)}) _hubbub_complete words "${flags.flatMap(formatNames).join(" ")}" ;;`).join("\n")}
    esac
    return
  fi
  case $command:$operands in
    :*) _hubbub_complete words "${entries.map(({ name }) => name).join(" ")}" ;;
${entries.flatMap(formatOperands).join("\n")}
  esac
}

complete -F _hubbub hubbub
`;
}

/** The first command is meant where none is named. */
function toPatterns(name: string, index: number, rest = ""): string {
  return [name, ...(index === 0 ? [""] : [])].map((each) => `${each}${rest}` || '""').join("|");
}

function formatFlagValues({ name, flags }: CommandEntry, index: number): string[] {
  return flags
    .filter(({ values }) => values.kind !== "nothing")
    .map((flag) => {
      const patterns = formatNames(flag).map((each) => toPatterns(name, index, `:${each}`));
      return `      ${patterns.join("|")}) ${formatValues(flag.values)} ;;`;
    });
}

function formatOperands({ name, operands }: CommandEntry): string[] {
  return operands
    .map(({ values, isRepeated }, index) => ({ values, pattern: `${name}:${isRepeated ? "*" : index}` }))
    .filter(({ values }) => values.kind !== "nothing")
    .map(({ values, pattern }) => `    ${pattern}) ${formatValues(values)} ;;`);
}

function formatValues({ kind, words }: Values): string {
  return kind === "words" ? `_hubbub_complete words "${words.join(" ")}"` : `_hubbub_complete ${kind}`;
}
