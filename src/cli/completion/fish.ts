import { type CommandEntry, type FlagEntry, listValueFlags, type Values } from "./entries.ts";

/** The script for fish. */
export function formatFish(entries: readonly CommandEntry[]): string {
  return `# Completion of hubbub for fish: hubbub completion fish | source
function __hubbub_is
    set -l command ''
    set -l is_value no
    for word in (commandline -opc)[2..]
        if test $is_value = yes
            set is_value no
        else if contains -- $word ${listValueFlags(entries).join(" ")}
            set is_value yes
        else if not string match -q -- '-*' $word
            set command $word
            break
        end
    end
    contains -- "$command" $argv
end

complete -c hubbub -f
${entries.map(({ name, summary }) => `complete -c hubbub -n "__hubbub_is ''" -a ${name} -d ${quote(summary)}`).join("\n")}
${entries.flatMap(formatCommand).join("\n")}
`;
}

function formatCommand({ name, flags, operands }: CommandEntry, index: number): string[] {
  // The first command is meant where none is named.
  const flagStart = `complete -c hubbub -n "__hubbub_is ${name}${index === 0 ? " ''" : ""}"`;
  const places = operands.flatMap(({ values }) =>
    values.kind === "nothing" ? [] : [`complete -c hubbub -n "__hubbub_is ${name}" ${formatValues(values)}`],
  );
  return [...flags.map((flag) => `${flagStart} ${formatFlag(flag)}`), ...places];
}

function formatFlag({ name, short, description, placeholder, values }: FlagEntry): string {
  const names = [...(short === undefined ? [] : ["-s", short]), "-l", name, "-d", quote(description)].join(" ");
  if (placeholder === undefined) return names;
  return values.kind === "nothing" ? `${names} -x` : `${names} -r ${formatValues(values)}`;
}

function formatValues({ kind, words }: Values): string {
  if (kind === "words") return `-f -a ${quote(words.join(" "))}`;
  return kind === "files" ? "-F" : "-f -a '(__fish_complete_directories (commandline -ct))'";
}

function quote(text: string): string {
  return `'${text.replaceAll(/['\\]/g, String.raw`\$&`)}'`;
}
