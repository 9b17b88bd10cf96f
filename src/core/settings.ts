import { isIP } from "node:net";
import * as v from "valibot";
import { formatSize, parseDuration, parseSize } from "./units.ts";

const MIB = 1024 ** 2;
const DAY_SECONDS = 86_400;

const oneOf = <const T extends readonly [string, ...string[]]>(options: T) =>
  v.picklist(options, `expected ${options.slice(0, -1).join(", ")} or ${options.at(-1)}`);

const integer = (min: number, max: number) => {
  const message = `expected a whole number from ${min} to ${max}`;
  const number = v.pipe(v.number(message), v.integer(message), v.minValue(min, message), v.maxValue(max, message));
  return v.union([number, v.pipe(v.string(), v.regex(/^\d+$/, message), v.transform(Number), number)], message);
};

const duration = (message: string) => {
  const seconds = v.pipe(v.number(message), v.minValue(0, message), v.maxValue(DAY_SECONDS, message));
  return v.union(
    [
      seconds,
      v.pipe(
        v.string(),
        v.transform((text) => parseDuration(text) ?? Number.NaN),
        seconds,
      ),
    ],
    message,
  );
};

const size = (min: number) => {
  const message = `expected bytes or a size such as 64KiB or 1MiB, from ${formatSize(min)} to 1GiB`;
  const bytes = v.pipe(
    v.number(message),
    v.integer(message),
    v.minValue(min, message),
    v.maxValue(1024 * MIB, message),
  );
  return v.union(
    [
      bytes,
      v.pipe(
        v.string(),
        v.transform((text) => parseSize(text) ?? Number.NaN),
        bytes,
      ),
    ],
    message,
  );
};

const list = (item: (text: string) => boolean, message: string) => {
  const items = v.array(v.pipe(v.string(message), v.check(item, message)), message);
  const text = v.pipe(
    v.string(),
    v.transform((joined) => joined.split(",").map((part) => part.trim())),
    v.transform((parts) => parts.filter((part) => part !== "")),
    items,
  );
  return v.union([items, text], message);
};

const durationMessage = "expected seconds or a duration such as 30s or 5m, from 1s to 1d, or 0 for off";
const offOrFromOneSecond = (seconds: number) => seconds === 0 || seconds >= 1;

const toggle = v.union(
  [
    v.boolean(),
    v.pipe(
      v.picklist(["true", "false"]),
      v.transform((text) => text === "true"),
    ),
  ],
  "expected true or false",
);

/**
 * Every setting, by the name of its flag: `--max-message`, `HUBBUB_MAX_MESSAGE`, `max-message` in hubbub.toml.
 *
 * A value is what a flag or variable gives (text) or what TOML gives (text, number, list).
 */
export const settings = {
  host: v.pipe(
    v.string("expected an address or a host name"),
    v.nonEmpty("expected an address or a host name"),
    v.metadata({ placeholder: "ADDRESS" }),
    v.description("The address to listen on; 0.0.0.0 or :: for all of them"),
  ),
  port: v.pipe(
    integer(0, 65_535),
    v.metadata({ placeholder: "PORT" }),
    v.description("The port to listen on; 0 takes a free one"),
  ),
  timeout: v.pipe(
    duration(durationMessage),
    v.check(offOrFromOneSecond, durationMessage),
    v.metadata({ placeholder: "DURATION" }),
    v.description("Close a session from which nothing was heard for this long; 0 for never"),
  ),
  ping: v.pipe(
    duration(durationMessage),
    v.check(offOrFromOneSecond, durationMessage),
    v.metadata({ placeholder: "DURATION" }),
    v.description("Ping every session this often, so that a live but silent one stays; 0 for never"),
  ),
  "max-message": v.pipe(
    size(1),
    v.metadata({ placeholder: "SIZE" }),
    v.description("The largest message taken from a session, and the largest HTTP body"),
  ),
  "max-backlog": v.pipe(
    size(1024),
    v.metadata({ placeholder: "SIZE" }),
    v.description("Close a session that reads too slowly once this much waits for it"),
  ),
  origins: v.pipe(
    list(
      (text) => /^(\*|([a-z][a-z\d+.-]*:\/\/)?(\*\.)?[^\s/*,]+)$/i.test(text),
      "expected names such as https://example.com, example.com or *.example.com, with commas between",
    ),
    v.metadata({ placeholder: "LIST" }),
    v.description("Other origins whose pages may open sessions: https://example.com, *.example.com, or * for all"),
  ),
  "trust-proxy": v.pipe(
    list(
      (text) => text === "loopback" || text === "private" || isAddressRange(text),
      "expected addresses or ranges such as 10.0.0.0/8, or loopback or private, with commas between",
    ),
    v.metadata({ placeholder: "LIST" }),
    v.description("Proxies whose X-Forwarded-* headers are believed: addresses, ranges, loopback, private"),
  ),
  watch: v.pipe(
    toggle,
    v.metadata({ placeholder: "" }),
    v.description("Load controllers again when a file changes; --no-watch for only on SIGHUP"),
  ),
  "live-pages": v.pipe(
    v.union([toggle, v.literal("auto")], "expected true, false or auto"),
    v.metadata({ placeholder: "" }),
    v.description("Reload pages in browsers when a file in public/ changes; auto: on a terminal"),
  ),
  "log-level": v.pipe(
    oneOf(["debug", "info", "warning", "error"]),
    v.metadata({ placeholder: "LEVEL" }),
    v.description("The least severe log lines to print: debug, info, warning or error"),
  ),
  "log-format": v.pipe(
    oneOf(["auto", "json", "pretty"]),
    v.metadata({ placeholder: "FORMAT" }),
    v.description("json, pretty, or auto: pretty on a terminal and json elsewhere"),
  ),
};

export type SettingName = keyof typeof settings;

export const settingNames = Object.keys(settings) as SettingName[];

export const defaults = {
  host: "127.0.0.1",
  port: 3000,
  timeout: 300,
  ping: 30,
  "max-message": MIB,
  "max-backlog": MIB,
  origins: [],
  "trust-proxy": [],
  watch: true,
  "live-pages": "auto",
  "log-level": "info",
  "log-format": "auto",
} as const satisfies { [K in SettingName]: v.InferOutput<(typeof settings)[K]> };

/** Whether a setting is on or off and its flag takes no value: `--watch`, `--no-watch`. */
export function isSwitch(name: SettingName): boolean {
  return name === "watch" || name === "live-pages";
}

/** `HUBBUB_MAX_MESSAGE` for `max-message`. */
export function variableName(name: SettingName): string {
  return `HUBBUB_${name.replaceAll("-", "_").toUpperCase()}`;
}

/** What help and docs say of a setting. */
export function describeSetting(name: SettingName): { description: string; placeholder: string; defaultText: string } {
  const schema = settings[name];
  const value = defaults[name];
  const isSize = name === "max-message" || name === "max-backlog";
  return {
    description: v.getDescription(schema) ?? "",
    placeholder: v.getMetadata(schema)["placeholder"] as string,
    defaultText: isSize ? formatSize(value as number) : Array.isArray(value) ? "none" : String(value),
  };
}

function isAddressRange(text: string): boolean {
  const [address = "", bits, ...rest] = text.split("/");
  if (rest.length > 0) return false;
  const version = isIP(address);
  if (version === 0) return false;
  return bits === undefined || (/^\d+$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128));
}
