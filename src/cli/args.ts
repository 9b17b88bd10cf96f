import { parseArgs } from "node:util";
import { isList, isSwitch, type SettingName, settingNames } from "../core/settings.ts";
import { Fault } from "../core/errors.ts";

/** What the command line says. */
export type Arguments = {
  command: string;
  /** What follows the command. */
  operands: string[];
  flags: Partial<Record<SettingName, string>>;
  /** `--help` or `--version` was given. */
  help: boolean;
  version: boolean;
};

const switches = {
  help: { type: "boolean", short: "h" },
  version: { type: "boolean", short: "v" },
} as const;

/**
 * Reads `argv`, without the executable; no command means `serve`.
 *
 * A list's flag may be given several times; of any other the last one counts.
 *
 * @throws {Fault} `FLAG_UNKNOWN`, or `FLAG_VALUE` for a flag without its value.
 */
export function readArguments(argv: readonly string[]): Arguments {
  const values = Object.fromEntries(
    settingNames.map((name) => [name, { type: isSwitch(name) ? "boolean" : "string" } as const]),
  );
  const { tokens } = parseArgs({
    args: [...argv],
    options: { ...switches, ...values },
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const given: Arguments = { command: "serve", operands: [], flags: {}, help: false, version: false };
  const positionals: string[] = [];
  for (const token of tokens) {
    if (token.kind === "positional") positionals.push(token.value);
    else if (token.kind === "option") takeOption(given, token);
  }
  const [command = "serve", ...operands] = positionals;
  return { ...given, command, operands };
}

function takeOption(
  given: Arguments,
  { name, rawName, value }: { name: string; rawName: string; value?: string | undefined },
): void {
  if (name === "help" || name === "version") {
    given[name] = true;
    return;
  }
  const negated = name.startsWith("no-") ? name.slice(3) : "";
  if (isSetting(negated) && isSwitch(negated) && value === undefined) {
    given.flags[negated] = "false";
    return;
  }
  if (!isSetting(name)) {
    const close = findClosest(name, [...settingNames, ...Object.keys(switches)]);
    const wanted = close === undefined ? "one that `hubbub help serve` lists" : `--${close}`;
    throw new Fault("FLAG_UNKNOWN", `Cannot use flag "${rawName}": there is no such flag, expected ${wanted}`);
  }
  if (isSwitch(name)) {
    given.flags[name] = value ?? "true";
    return;
  }
  if (value === undefined || value.startsWith("--")) {
    throw new Fault("FLAG_VALUE", `Cannot use flag "--${name}": it has no value, expected --${name} VALUE`);
  }
  const isMore = isList(name) && given.flags[name] !== undefined;
  given.flags[name] = isMore ? `${given.flags[name]},${value}` : value;
}

function isSetting(name: string): name is SettingName {
  return (settingNames as string[]).includes(name);
}

/** The name that was probably meant: one with at most two letters changed, added or left out. */
export function findClosest(name: string, names: readonly string[]): string | undefined {
  let closest: string | undefined;
  let least = 3;
  for (const candidate of names) {
    const distance = countEdits(name, candidate);
    if (distance < least) [closest, least] = [candidate, distance];
  }
  return closest;
}

function countEdits(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const substitution = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(substitution, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
