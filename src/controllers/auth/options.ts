import { Fault, nameKind } from "../../core/errors.ts";
import type { Algorithm, JwtOptions } from "./contract.ts";
import { type Keys, readKeys } from "./keys.ts";
import { optionFault } from "./option-fault.ts";

/** Options of `jwt` that were checked. */
export type Trust = {
  keys: Keys;
  algorithms: readonly Algorithm[];
  issuer: readonly string[] | undefined;
  audience: readonly string[] | undefined;
  typ: string | undefined;
  clockToleranceSeconds: number;
  /** The same for options that believe the same tokens. */
  fingerprint: string;
};

const MAX_TOLERANCE_SECONDS = 300;
const DEFAULT_TOLERANCE_SECONDS = 5;

const keyNames = ["secret", "publicKey", "jwks"] as const;

const names: readonly string[] = [
  ...keyNames,
  "allowHttp",
  "issuer",
  "audience",
  "algorithms",
  "typ",
  "clockTolerance",
  "cookie",
  "schema",
] satisfies (keyof JwtOptions)[];

/**
 * Checks the options of `jwt`: one that is misspelt or undefined would let more tokens pass than was meant.
 *
 * @throws {Fault} `AUTH_OPTIONS` with the option and what is wanted; never with a key.
 */
export function readTrust(options: JwtOptions<unknown>): Trust {
  for (const [name, value] of Object.entries(options)) {
    if (!names.includes(name)) throw optionFault(name, "there is no such option", `one of ${names.join(", ")}`);
    if (value === undefined && !isKeyName(name)) throw optionFault(name, "it is undefined", "a value, or no option");
  }
  const given = keyNames.filter((name) => name in options);
  if (given.length !== 1) {
    const which = given.length === 0 ? "no key is given" : `${given.join(" and ")} are given`;
    throw new Fault("AUTH_OPTIONS", `Cannot check tokens: ${which}, expected one of secret, publicKey and jwks`);
  }
  const keys = readKeys(options);
  const algorithms = readAlgorithms(options.algorithms, keys.algorithms);
  const issuer = readTexts("issuer", options.issuer);
  const audience = readTexts("audience", options.audience);
  const typ = readText("typ", options.typ);
  readText("cookie", options.cookie);
  checkSchema(options.schema);
  const clockToleranceSeconds = readTolerance(options.clockTolerance);
  const all = JSON.stringify([keys.fingerprint, algorithms, issuer, audience, typ, clockToleranceSeconds]);
  const fingerprint = new Bun.CryptoHasher("sha256").update(all).digest("base64url");
  return { keys, algorithms, issuer, audience, typ, clockToleranceSeconds, fingerprint };
}

function isKeyName(name: string): boolean {
  return keyNames.some((keyName) => keyName === name);
}

function readAlgorithms(given: readonly Algorithm[] | undefined, possible: readonly Algorithm[]): readonly Algorithm[] {
  if (given === undefined) return possible;
  const wanted = `some of ${possible.join(", ")}, which the key allows`;
  if (!Array.isArray(given) || given.length === 0) {
    throw optionFault("algorithms", Array.isArray(given) ? "it is empty" : `it is ${nameKind(given)}`, wanted);
  }
  const wrong: unknown = given.find((name) => !possible.includes(name));
  if (wrong !== undefined) throw optionFault("algorithms", `it has ${Bun.inspect(wrong)}`, wanted);
  return given;
}

function readTexts(name: string, value: unknown): readonly string[] | undefined {
  if (value === undefined) return undefined;
  const list: unknown[] = Array.isArray(value) ? value : [value];
  const texts = list.filter((text) => typeof text === "string" && text !== "");
  if (texts.length === list.length && list.length > 0) return texts as string[];
  const isEmpty = list.length === 0 || list.includes("");
  throw optionFault(
    name,
    isEmpty ? "it is empty" : `it has ${nameKind(list.find((text) => typeof text !== "string"))}`,
    "a text or a list of texts",
  );
}

function readText(name: string, value: unknown): string | undefined {
  if (value === undefined || (typeof value === "string" && value !== "")) return value;
  throw optionFault(name, value === "" ? "it is empty" : `it is ${nameKind(value)}`, "a text");
}

function readTolerance(value: unknown): number {
  if (value === undefined) return DEFAULT_TOLERANCE_SECONDS;
  if (typeof value === "number" && value >= 0 && value <= MAX_TOLERANCE_SECONDS) return value;
  const is = typeof value === "number" ? String(value) : nameKind(value);
  throw optionFault("clockTolerance", `it is ${is}`, `0 to ${MAX_TOLERANCE_SECONDS} seconds`);
}

function checkSchema(schema: unknown): void {
  if (schema === undefined) return;
  const isObject = (typeof schema === "object" && schema !== null) || typeof schema === "function";
  const standard: unknown = isObject && "~standard" in schema ? schema["~standard"] : undefined;
  const validate: unknown =
    typeof standard === "object" && standard !== null && "validate" in standard ? standard.validate : undefined;
  if (typeof validate !== "function") {
    throw optionFault(
      "schema",
      `it is ${nameKind(schema)}`,
      "a schema of valibot or of another Standard Schema library",
    );
  }
}
