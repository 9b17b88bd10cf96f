/** Where a bus is, as its address says. */
export type BusTarget = {
  /** One Redis, one of several that Redis Sentinel watches over, or any node of a Redis Cluster. */
  kind: "single" | "sentinel" | "cluster";
  /** The Redis, the sentinels, or some of the cluster's nodes; empty for a Unix socket. */
  hosts: readonly { host: string; port: number }[];
  /** The Unix socket, if it is one. */
  socketPath: string | undefined;
  /** What the sentinels call the Redis. */
  sentinelName: string | undefined;
  isTls: boolean;
  username: string | undefined;
  password: string | undefined;
};

const REDIS_PORT = 6379;
const SENTINEL_PORT = 26_379;

const schemes: Record<string, { kind: BusTarget["kind"]; isTls: boolean }> = {
  redis: { kind: "single", isTls: false },
  rediss: { kind: "single", isTls: true },
  "redis-sentinel": { kind: "sentinel", isTls: false },
  "rediss-sentinel": { kind: "sentinel", isTls: true },
  "redis-cluster": { kind: "cluster", isTls: false },
  "rediss-cluster": { kind: "cluster", isTls: true },
};

/** The forms of an address, for messages. */
export const busUrlForms =
  "redis://HOST:PORT, rediss:// for TLS, redis-sentinel://HOST:PORT,…/NAME, redis-cluster://HOST:PORT,… or unix:///PATH, with USER:PASSWORD@ before the host";

/**
 * What an address says: `redis://:password@10.0.0.5:6379`, `redis-sentinel://a:26379,b:26379/main`; undefined if it has none of the
 * forms.
 *
 * User and password are percent-decoded.
 */
export function parseBusUrl(url: string): BusTarget | undefined {
  const [, scheme = "", credentials, hostText = "", path = ""] =
    /^([a-z-]+):\/\/(?:([^@/]*)@)?([^/@?#\s]*)(\/[^?#\s]*)?$/.exec(url) ?? [];
  const { username, password } = parseCredentials(credentials);
  if (scheme === "unix") {
    if (hostText !== "" || path.length < 2) return undefined;
    const target = { kind: "single", hosts: [], sentinelName: undefined, isTls: false } as const;
    return { ...target, socketPath: decode(path), username, password };
  }
  const known = schemes[scheme];
  if (known === undefined || hostText === "") return undefined;
  const { kind, isTls } = known;
  const names = hostText.split(",");
  const hosts = names.map((name) => parseHost(name, kind === "sentinel" ? SENTINEL_PORT : REDIS_PORT));
  if (hosts.some((host) => host === undefined) || (kind === "single" && hosts.length > 1)) return undefined;
  const sentinelName = kind === "sentinel" ? decode(path.slice(1)) : undefined;
  // Messages are for all databases of a Redis: a number after the host says nothing, and is common.
  const isPathRight = kind === "sentinel" ? sentinelName !== "" : /^\/?$/.test(path) || /^\/\d+$/.test(path);
  if (!isPathRight) return undefined;
  return {
    kind,
    hosts: hosts.filter((host) => host !== undefined),
    socketPath: undefined,
    sentinelName,
    isTls,
    username,
    password,
  };
}

/** An address as it may be shown: without user and password. */
export function hideCredentials(url: string): string {
  return url.replace(/^([a-z+-]*:\/\/).*@/i, "$1…@");
}

function parseCredentials(text: string | undefined): { username: string | undefined; password: string | undefined } {
  if (text === undefined) return { username: undefined, password: undefined };
  const colon = text.indexOf(":");
  const username = decode(colon < 0 ? text : text.slice(0, colon));
  const password = colon < 0 ? undefined : decode(text.slice(colon + 1));
  return { username: username === "" ? undefined : username, password: password === "" ? undefined : password };
}

function parseHost(text: string, defaultPort: number): { host: string; port: number } | undefined {
  const [, bracketed, plain, portText] = /^(?:\[([0-9a-fA-F:.]+)\]|([\w.-]+))(?::(\d{1,5}))?$/.exec(text) ?? [];
  const host = bracketed ?? plain;
  const port = portText === undefined ? defaultPort : Number(portText);
  return host === undefined || port < 1 || port > 65_535 ? undefined : { host, port };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
