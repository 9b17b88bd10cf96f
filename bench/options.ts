import { parseArgs } from "node:util";
import { type Case, cases, findCase } from "./cases.ts";

/** What the command line of `bun run bench` says. */
export type BenchOptions = {
  /** What is measured: the cases, other servers, settings, or several workers. */
  section: "cases" | "peers" | "settings" | "workers";
  cases: readonly Case[];
  isQuick: boolean;
  /** The control takes Hubbub's place: how far is a ratio from 1 that must be 1? */
  isNoise: boolean;
  pairs: number;
  /** Flags for Hubbub. */
  flags: string[];
  /** Where the results go as JSON. */
  json?: string;
  /** The table goes into its page. */
  write: boolean;
  list: boolean;
  help: boolean;
};

const options = {
  quick: { type: "boolean" },
  only: { type: "string", multiple: true },
  peers: { type: "boolean" },
  settings: { type: "boolean" },
  workers: { type: "boolean" },
  noise: { type: "boolean" },
  pairs: { type: "string" },
  flags: { type: "string" },
  json: { type: "string" },
  write: { type: "boolean" },
  list: { type: "boolean" },
  help: { type: "boolean", short: "h" },
} as const;

/**
 * Reads the command line.
 *
 * @throws {Error} one sentence: what is wrong and what is expected
 */
export function readOptions(argv: readonly string[]): BenchOptions {
  const { tokens, values } = parseArgs({
    args: [...argv],
    options,
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  for (const token of tokens) {
    if (token.kind === "positional")
      throw new Error(`Cannot use "${token.value}": bench takes options only, expected ${listNames()}`);
    if (token.kind !== "option") continue;
    if (!isName(token.name)) throw new Error(`Cannot use "${token.rawName}": it is no option, expected ${listNames()}`);
    const takesValue = options[token.name].type === "string";
    if (takesValue && (token.value === undefined || token.value === ""))
      throw new Error(`Cannot use "${token.rawName}": it has no value, expected ${token.rawName} VALUE`);
    if (!takesValue && token.value !== undefined)
      throw new Error(`Cannot use "${token.rawName}=${token.value}": it takes no value, expected ${token.rawName}`);
  }
  const isQuick = values.quick === true;
  const [section = "cases", other] = (["peers", "settings", "workers"] as const).filter(
    (name) => values[name] === true,
  );
  if (other !== undefined) throw new Error(`Cannot use --${section} with --${other}: expected one of them`);
  if (values.only !== undefined && section !== "cases")
    throw new Error(`Cannot use --only with --${section}: it has cases of its own`);
  const isNoise = values.noise === true;
  if (isNoise && section !== "cases") throw new Error(`Cannot use --noise with --${section}: expected one of them`);
  if (values.write === true && (isQuick || isNoise || values.only !== undefined || values.flags !== undefined))
    throw new Error("Cannot use --write with --quick, --noise, --only or --flags: expected a table that is whole");
  const json = values.json as string | undefined;
  return {
    section,
    cases: chooseCases((values.only ?? []) as string[], isQuick),
    isQuick,
    isNoise,
    pairs: readPairs(values.pairs as string | undefined, isQuick ? 3 : 5),
    flags: ((values.flags as string | undefined) ?? "").split(/\s+/).filter((flag) => flag !== ""),
    ...(json === undefined ? {} : { json }),
    write: values.write === true,
    list: values.list === true,
    help: values.help === true,
  };
}

function chooseCases(names: readonly string[], isQuick: boolean): readonly Case[] {
  if (names.length === 0) return cases.filter((known) => known.isQuick || !isQuick);
  return names
    .flatMap((list) => list.split(","))
    .map((name) => {
      const found = findCase(name);
      if (found === undefined)
        throw new Error(
          `Cannot measure "${name}": there is no such case, expected ${cases.map((known) => known.name).join(", ")}`,
        );
      return found;
    });
}

function readPairs(text: string | undefined, usual: number): number {
  if (text === undefined) return usual;
  if (!/^[1-9]\d{0,2}$/.test(text))
    throw new Error(`Cannot use --pairs "${text}": expected a whole number from 1 to 999`);
  return Number(text);
}

function isName(name: string): name is keyof typeof options {
  return Object.hasOwn(options, name);
}

function listNames(): string {
  return Object.keys(options)
    .map((name) => `--${name}`)
    .join(", ");
}
