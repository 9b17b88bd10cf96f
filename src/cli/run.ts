import { Fault } from "../core/errors.ts";
import { version } from "../core/version.ts";
import { type Arguments, findClosest } from "./args.ts";
import { commands, isCommand } from "./commands.ts";
import { formatCommandHelp, formatHelp } from "./help.ts";
import { serve } from "./serve.ts";

/**
 * Runs the command that the arguments name; returns the exit code.
 *
 * @throws {Fault} `COMMAND_UNKNOWN`, and whatever the command throws.
 */
export async function runCommand(given: Arguments): Promise<number> {
  const { command, operands } = given;
  if (given.version) return print(`hubbub ${version} (Bun ${Bun.version})\n`);
  if (!isCommand(command)) throw unknownCommand(command);
  if (given.help)
    return print(command === "serve" && !process.argv.includes("serve") ? formatHelp() : formatCommandHelp(command));
  switch (command) {
    case "serve":
      return serve(given);
    case "version":
      return print(`hubbub ${version} (Bun ${Bun.version})\n`);
    case "help": {
      const [name] = operands;
      if (name === undefined) return print(formatHelp());
      if (!isCommand(name)) throw unknownCommand(name);
      return print(formatCommandHelp(name));
    }
  }
}

function unknownCommand(name: string): Fault {
  const names = Object.keys(commands);
  const close = findClosest(name, names);
  const wanted = close ?? (/[./]/.test(name) ? `hubbub serve ${name}` : names.join(", "));
  return new Fault("COMMAND_UNKNOWN", `Cannot run "${name}": there is no such command, expected ${wanted}`);
}

function print(text: string): number {
  process.stdout.write(text);
  return 0;
}
