import { existsSync, readFileSync, statSync } from "node:fs";
import { dirname } from "node:path";
import type { Command, Given } from "./command.ts";
import { readGivenConfig } from "./config-file.ts";
import { findExecutable, quoteForShell } from "./executable.ts";
import { findFolder } from "./folder.ts";
import { print } from "./print.ts";

const UNIT_FILE = "/etc/systemd/system/hubbub.service";

const ENABLE = "systemctl daemon-reload && systemctl enable --now hubbub";

export const unitCommand: Command = {
  name: "unit",
  summary: "Print a systemd unit for this server",
  text: `Prints a systemd unit that runs this executable with these flags, in the folder in which it is printed, and lets it do
nothing else. The controllers are those in --dir, or in ./controllers, or else the ones in the executable.
The two commands that install it are printed on standard error.

Without --user the service has a user that exists only while it runs, and that may read what everybody may read.`,
  operands: [],
  examples: [
    { line: `hubbub unit > ${UNIT_FILE}`, text: "for ./controllers" },
    { line: "hubbub unit --dir app --port 80", text: "the folder app, with the right to open that port" },
    { line: "hubbub unit --user www-data --trust-proxy 127.0.0.1", text: "as a user of your own, behind a proxy" },
  ],
  flags: {
    dir: { description: "The controllers folder", placeholder: "DIR" },
    user: { description: "The user that the service runs as; one of its own if absent", placeholder: "NAME" },
  },
  takesSettings: true,
  run: printUnit,
};

async function printUnit({ flags, settings }: Given): Promise<number> {
  const [dir, user] = [flags["dir"], flags["user"]].map((value) => (typeof value === "string" ? value : undefined));
  const { path, isEmbedded } = findFolder(dir, "serve");
  const folder = isEmbedded ? undefined : path;
  // What the variables of this shell say is not what the service will be told.
  const config = readGivenConfig({ settings }, {});
  const executable = findExecutable();
  const workingDirectory = process.cwd();
  const { formatUnit } = await import("./unit-file.ts");
  const given = { ...flags, ...settings };
  const commands = [
    `${[...executable, "unit", ...formatFlags(given)].map(quoteForShell).join(" ")} > ${UNIT_FILE}`,
    ENABLE,
  ];
  const unit = formatUnit({ executable, workingDirectory, folder, user, settings, config, commands });
  const notes =
    user === undefined
      ? findUnreadable([workingDirectory, executable[0], ...(folder === undefined ? [] : [folder])])
      : findNoUser(user);
  process.stderr.write(`Install it with these two commands, as root, in this folder:\n\n`);
  process.stderr.write(`${commands.map((command) => `  ${command}\n`).join("")}\n${notes}`);
  return print(unit);
}

function formatFlags(flags: Record<string, string | true>): string[] {
  return Object.entries(flags).map(([name, value]) => (value === true ? `--${name}` : `--${name}=${value}`));
}

/** What a user that owns nothing may not read, of all that the service needs. */
function findUnreadable(paths: readonly string[]): string {
  const closed = paths.map((path) => findClosed(path, 0o005)).find((path) => path !== undefined);
  return closed === undefined
    ? ""
    : `Not everybody may read "${closed}", so the service may not: give --user NAME, or move what it needs.\n`;
}

/** The path itself, if its `mode` does not allow that to everybody, or the folder above it that keeps others out. */
function findClosed(path: string, mode: number): string | undefined {
  const parent = dirname(path);
  const above = parent === path ? undefined : findClosed(parent, 0o001);
  const own = statSync(path, { throwIfNoEntry: false })?.mode ?? mode;
  return above ?? ((own & mode) === mode ? undefined : path);
}

function findNoUser(user: string): string {
  if (!existsSync("/etc/passwd")) return "";
  const isKnown = readFileSync("/etc/passwd", "utf8")
    .split("\n")
    .some((line) => line.split(":").slice(0, 3).includes(user));
  return isKnown ? "" : `There is no user "${user}" yet: useradd --system --shell /usr/sbin/nologin ${user}\n`;
}
