import { beforeAll, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { standardUnit } from "../../docs/generate.ts";
import { formatUnit, quoteArgument, type UnitOptions } from "../../src/cli/unit-file.ts";
import { readConfig } from "../../src/core/config.ts";
import { buildOnce } from "../support/binary.ts";
import { hasNamespaces } from "../support/namespaces.ts";
import { root } from "../support/server.ts";

beforeAll(buildOnce, 60_000);

const linesOf = (unit: string, name: string) =>
  [...unit.matchAll(new RegExp(`^${name}=(.*)$`, "gm"))].map(([, value = ""]) => value);

const format = (options: Partial<UnitOptions>) => formatUnit({ ...standardUnit, ...options });

test.each([
  ["plain", "plain"],
  ["--port=8080", "--port=8080"],
  ["https://*.example.com,http://[::1]:80", "https://*.example.com,http://[::1]:80"],
  ["a b", '"a b"'],
  ["100%", "100%%"],
  ["$HOME", "$$HOME"],
  ["${HOME} %n", '"$${HOME} %%n"'],
  [`it's "so"`, String.raw`"it's \"so\""`],
  [String.raw`C:\n`, String.raw`"C:\\n"`],
  [";", '";"'],
  ["", '""'],
])("quoteArgument() has systemd take %p as it is", (argument, quoted) => {
  expect(quoteArgument(argument, 1)).toBe(quoted);
});

test("quoteArgument() leaves a dollar in the executable, where systemd expands nothing", () => {
  expect(quoteArgument("/opt/$a/hubbub", 0)).toBe("/opt/$a/hubbub");
});

test("formatUnit() starts the executable with the folder and the flags", () => {
  const unit = format({ folder: "/srv/my app", settings: { port: "8080", watch: "false" } });
  expect(linesOf(unit, "ExecStart")).toEqual(['/usr/local/bin/hubbub serve "/srv/my app" --port=8080 --watch=false']);
  expect(linesOf(format({ folder: undefined }), "ExecStart")).toEqual(["/usr/local/bin/hubbub serve"]);
});

test("formatUnit() has systemd hand over the file of a token, and never has the token itself", () => {
  for (const file of ["/etc/hubbub/100%", "token"]) {
    const unit = format({ settings: { "admin-token": `@${file}` } });
    expect(linesOf(unit, "ExecStart")).toEqual(["/usr/local/bin/hubbub serve /srv/hubbub/controllers"]);
    const path = file === "token" ? "/srv/hubbub/token" : "/etc/hubbub/100%%";
    expect(linesOf(unit, "LoadCredential")).toEqual([`admin-token:${path}`]);
    expect(linesOf(unit, "Environment")).toEqual(["HUBBUB_ADMIN_TOKEN=@%d/admin-token"]);
  }
  expect(linesOf(format({}), "LoadCredential")).toEqual([]);
  const message =
    "Cannot make a unit for this --admin-token: everybody may read a unit, expected one in a file, such as @/etc/hubbub/admin-token";
  expect(() => format({ settings: { bus: "redis://:secret@127.0.0.1" } })).toThrow(
    "Cannot make a unit for this --bus: it has a password, and everybody may read a unit, expected HUBBUB_BUS in the EnvironmentFile",
  );
  expect(format({ settings: { bus: "redis://127.0.0.1" } })).toContain(" --bus=redis://127.0.0.1");
  expect(() => format({ settings: { "admin-token": "0123456789abcdef" } })).toThrow(
    expect.objectContaining({ code: "UNIT", message }),
  );
});

test("formatUnit() gives a stop the time that --drain needs", () => {
  expect(linesOf(format({ config: readConfig() }), "TimeoutStopSec")).toEqual(["40s"]);
  expect(linesOf(format({ config: readConfig({ flags: { drain: "5m" } }) }), "TimeoutStopSec")).toEqual(["330s"]);
});

test("formatUnit() lets as many files be open as --max-sessions needs", () => {
  const openFiles = (flags: Record<string, string>) =>
    linesOf(format({ config: readConfig({ flags }) }), "LimitNOFILE");
  expect(openFiles({})).toEqual(["65536"]);
  expect(openFiles({ "max-sessions": "0" })).toEqual(["65536"]);
  expect(openFiles({ "max-sessions": "90000" })).toEqual(["100000"]);
});

test("formatUnit() gives the right to a port below 1024, and no other right", () => {
  for (const [port, rights] of [
    ["80", "CAP_NET_BIND_SERVICE"],
    ["1024", ""],
    ["0", ""],
  ] as const) {
    const unit = format({ config: readConfig({ flags: { port } }) });
    expect(linesOf(unit, "CapabilityBoundingSet")).toEqual([rights]);
    expect(linesOf(unit, "AmbientCapabilities")).toEqual(rights === "" ? [] : [rights]);
  }
});

test("formatUnit() runs as a user of its own, or as the one that is named", () => {
  expect(linesOf(format({}), "DynamicUser")).toEqual(["yes"]);
  const unit = format({ user: "www-data" });
  expect([linesOf(unit, "User"), linesOf(unit, "DynamicUser")]).toEqual([["www-data"], []]);
});

test.each(["/home/ada/app", "/root", "/run/user/1000/app"])("formatUnit() lets the service see %s", (path) => {
  expect(linesOf(format({ folder: path }), "ProtectHome")).toEqual(["read-only"]);
  expect(linesOf(format({ workingDirectory: path }), "ProtectHome")).toEqual(["read-only"]);
  expect(linesOf(format({ folder: `/srv${path}` }), "ProtectHome")).toEqual(["yes"]);
});

test.each<[Partial<UnitOptions>, string]>([
  [{ folder: "/tmp/app" }, 'Cannot make a unit for "/tmp/app": a service has a /tmp of its own'],
  [{ executable: ["/var/tmp/hubbub"] }, 'Cannot make a unit for "/var/tmp/hubbub": a service has a /tmp of its own'],
  [
    { workingDirectory: "/srv/a\nUser=root" },
    String.raw`Cannot make a unit for "/srv/a\nUser=root": a unit cannot name it`,
  ],
  [{ workingDirectory: "/srv/a\\" }, String.raw`Cannot make a unit for "/srv/a\\": a unit cannot name it`],
  [
    { settings: { host: "::\nUser=root" } },
    String.raw`Cannot make a unit for "--host=::\nUser=root": it has a control`,
  ],
  [{ user: "root\nUser=x" }, String.raw`Cannot make a unit for "root\nUser=x": it is no user's name`],
  [{ user: "-x" }, `Cannot make a unit for "-x": it is no user's name`],
])("formatUnit() refuses %j", (options, message) => {
  expect(() => format(options)).toThrow(
    expect.objectContaining({ code: "UNIT", message: expect.stringContaining(message) }),
  );
});

/** Puts the executable and a folder where a service can have them, seen by nobody else, and runs it there. */
const install = `mount -t tmpfs none /usr/local/bin && mount -t tmpfs none /srv
touch /usr/local/bin/hubbub && mount --bind "$1" /usr/local/bin/hubbub
mkdir -p /srv/hubbub/controllers "/srv/hubbub/my app" && cd /srv/hubbub && shift && exec "$@"`;

async function runUnit(args: string[], environment: Record<string, string> = {}) {
  const installed = ["unshare", "-rm", "sh", "-ec", install, "sh", await buildOnce(), "/usr/local/bin/hubbub"];
  const child = Bun.spawn([...installed, "unit", ...args], {
    env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", ...environment },
    stdout: "pipe",
    stderr: "pipe",
  });
  const [output, errors, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  return { code, output, errors };
}

test.skipIf(!hasNamespaces)("hubbub unit prints deploy/hubbub.service in the standard places", async () => {
  const { code, output } = await runUnit([]);
  expect({ code, output }).toEqual({ code: 0, output: readFileSync(join(root, "deploy/hubbub.service"), "utf8") });
});

test.skipIf(!hasNamespaces)("hubbub unit prints beside the unit the two commands that install it", async () => {
  const args = ["--dir", "my app", "--port=80", "--user", "nobody-here", "--no-watch"];
  const { code, output, errors } = await runUnit(args);
  expect(code).toBe(0);
  expect(linesOf(output, "ExecStart")).toEqual([
    '/usr/local/bin/hubbub serve "/srv/hubbub/my app" --port=80 --watch=false',
  ]);
  const commands = [
    "/usr/local/bin/hubbub unit '--dir=my app' --user=nobody-here --port=80 --watch=false > /etc/systemd/system/hubbub.service",
    "systemctl daemon-reload && systemctl enable --now hubbub",
  ];
  expect([...errors.matchAll(/^ {2}(.+)$/gm)].map(([, line]) => line)).toEqual(commands);
  for (const command of commands) expect(output).toContain(`#   ${command}\n`);
  expect(errors).toContain('There is no user "nobody-here" yet: useradd --system');
});

test.skipIf(!hasNamespaces)(
  "hubbub unit heeds no variable of this shell, which the service will not have",
  async () => {
    const { code, output } = await runUnit([], { HUBBUB_PORT: "80" });
    expect({ code, rights: linesOf(output, "AmbientCapabilities") }).toEqual({ code: 0, rights: [] });
  },
);

test.skipIf(!hasNamespaces).each([
  [["--dir", "nowhere"], 78, 'Cannot serve "nowhere": there is no such folder'],
  [["--port", "http"], 2, 'Cannot use --port "http": expected a whole number'],
  [["--user", "a b"], 2, 'Cannot make a unit for "a b": it is no user\'s name'],
  [["my app"], 2, 'Cannot use "my app": unit takes no arguments'],
])("hubbub unit says what is wrong with %p", async (args, code, message) => {
  const ran = await runUnit(args);
  expect({ code: ran.code, output: ran.output }).toEqual({ code, output: "" });
  expect(ran.errors).toStartWith(`hubbub: ${message}`);
});
