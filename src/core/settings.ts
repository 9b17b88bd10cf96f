import { parseOriginPattern } from "./origin-pattern.ts";
import {
  addresses,
  autoToggle,
  busUrl,
  countOrAuto,
  duration,
  integer,
  type Kind,
  limit,
  list,
  oneOf,
  optionalText,
  prefix,
  requiredDuration,
  size,
  sizeLimit,
  text,
  toggle,
  token,
} from "./setting-kinds.ts";

const KIB = 1024;
const MIB = 1024 ** 2;
const GIB = 1024 ** 3;
const DAY_SECONDS = 86_400;

/** The shortest token that `--admin-token` takes. */
export const MIN_ADMIN_TOKEN_LENGTH = 16;

/** One setting: its name in code, with the unit, what it may be, and what it is if nobody says. */
type Setting<Key extends string, T> = {
  key: Key;
  kind: Kind<T>;
  /** The default. */
  value: T;
  /** The heading that help and docs list it under. */
  section: Section;
  description: string;
};

/** More threads than any machine of today has cores. */
const MAX_WORKERS = 256;

const sections = [
  "Address",
  "Sessions",
  "Groups",
  "Limits",
  "Browsers and proxies",
  "Controllers",
  "Scaling",
  "Administration",
  "Log",
] as const;

type Section = (typeof sections)[number];

function setting<const Key extends string, T>(
  key: Key,
  section: Section,
  kind: Kind<T>,
  value: NoInfer<T>,
  description: string,
): Setting<Key, T> {
  return { key, kind, value, section, description };
}

/** Every setting, by the name of its flag: `--max-message`, `HUBBUB_MAX_MESSAGE`, `max-message` in hubbub.toml. */
export const settings = {
  host: setting(
    "host",
    "Address",
    text("ADDRESS", "expected an address or a host name"),
    "127.0.0.1",
    "The address to listen on; 0.0.0.0 or :: for all of them",
  ),
  port: setting("port", "Address", integer("PORT", 0, 65_535), 3000, "The port to listen on; 0 takes a free one"),
  "tls-cert": setting(
    "tlsCertFile",
    "Address",
    optionalText("FILE", "expected a file"),
    "",
    "Serve https and wss with the certificate chain in this PEM file; it is read again when it changes",
  ),
  "tls-key": setting(
    "tlsKeyFile",
    "Address",
    optionalText("FILE", "expected a file"),
    "",
    "The private key of --tls-cert, a PEM file",
  ),
  timeout: setting(
    "timeoutSeconds",
    "Sessions",
    duration(1, DAY_SECONDS),
    300,
    "Close a session from which nothing was heard for this long; 0 for never",
  ),
  ping: setting(
    "pingSeconds",
    "Sessions",
    duration(1, DAY_SECONDS),
    30,
    "Ping every session this often, so that a live but silent one stays; 0 for never",
  ),
  drain: setting(
    "drainSeconds",
    "Sessions",
    duration(1, 3600),
    10,
    "Spread the closing of sessions over at most this long when the server stops; 0 for all at once",
  ),
  compress: setting(
    "compress",
    "Sessions",
    toggle(),
    false,
    "Compress messages to clients that offer it (permessage-deflate)",
  ),
  "compress-min": setting(
    "compressMinBytes",
    "Sessions",
    size(0, MIB),
    KIB,
    "With --compress, send smaller messages as they are",
  ),
  coalesce: setting(
    "coalesceSeconds",
    "Groups",
    duration(0.001, 1),
    0.002,
    "Let messages to a group that was written less than this ago wait, and go out together; 0 for at once",
  ),
  "max-groups": setting(
    "maxGroups",
    "Groups",
    integer("COUNT", 0, 1_000_000),
    1000,
    "The most groups that one session may be in; 0 for no limit",
  ),
  "max-sessions": setting(
    "maxSessions",
    "Limits",
    limit(10_000_000),
    "auto",
    "The most sessions; 0 for no limit, auto for what the open-file limit allows",
  ),
  "max-sessions-per-address": setting(
    "maxSessionsPerAddress",
    "Limits",
    integer("COUNT", 0, 10_000_000),
    1000,
    "The most sessions from one address (IPv6: one /64), this machine's own apart; 0 for no limit",
  ),
  "max-upgrades": setting(
    "maxUpgradesPerSecond",
    "Limits",
    integer("COUNT", 0, 1_000_000),
    5000,
    "The most sessions that may be opened in a second; 0 for no limit",
  ),
  "max-message": setting(
    "maxMessageBytes",
    "Limits",
    size(1, GIB),
    MIB,
    "The largest message taken from a session, and the largest HTTP body",
  ),
  "max-message-rate": setting(
    "maxMessagesPerSecond",
    "Limits",
    integer("COUNT", 0, 1_000_000),
    1000,
    "Close a session that sends more messages a second than this, over ten seconds; 0 for no limit",
  ),
  "max-byte-rate": setting(
    "maxBytesPerSecond",
    "Limits",
    sizeLimit(KIB, GIB),
    8 * MIB,
    "Close a session that sends more bytes of binary or characters of text a second than this, over ten seconds; 0 for no limit",
  ),
  "max-inbox": setting(
    "maxInboxEvents",
    "Limits",
    integer("COUNT", 1, 100_000),
    64,
    "Stop reading from a session while this many of its messages wait for its controller",
  ),
  "max-backlog": setting(
    "maxBacklogBytes",
    "Limits",
    size(KIB, GIB),
    MIB,
    "Close a session that reads too slowly once this much waits for it",
  ),
  "max-headers": setting(
    "maxHeaderBytes",
    "Limits",
    size(KIB, 16 * KIB),
    16 * KIB,
    "The largest request line and headers together",
  ),
  "http-timeout": setting(
    "httpTimeoutSeconds",
    "Limits",
    requiredDuration(1, 255),
    10,
    "End an HTTP request whose body or answer makes no progress for this long, and an unused connection",
  ),
  origins: setting(
    "origins",
    "Browsers and proxies",
    list(
      (origin) => origin === "*" || parseOriginPattern(origin) !== undefined,
      "expected names such as https://example.com, example.com or *.example.com, with commas between",
    ),
    [],
    "Other origins whose pages may open sessions: https://example.com, *.example.com for the names beneath it, or * for all",
  ),
  "trust-proxy": setting(
    "trustProxy",
    "Browsers and proxies",
    addresses(),
    [],
    "Proxies whose X-Forwarded-* headers are believed: addresses, ranges, loopback, private",
  ),
  watch: setting(
    "watch",
    "Controllers",
    toggle(),
    true,
    "Load controllers again when a file changes; --no-watch for only on SIGHUP",
  ),
  "live-pages": setting(
    "livePages",
    "Controllers",
    autoToggle(),
    "auto",
    "Reload pages in browsers when a file in public/ changes; auto: on a terminal",
  ),
  workers: setting(
    "workers",
    "Scaling",
    countOrAuto(MAX_WORKERS),
    1,
    "Serve on this many threads, each with sessions of its own; auto for one for each core",
  ),
  bus: setting(
    "bus",
    "Scaling",
    busUrl(),
    "",
    "The Redis or Valkey that joins several servers: redis://HOST:PORT, rediss:// for TLS, redis-sentinel:// and redis-cluster://; give one with a password as a variable",
  ),
  "bus-prefix": setting(
    "busPrefix",
    "Scaling",
    prefix(100),
    "hubbub",
    "What the names of the bus's channels begin with: servers with another one do not hear each other",
  ),
  "bus-ca": setting(
    "busCaFile",
    "Scaling",
    optionalText("FILE", "expected a file"),
    "",
    "The certificates, a PEM file, that the bus's certificate must be signed by, instead of the system's",
  ),
  "admin-token": setting(
    "adminToken",
    "Administration",
    token(MIN_ADMIN_TOKEN_LENGTH),
    "",
    "Whoever has this token may use the inspector and the HTTP API; give it as a variable or as @FILE, so that nobody else can read it",
  ),
  "metrics-from": setting(
    "metricsFrom",
    "Administration",
    addresses(),
    [],
    "Who may read /-/metrics without the admin token: addresses, ranges, loopback, private",
  ),
  "log-level": setting(
    "logLevel",
    "Log",
    oneOf("LEVEL", ["debug", "info", "warning", "error"]),
    "info",
    "The least severe log lines to print: debug, info, warning or error",
  ),
  "log-format": setting(
    "logFormat",
    "Log",
    oneOf("FORMAT", ["auto", "json", "pretty"]),
    "auto",
    "json, pretty, or auto: pretty on a terminal and json elsewhere",
  ),
};

type Settings = typeof settings;

export type SettingName = keyof Settings;

/** The value of a setting. */
export type SettingValue<Name extends SettingName> = Settings[Name]["value"];

/** The settings under their names in code. */
export type SettingValues = { [Name in SettingName as Settings[Name]["key"]]: SettingValue<Name> };

export const settingNames = Object.keys(settings) as SettingName[];

/** The settings' names under their headings. */
export const settingSections: readonly { section: Section; names: SettingName[] }[] = sections.map((section) => ({
  section,
  names: settingNames.filter((name) => settings[name].section === section),
}));

/** Whether a setting is on or off and its flag takes no value: `--watch`, `--no-watch`. */
export function isSwitch(name: SettingName): boolean {
  return settings[name].kind.placeholder === "";
}

/** Whether a setting is a list, whose flag may be given several times. */
export function isList(name: SettingName): boolean {
  return settings[name].kind.isList === true;
}

/** Whether nobody is to read what a setting is. */
export function isSecret(name: SettingName): boolean {
  return settings[name].kind.isSecret === true;
}

/** `HUBBUB_MAX_MESSAGE` for `max-message`. */
export function variableName(name: SettingName): string {
  return `HUBBUB_${name.replaceAll("-", "_").toUpperCase()}`;
}

/** All that a setting may be, if that can be listed. */
export function listChoices(name: SettingName): readonly string[] | undefined {
  return settings[name].kind.choices;
}

/** What help and docs say of a setting. */
export function describeSetting(name: SettingName): { description: string; placeholder: string; defaultText: string } {
  const { kind, value, description } = settings[name] as Setting<string, unknown>;
  return { description, placeholder: kind.placeholder, defaultText: kind.format(value) };
}
