import { resolve } from "node:path";
import { parseBusUrl } from "../core/bus-url.ts";
import type { Config } from "../core/config.ts";
import { Fault } from "../core/errors.ts";
import { countOpenFilesFor } from "../core/open-files.ts";
import { countLongestStopSeconds } from "../core/stop-time.ts";

/** What systemd waits longer than a stop can take, in seconds. */
const STOP_RESERVE_SECONDS = 15;

/** Where the unit proposes to keep the token. */
const TOKEN_FILE = "/etc/hubbub/admin-token";

/** A machine gives a service so many open files without being asked to be generous. */
const LEAST_OPEN_FILES = 65_536;

export type UnitOptions = {
  /** The executable, absolute, and what comes before the command if it is a runtime's script. */
  executable: readonly [string, ...string[]];
  /** Where hubbub.toml is, absolute. */
  workingDirectory: string;
  /** The controllers folder as the command line is to have it; undefined for the embedded one. */
  folder: string | undefined;
  /** Who the service runs as; undefined for a user that exists only as long as it runs. */
  user: string | undefined;
  /** The flags of `serve`, by their names. */
  settings: Readonly<Record<string, string>>;
  /** What these and hubbub.toml give. */
  config: Pick<Config, "port" | "drainSeconds" | "maxSessions">;
  /** How the unit is made again and installed, for its head. */
  commands: readonly string[];
};

/**
 * A systemd unit (252 and later) that runs the server and lets it do nothing else.
 *
 * @throws {Fault} `UNIT` for what a unit cannot say, or what the service could not reach.
 */
export function formatUnit(options: UnitOptions): string {
  const { executable, workingDirectory, folder, user, settings, config, commands } = options;
  const folders = [workingDirectory, ...executable, ...(folder === undefined ? [] : [folder])];
  for (const path of folders) checkPath(path);
  const { "admin-token": adminToken = "", ...plain } = settings;
  const tokenFile = findTokenFile(adminToken, workingDirectory);
  checkBus(settings["bus"] ?? "");
  const flags = Object.entries(plain).map(([name, value]) => `--${name}=${value}`);
  const start = [...executable, "serve", ...(folder === undefined ? [] : [folder]), ...flags];
  const isInHome = folders.some((path) => /^\/(home|root|run\/user)\//.test(`${path}/`));
  const stopSeconds = Math.ceil(countLongestStopSeconds(config)) + STOP_RESERVE_SECONDS;
  const openFiles = Math.max(LEAST_OPEN_FILES, countOpenFilesFor(config.maxSessions));
  return `# Hubbub as a service: /etc/systemd/system/hubbub.service
# Made and installed by these two commands, as root:
${commands.map((command) => `#   ${command}\n`).join("")}
[Unit]
Description=Hubbub, a WebSocket application server
After=network.target

[Service]
# The server says itself when it listens, loads again and stops: see Status in \`systemctl status hubbub\`.
Type=notify
# hubbub.toml is read from here. A setting may also be given as a variable: Environment=HUBBUB_PORT=8080
WorkingDirectory=${escapeSpecifiers(workingDirectory)}
ExecStart=${start.map(quoteArgument).join(" ")}
ExecReload=/bin/kill -HUP $MAINPID
# In this time the server says that it loads, and \`systemctl reload\` waits until it has: 252 has no Type=notify-reload.
ExecReload=/bin/sleep 0.1

# Secrets belong neither here nor on the command line, which everybody on this machine can read. A controller finds
# the first as a file in the folder that the variable CREDENTIALS_DIRECTORY names, the lines of the second as variables.
#LoadCredential=token-secret:/etc/hubbub/token-secret
#EnvironmentFile=/etc/hubbub/environment
# The token of the inspector and the API, which are off without it: openssl rand -hex 24 > ${tokenFile ?? TOKEN_FILE}
${formatTokenLines(tokenFile)}

# SIGTERM drains. Longer than --drain (${config.drainSeconds}s) and all that a stop does after it.
KillSignal=SIGTERM
KillMode=mixed
TimeoutStopSec=${stopSeconds}s

# 2 and 78 are mistakes in the command line and the configuration, which a restart does not correct.
Restart=on-failure
RestartSec=1s
RestartPreventExitStatus=2 78
# A controller that holds the event loop this long is ended, and the server started again.
WatchdogSec=30s

# A session is an open file: --max-sessions auto is nine tenths of this.
LimitNOFILE=${openFiles}
LimitCORE=0

# Never MemoryDenyWriteExecute: the runtime compiles code while it runs.
${[...formatRights(user, config.port), ...formatSandbox(isInHome)].join("\n")}

[Install]
WantedBy=multi-user.target
`;
}

/**
 * The file that `--admin-token @FILE` names; undefined without it.
 *
 * @throws {Fault} `UNIT` for the token itself
 */
function findTokenFile(adminToken: string, workingDirectory: string): string | undefined {
  if (adminToken === "") return undefined;
  if (!adminToken.startsWith("@"))
    throw fault("this --admin-token", "everybody may read a unit", `one in a file, such as @${TOKEN_FILE}`);
  const file = resolve(workingDirectory, adminToken.slice(1));
  checkPath(file);
  return file;
}

/** @throws {Fault} `UNIT` for a bus whose address has a password in it */
function checkBus(bus: string): void {
  if (parseBusUrl(bus)?.password === undefined) return;
  throw fault("this --bus", "it has a password, and everybody may read a unit", "HUBBUB_BUS in the EnvironmentFile");
}

/** systemd, which may read everything, hands the token's file to the service. */
function formatTokenLines(file: string | undefined): string {
  const mark = file === undefined ? "#" : "";
  const path = escapeSpecifiers(file ?? TOKEN_FILE);
  return `${mark}LoadCredential=admin-token:${path}\n${mark}Environment=HUBBUB_ADMIN_TOKEN=@%d/admin-token`;
}

/** Who the service is, and what it may do that others may not. */
function formatRights(user: string | undefined, port: number): string[] {
  const who = user === undefined ? "DynamicUser=yes" : `User=${checkUser(user)}`;
  // Within a user namespace of its own, no capability opens a port below 1024.
  return port > 0 && port < 1024
    ? [who, "AmbientCapabilities=CAP_NET_BIND_SERVICE", "CapabilityBoundingSet=CAP_NET_BIND_SERVICE"]
    : [who, "CapabilityBoundingSet=", "PrivateUsers=yes"];
}

function formatSandbox(isInHome: boolean): string[] {
  return [
    "NoNewPrivileges=yes",
    "UMask=0077",
    "ProtectSystem=strict",
    `ProtectHome=${isInHome ? "read-only" : "yes"}`,
    "PrivateTmp=yes",
    "PrivateDevices=yes",
    "PrivateMounts=yes",
    "ProtectProc=invisible",
    "ProtectHostname=yes",
    "ProtectClock=yes",
    "ProtectControlGroups=yes",
    "ProtectKernelLogs=yes",
    "ProtectKernelModules=yes",
    "ProtectKernelTunables=yes",
    "RemoveIPC=yes",
    "RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK",
    "RestrictNamespaces=yes",
    "RestrictRealtime=yes",
    "RestrictSUIDSGID=yes",
    "LockPersonality=yes",
    "SystemCallArchitectures=native",
    "SystemCallFilter=@system-service",
    "SystemCallFilter=~@privileged @resources",
    "SystemCallErrorNumber=EPERM",
  ];
}

/** @throws {Fault} `UNIT` */
function checkPath(path: string): void {
  // A unit's lines end with the line, and lose what is blank at their end; a backslash there goes on with the next.
  if (/\p{Cc}|[\s\\]$/u.test(path))
    throw fault(JSON.stringify(path), "a unit cannot name it", "a path without control characters or a blank end");
  if (/^\/(var\/)?tmp\//.test(`${path}/`))
    throw fault(`"${path}"`, "a service has a /tmp of its own and does not see this one", "a folder elsewhere");
}

/** @throws {Fault} `UNIT` */
function checkUser(user: string): string {
  if (!/^([a-z_][a-z0-9_-]{0,30}|\d{1,10})$/i.test(user))
    throw fault(JSON.stringify(user), "it is no user's name", "letters, digits, - and _, such as www-data");
  return user;
}

function fault(what: string, is: string, wanted: string): Fault {
  return new Fault("UNIT", `Cannot make a unit for ${what}: ${is}, expected ${wanted}`);
}

/**
 * One argument of `ExecStart`: what systemd would expand or split in it stands for itself.
 *
 * @throws {Fault} `UNIT`
 */
export function quoteArgument(argument: string, index: number): string {
  if (/\p{Cc}/u.test(argument))
    throw fault(JSON.stringify(argument), "it has a control character", "a value on one line");
  // The first one is the executable, in which systemd replaces no variables.
  const plain = escapeSpecifiers(index === 0 ? argument : argument.replaceAll("$", "$$$$"));
  return /^[\w./:@=,+%$*[\]-]+$/.test(plain) ? plain : `"${plain.replaceAll(/["\\]/g, String.raw`\$&`)}"`;
}

function escapeSpecifiers(text: string): string {
  return text.replaceAll("%", "%%");
}
