import { parseArgs } from "node:util";
import { Fault } from "../core/errors.ts";
import { isList, isSwitch, type SettingName, settingNames } from "../core/settings.ts";
import { findClosest } from "./closest.ts";
import { type Command, formatUsage, type Given } from "./command.ts";

/** What the command line says. */
export type Arguments = Given & {
  command: Command;
  /** The command line names the command; else it is `serve`. */
  isNamed: boolean;
  /** `--help` or `--version` was given. */
  help: boolean;
  version: boolean;
};

type Token = { name: string; rawName: string; value?: string | undefined };

const common = { help: "h", version: "v" } as const;

/**
 * Reads `argv`, without the executable; no command means the first of `commands`.
 *
 * A list's flag may be given several times; of any other the last one counts.
 *
 * @throws {Fault} `COMMAND_UNKNOWN`, `FLAG_UNKNOWN`, `FLAG_VALUE` for a flag without its value, `ARGUMENT_UNEXPECTED` and
 * `ARGUMENT_MISSING`.
 */
export function readArguments(argv: readonly string[], commands: readonly Command[]): Arguments {
  const passedOn = commands.find(({ name, isPassedOn }) => isPassedOn === true && name === argv[0]);
  if (passedOn !== undefined) return { ...emptyArguments(passedOn), isNamed: true, operands: argv.slice(1) };
  const options = listOptions(commands);
  const { tokens } = parseArgs({ args: [...argv], options, strict: false, allowPositionals: true, tokens: true });
  const positionals = tokens.filter((token) => token.kind === "positional");
  const [name, ...operands] = positionals.map(({ value }) => value);
  const flags = tokens.filter((token) => token.kind === "option");
  const guessed = commands.find((each) => each.name === name) ?? commands[0]!;
  // What follows a wrong flag may look like the command, so the flags are looked at first.
  for (const flag of flags) checkFlag(flag, options, guessed);
  const command = name === undefined ? guessed : findCommand(name, commands);
  const given = { ...emptyArguments(command), isNamed: name !== undefined, ...splitOperands(command, operands, argv) };
  for (const flag of flags) takeFlag(given, flag);
  if (!given.help && !given.version) checkOperands(command, given.operands);
  return given;
}

function emptyArguments(command: Command) {
  return {
    command,
    isNamed: false,
    operands: [] as readonly string[],
    flags: {} as Record<string, string | true>,
    settings: {} as Partial<Record<SettingName, string>>,
    help: false,
    version: false,
  };
}

/** @throws {Fault} `COMMAND_UNKNOWN` */
export function findCommand(name: string, commands: readonly Command[]): Command {
  const command = commands.find((each) => each.name === name);
  if (command !== undefined) return command;
  const names = commands.map((each) => each.name);
  const wanted = findClosest(name, names) ?? (/[./]/.test(name) ? `hubbub serve ${name}` : names.join(", "));
  throw new Fault("COMMAND_UNKNOWN", `Cannot run "${name}": there is no such command, expected ${wanted}`);
}

type Options = Record<string, { type: "boolean" | "string"; short?: string; placeholder: string }>;

/** Every flag that any command takes: which ones have a value must be known before the command is. */
function listOptions(commands: readonly Command[]): Options {
  const options: Options = {};
  for (const [name, short] of Object.entries(common)) options[name] = { type: "boolean", short, placeholder: "" };
  for (const name of settingNames) {
    options[name] = { type: isSwitch(name) ? "boolean" : "string", placeholder: "VALUE" };
  }
  for (const { flags } of commands) {
    for (const [name, { placeholder = "", short }] of Object.entries(flags)) {
      options[name] = { type: placeholder === "" ? "boolean" : "string", placeholder, ...(short && { short }) };
    }
  }
  return options;
}

/** @throws {Fault} `FLAG_UNKNOWN` for what no command takes, `FLAG_VALUE` */
function checkFlag({ name, rawName, value }: Token, options: Options, command: Command): void {
  const option = Object.hasOwn(options, name) ? options[name] : undefined;
  if (option === undefined && !isNegatedSwitch(name)) throw unknownFlag(command, rawName);
  if (option?.type === "string" && (value === undefined || value.startsWith("--"))) {
    throw new Fault(
      "FLAG_VALUE",
      `Cannot use flag "${rawName}": it has no value, expected ${rawName} ${option.placeholder}`,
    );
  }
}

/** @throws {Fault} `FLAG_UNKNOWN` for what another command takes */
function takeFlag(given: ReturnType<typeof emptyArguments>, { name, rawName, value }: Token): void {
  const { command, settings } = given;
  if (name === "help" || name === "version") {
    given[name] = true;
  } else if (Object.hasOwn(command.flags, name)) {
    given.flags[name] = value ?? true;
  } else if (command.takesSettings && isNegatedSwitch(name) && value === undefined) {
    settings[name.slice(3) as SettingName] = "false";
  } else if (!command.takesSettings || !isSetting(name)) {
    throw unknownFlag(command, rawName);
  } else if (isList(name) && settings[name] !== undefined) {
    settings[name] += `,${value}`;
  } else {
    settings[name] = value ?? "true";
  }
}

function isNegatedSwitch(name: string): boolean {
  const negated = name.slice(3);
  return name.startsWith("no-") && isSetting(negated) && isSwitch(negated);
}

function isSetting(name: string): name is SettingName {
  return (settingNames as string[]).includes(name);
}

function unknownFlag(command: Command, rawName: string): Fault {
  const names = [...Object.keys(command.flags), ...(command.takesSettings ? settingNames : []), ...Object.keys(common)];
  const close = findClosest(rawName.replace(/^-+/, ""), names);
  const wanted = close === undefined ? `one that \`hubbub help ${command.name}\` lists` : `--${close}`;
  return new Fault("FLAG_UNKNOWN", `Cannot use flag "${rawName}": there is no such flag, expected ${wanted}`);
}

/** What stands after `--` are operands too, unless the command says what else. */
function splitOperands(
  { rest }: Command,
  operands: string[],
  argv: readonly string[],
): Pick<Given, "operands" | "rest"> {
  const end = argv.indexOf("--");
  if (rest === undefined) return { operands };
  const count = end < 0 ? 0 : argv.length - end - 1;
  return { operands: operands.slice(0, operands.length - count), rest: operands.slice(operands.length - count) };
}

function checkOperands(command: Command, given: readonly string[]): void {
  const { operands } = command;
  const missing = operands.slice(given.length).find((name) => !name.startsWith("["));
  if (missing !== undefined) {
    throw new Fault(
      "ARGUMENT_MISSING",
      `Cannot run "${command.name}": ${missing} is missing, expected ${formatUsage(command)}`,
    );
  }
  const unexpected = operands.at(-1)?.includes("...") ? undefined : given[operands.length];
  if (unexpected !== undefined) {
    throw new Fault(
      "ARGUMENT_UNEXPECTED",
      `Cannot use "${unexpected}": ${command.name} takes ${describeOperands(operands)}, expected ${formatUsage(command)}`,
    );
  }
}

function describeOperands(operands: readonly string[]): string {
  if (operands.length === 0) return "no arguments";
  return operands.length === 1 ? `only ${operands[0]}` : `only ${operands.join(" and ")}`;
}
