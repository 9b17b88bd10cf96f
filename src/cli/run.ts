import { readArguments } from "./args.ts";
import { commands } from "./commands.ts";
import { formatCommandHelp, formatHelp } from "./help.ts";
import { print } from "./print.ts";
import { printVersion } from "./version.ts";

/**
 * Runs the command that `argv` names; returns the exit code.
 *
 * @throws {Fault} what `readArguments` throws, and whatever the command throws.
 */
export async function runCommand(argv: readonly string[]): Promise<number> {
  const given = readArguments(argv, commands);
  const { command, isNamed, help, version } = given;
  if (version) return printVersion();
  if (help) return print(isNamed ? formatCommandHelp(command) : formatHelp(commands));
  return command.run(given);
}
