import { beforeAll, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { standardUnit as standard } from "../docs/generate.ts";
import { formatUnit, type UnitOptions } from "../src/cli/unit-file.ts";
import { readConfig } from "../src/core/config.ts";
import { countLongestStopSeconds } from "../src/core/stop-time.ts";
import { buildOnce, startBinary } from "./support/binary.ts";
import { createFolder } from "./support/folder.ts";
import { root } from "./support/server.ts";

const unit = readFileSync(join(root, "deploy/hubbub.service"), "utf8");

/** The values of one name in the unit, in their order. */
const valuesOf = (name: string) =>
  [...unit.matchAll(new RegExp(`^${name}=(.*)$`, "gm"))].map(([, value = ""]) => value);

/** A real program is here. In CI it must be: nothing is skipped there. */
const has = (program: string) => Bun.which(program) !== null || process.env["CI"] !== undefined;
const hasSystemd = has("systemd-analyze");
const hasTracer = hasSystemd && has("strace");
if (!hasTracer)
  console.warn("systemd-analyze or strace is not installed: tests of the unit are skipped (apt-get install it)");

beforeAll(buildOnce, 60_000);

/** Runs systemd-analyze, which needs no running systemd for this. */
async function analyze(args: string[]): Promise<{ exitCode: number; text: string }> {
  const child = Bun.spawn(["systemd-analyze", "--no-pager", ...args], { stdout: "pipe", stderr: "pipe" });
  const [stdout, stderr, exitCode] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  return { exitCode, text: stdout + stderr };
}

/** A folder with a unit in it, which starts the executable that the tests have built. */
async function placeUnit(text: string) {
  const folder = createFolder({ "hubbub.service": text.replaceAll("/usr/local/bin/hubbub", await buildOnce()) });
  return { file: join(folder.path, "hubbub.service"), [Symbol.dispose]: () => folder[Symbol.dispose]() };
}

const documented = /exposure level is (\d)\.(\d)/.exec(readFileSync(join(root, "docs/operating.md"), "utf8")) ?? [];

/** What `hubbub unit` may be asked for, and how exposed that may be, in tenths. */
const variants: [string, Partial<UnitOptions>, number][] = [
  ["what docs/operating.md says", {}, Number(`${documented[1]}${documented[2]}`)],
  ["a user of one's own", { user: "www-data" }, 20],
  ["a port below 1024", { config: { ...readConfig(), port: 443 } }, 20],
  ["a home folder", { workingDirectory: "/home/ada", user: "ada" }, 20],
  ["all of it, and names that need quotes", { workingDirectory: "/home/a da/100%", folder: '/home/a da/$x "%n"' }, 20],
];

test.skipIf(!hasSystemd).each(variants)("formatUnit() makes a unit without a fault: %s", async (_, options, tenths) => {
  using placed = await placeUnit(formatUnit({ ...standard, ...options }));
  expect(await analyze(["verify", "--man=no", placed.file])).toEqual({ exitCode: 0, text: "" });
  const { exitCode, text } = await analyze(["security", "--offline=true", `--threshold=${tenths}`, placed.file]);
  expect({ exitCode, level: /Overall exposure level .*: (\d\.\d)/.exec(text)?.[1] }).toEqual({
    exitCode: 0,
    level: expect.any(String),
  });
});

test("hubbub.service gives a stop more time than it can need, and lets the runtime compile", () => {
  const [stopSeconds] = valuesOf("TimeoutStopSec").map((text) => Number(/^(\d+)s$/.exec(text)?.[1]));
  expect(stopSeconds).toBeGreaterThan(countLongestStopSeconds(readConfig()));
  expect(valuesOf("MemoryDenyWriteExecute")).toEqual([]);
  expect(valuesOf("ExecReload")[0]).toBe("/bin/kill -HUP $MAINPID");
});

/** Every system call of a set such as `@system-service`, with those of the sets within it. */
async function listSystemCalls(set: string): Promise<string[]> {
  const names = (await analyze(["syscall-filter", set])).text
    .split("\n")
    .slice(1)
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"));
  const inner = await Promise.all(names.filter((name) => name.startsWith("@")).map((name) => listSystemCalls(name)));
  return [...names.filter((name) => !name.startsWith("@")), ...inner.flat()];
}

test.skipIf(!hasTracer)("hubbub.service denies no system call that the server makes", async () => {
  const [allowed = "", denied = ""] = valuesOf("SystemCallFilter");
  const refused = new Set(
    (
      await Promise.all(
        denied
          .replace("~", "")
          .split(" ")
          .map((set) => listSystemCalls(set)),
      )
    ).flat(),
  );
  const names = (await listSystemCalls(allowed)).filter((name) => !refused.has(name)).map((name) => `?${name}`);
  expect(names.length).toBeGreaterThan(200);
  using folder = createFolder({
    "echo.js": `import { send } from "hubbub";
export const get = () => ({ webSocket: {} });
export const webSocketEvent = ({ type, session, message }) => type === "message" && send(session.id, message);`,
  });
  const log = join(folder.path, ".denied");
  // Every other call fails, as the unit has it, and is written down.
  const others = `!${names.join(",")}`;
  const inject = ["-e", `trace=${others}`, "-e", `inject=${others}:error=EPERM`];
  const prefix = [
    Bun.which("strace") ?? "strace",
    "-f",
    "-qq",
    "--seccomp-bpf",
    "-e",
    "signal=none",
    "-o",
    log,
    ...inject,
  ];
  await using server = await startBinary(["."], { cwd: folder.path, prefix });
  using session = await server.open("/echo");
  session.send("hello");
  expect(await session.next()).toBe("hello");
  folder.write({ "page.js": 'export const get = () => ({ body: "new" });' });
  await server.logged("Loaded generation 2");
  expect(await (await server.fetch("/page")).text()).toBe("new");
  process.kill(Number((await server.logged("Listening"))["pid"]), "SIGTERM");
  expect((await session.closed).code).toBe(1012);
  expect(await server.exited).toBe(0);
  expect(readFileSync(log, "utf8")).toBe("");
});
