import { Fault } from "../core/errors.ts";
import { type Command, formatUsage } from "./command.ts";
import { print } from "./print.ts";

const shells = ["bash", "zsh", "fish"] as const;

/** `hubbub completion`, which knows all that `listCommands` returns. */
export function createCompletionCommand(listCommands: () => readonly Command[]): Command {
  const command: Command = {
    name: "completion",
    summary: "Print a script that completes commands in a shell",
    text: `Prints a script for bash, zsh or fish. With it the Tab key completes commands, flags, what a flag may be, and files.`,
    operands: ["SHELL"],
    examples: [
      { line: "source <(hubbub completion bash)", text: "a line for ~/.bashrc" },
      { line: "source <(hubbub completion zsh)", text: "a line for ~/.zshrc, after compinit" },
      { line: "hubbub completion fish | source", text: "a line for ~/.config/fish/config.fish" },
    ],
    flags: {},
    choices: { SHELL: shells },
    takesSettings: false,
    run: async ({ operands: [shell = ""] }) => {
      if (!isShell(shell)) {
        const is = `completion takes ${shells.slice(0, -1).join(", ")} or ${shells.at(-1)}`;
        throw new Fault("ARGUMENT_UNEXPECTED", `Cannot use "${shell}": ${is}, expected ${formatUsage(command)}`);
      }
      const { formatCompletion } = await import("./completion/script.ts");
      return print(formatCompletion(shell, listCommands()));
    },
  };
  return command;
}

function isShell(name: string): name is (typeof shells)[number] {
  return (shells as readonly string[]).includes(name);
}
