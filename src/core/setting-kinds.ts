import * as v from "valibot";
import { busUrlForms, hideCredentials, parseBusUrl } from "./bus-url.ts";
import { ipVersion } from "./ip.ts";
import { formatDuration, formatSize, parseDuration, parseSize } from "./units.ts";

/** What a setting may be: how its text is read and written, and how its flag is given. */
export type Kind<T> = {
  /** Takes what a flag or variable gives (text) or what TOML gives (text, number, boolean, list). */
  schema: v.GenericSchema<unknown, T>;
  /** The value as help shows it, and as a flag takes it. */
  format: (value: T) => string;
  /** What stands for the value in help; empty for a switch, whose flag takes none. */
  placeholder: string;
  /** Its flag may be given several times. */
  isList?: true;
  /** All that it may be. */
  choices?: readonly string[];
  /** Nobody is to read it: no message, log or unit shows it. */
  isSecret?: true;
};

/** Any text but the empty one. */
export function text(placeholder: string, wanted: string): Kind<string> {
  return { schema: v.pipe(v.string(wanted), v.nonEmpty(wanted)), format: (value) => value, placeholder };
}

/** A text that may be absent, which is what the empty one means. */
export function optionalText(placeholder: string, wanted: string): Kind<string> {
  return { schema: v.string(wanted), format: (value) => (value === "" ? "none" : value), placeholder };
}

/** A token that is too long to be guessed, or `@FILE` for one in a file. */
export function token(minLength: number): Kind<string> {
  const wanted = `expected at least ${minLength} letters, digits and -._~+/, or @FILE for a file that holds them`;
  const isMeant = (value: string) => value === "" || /^@./.test(value) || isToken(value, minLength);
  return {
    schema: v.pipe(v.string(wanted), v.check(isMeant, wanted)),
    format: (value) => (value === "" ? "none" : "secret"),
    placeholder: "TOKEN",
    isSecret: true,
  };
}

/** The address of a bus, which may have a password in it; the empty one is none. */
export function busUrl(): Kind<string> {
  const wanted = `expected ${busUrlForms}`;
  const isMeant = (value: string) => value === "" || parseBusUrl(value) !== undefined;
  return {
    schema: v.pipe(v.string(wanted), v.check(isMeant, wanted)),
    format: (value) => (value === "" ? "none" : hideCredentials(value)),
    placeholder: "URL",
    isSecret: true,
  };
}

/** A name that stands in other names. */
export function prefix(maxLength: number): Kind<string> {
  const wanted = `expected 1 to ${maxLength} letters, digits and -_.:/`;
  return {
    schema: v.pipe(
      v.string(wanted),
      v.check((value) => value.length <= maxLength && /^[\w.:/-]+$/.test(value), wanted),
    ),
    format: (value) => value,
    placeholder: "NAME",
  };
}

/** Whether `value` can stand in an `Authorization: Bearer` header (RFC 6750) and has so many characters. */
export function isToken(value: string, minLength: number): boolean {
  return value.length >= minLength && value.length <= 512 && /^[\w\-.~+/]+=*$/.test(value);
}

export function integer(placeholder: string, min: number, max: number): Kind<number> {
  const wanted = `expected a whole number from ${min} to ${max}`;
  return { schema: readInteger(min, max, wanted), format: String, placeholder };
}

/** A whole number from 1 on, or `auto`. */
export function countOrAuto(max: number): Kind<number | "auto"> {
  const wanted = `expected a whole number from 1 to ${max}, or auto`;
  return {
    schema: v.union([v.literal("auto"), readInteger(1, max, wanted)], wanted),
    format: String,
    placeholder: "COUNT",
  };
}

/** A whole number, 0 for no limit, or `auto`. */
export function limit(max: number): Kind<number | "auto"> {
  const wanted = `expected a whole number from 1 to ${max}, 0 for no limit, or auto`;
  return {
    schema: v.union([v.literal("auto"), readInteger(0, max, wanted)], wanted),
    format: String,
    placeholder: "COUNT",
  };
}

/** Seconds, or 0 for off. */
export function duration(minSeconds: number, maxSeconds: number): Kind<number> {
  const [min, max] = [formatDuration(minSeconds), formatDuration(maxSeconds)];
  const example = maxSeconds <= 1 ? "2ms" : "30s or 5m";
  const off = minSeconds > 0 ? ", or 0 for off" : "";
  const wanted = `expected seconds or a duration such as ${example}, from ${min} to ${max}${off}`;
  const seconds = v.pipe(
    v.number(wanted),
    v.check((value) => (value >= minSeconds && value <= maxSeconds) || value === 0, wanted),
  );
  return { schema: readText(parseDuration, seconds, wanted), format: formatDuration, placeholder: "DURATION" };
}

/** Seconds that cannot be off. */
export function requiredDuration(minSeconds: number, maxSeconds: number): Kind<number> {
  const wanted = `expected seconds or a duration such as 30s, from ${formatDuration(minSeconds)} to ${formatDuration(maxSeconds)}`;
  const seconds = v.pipe(v.number(wanted), v.minValue(minSeconds, wanted), v.maxValue(maxSeconds, wanted));
  return { schema: readText(parseDuration, seconds, wanted), format: formatDuration, placeholder: "DURATION" };
}

/** Bytes. */
export function size(min: number, max: number): Kind<number> {
  const wanted = `expected bytes or a size such as 64KiB or 1MiB, from ${formatSize(min)} to ${formatSize(max)}`;
  return { schema: readText(parseSize, readBytes(min, max, wanted), wanted), format: formatSize, placeholder: "SIZE" };
}

/** Bytes, or 0 for no limit. */
export function sizeLimit(min: number, max: number): Kind<number> {
  const wanted = `expected bytes or a size such as 64KiB or 1MiB, from ${formatSize(min)} to ${formatSize(max)}, or 0 for no limit`;
  const bytes = v.union([v.literal(0), readBytes(min, max, wanted)], wanted);
  return { schema: readText(parseSize, bytes, wanted), format: formatSize, placeholder: "SIZE" };
}

export function oneOf<const T extends readonly [string, ...string[]]>(
  placeholder: string,
  options: T,
): Kind<T[number]> {
  const wanted = `expected ${options.slice(0, -1).join(", ")} or ${options.at(-1)}`;
  return { schema: v.picklist(options, wanted), format: (value) => value, placeholder, choices: options };
}

/** On or off. */
export function toggle(): Kind<boolean> {
  return { schema: readToggle("expected true or false"), format: String, placeholder: "" };
}

/** On, off, or as the surroundings tell. */
export function autoToggle(): Kind<boolean | "auto"> {
  const wanted = "expected true, false or auto";
  return { schema: v.union([readToggle(wanted), v.literal("auto")], wanted), format: String, placeholder: "" };
}

/** Texts that pass `isItem`, with commas between or as TOML's array. */
export function list(isItem: (text: string) => boolean, wanted: string): Kind<readonly string[]> {
  const items = v.array(v.pipe(v.string(wanted), v.check(isItem, wanted)), wanted);
  const joined = v.pipe(
    v.string(),
    v.transform((value) => value.split(",").map((part) => part.trim())),
    v.transform((parts) => parts.filter((part) => part !== "")),
    items,
  );
  return {
    schema: v.union([items, joined], wanted),
    format: (value) => (value.length === 0 ? "none" : value.join(",")),
    placeholder: "LIST",
    isList: true,
  };
}

/** What an `AddressList` is made of. */
export function addresses(): Kind<readonly string[]> {
  return list(
    (item) => item === "loopback" || item === "private" || isAddressRange(item),
    "expected addresses or ranges such as 10.0.0.0/8, or loopback or private, with commas between",
  );
}

/** `192.0.2.1`, `10.0.0.0/8`, `fc00::/7`. */
function isAddressRange(value: string): boolean {
  const [address = "", bits, ...rest] = value.split("/");
  if (rest.length > 0) return false;
  const version = ipVersion(address);
  if (version === 0) return false;
  return bits === undefined || (/^\d+$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128));
}

function readInteger(min: number, max: number, wanted: string) {
  const number = v.pipe(v.number(wanted), v.integer(wanted), v.minValue(min, wanted), v.maxValue(max, wanted));
  return v.union([number, v.pipe(v.string(), v.regex(/^\d+$/, wanted), v.transform(Number), number)], wanted);
}

function readBytes(min: number, max: number, wanted: string) {
  return v.pipe(v.number(wanted), v.integer(wanted), v.minValue(min, wanted), v.maxValue(max, wanted));
}

function readToggle(wanted: string) {
  return v.union(
    [
      v.boolean(),
      v.pipe(
        v.picklist(["true", "false"]),
        v.transform((value) => value === "true"),
      ),
    ],
    wanted,
  );
}

/** What `schema` takes, or a text that `parse` turns into it. */
function readText(
  parse: (text: string) => number | undefined,
  schema: v.GenericSchema<number, number>,
  wanted: string,
): v.GenericSchema<unknown, number> {
  const parsed = v.pipe(
    v.string(),
    v.transform((value) => parse(value) ?? Number.NaN),
    schema,
  );
  return v.union([schema, parsed], wanted);
}
