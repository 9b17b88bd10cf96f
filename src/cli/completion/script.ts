import type { Command } from "../command.ts";
import { formatBash } from "./bash.ts";
import { listEntries } from "./entries.ts";
import { formatFish } from "./fish.ts";
import { formatZsh } from "./zsh.ts";

const formats = { bash: formatBash, zsh: formatZsh, fish: formatFish };

/** The script with which `shell` completes `commands`. */
export function formatCompletion(shell: keyof typeof formats, commands: readonly Command[]): string {
  return formats[shell](listEntries(commands));
}
