import { expect, test } from "bun:test";
import { join } from "node:path";
import { createFolder } from "../support/folder.ts";
import { root } from "../support/server.ts";

const LINES = `
log.debug("details");
log.info("Loaded {x} {{y}} {", { count: 2, x: "not this", detail: "row 1\\nrow 2\\n" });
controllerLog.warning("from a controller", { session: "s-1" });
log.error("over");
`;

/** What a process that logs `lines` writes to standard output. */
async function run(logLevel: string, logFormat: string, lines = LINES): Promise<string> {
  const module = join(root, "src/core/log.ts");
  using folder = createFolder({
    "log.ts": `import { configureLog, controllerLog, log } from ${JSON.stringify(module)};
configureLog(${JSON.stringify({ logLevel, logFormat })});
${lines}`,
  });
  const child = Bun.spawn([process.execPath, join(folder.path, "log.ts")], {
    stdout: "pipe",
    stderr: "pipe",
  });
  const [output, errors, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  expect(errors).toBe("");
  expect(code).toBe(0);
  return output;
}

const parseLines = (output: string) =>
  output
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);

test("log writes one JSON object a line, with the properties beside the text", async () => {
  const lines = parseLines(await run("debug", "json"));
  expect(lines.map(({ level, message, logger }) => [level, message, logger])).toEqual([
    ["DEBUG", "details", "hubbub"],
    ["INFO", "Loaded {x} {{y}} {", "hubbub"],
    ["WARNING", "from a controller", "hubbub.controller"],
    ["ERROR", "over", "hubbub"],
  ]);
  expect(lines[1]).toMatchObject({ count: 2, x: "not this", detail: "row 1\nrow 2\n" });
  expect(lines[2]).toMatchObject({ session: "s-1" });
  for (const line of lines) expect(Date.parse(String(line["@timestamp"]))).toBeGreaterThan(0);
});

test("log writes a pretty line with the time, and the detail indented beneath it", async () => {
  const lines = (await run("info", "pretty")).split("\n");
  expect(lines[0]).toMatch(/^\d\d:\d\d:\d\d\.\d{3} +info hubbub Loaded \{x\} \{\{y\}\} \{$/);
  expect(lines.slice(1, 3)).toEqual(["  row 1", "  row 2"]);
  expect(lines[3]).toMatch(/warning hubbub.controller from a controller$/);
  expect(lines[4]).toMatch(/error hubbub over$/);
  expect(lines.slice(5)).toEqual([""]);
});

const HOSTILE = `log.info("a\\u001b[2J\\r\\u009b1m\\u202e\\u2028\\ud800\\u007fb\\tc\\nd é 😀", { "k\\u2066": "\\u0085", detail: "x\\ry\\nz\\u2029" });`;

test("log escapes what a terminal obeys in JSON, and reading the line gives it back", async () => {
  const output = await run("info", "json", HOSTILE);
  expect(output.trimEnd()).not.toMatch(/[\p{Cc}\p{Bidi_Control}\u2028\u2029]/u);
  expect(parseLines(output)[0]).toMatchObject({
    message: "a\u001b[2J\r\u009b1m\u202e\u2028\ud800\u007fb\tc\nd é 😀",
    "k\u2066": "\u0085",
    detail: "x\ry\nz\u2029",
  });
});

test("log shows what a terminal obeys by its number, and indents what follows a line break", async () => {
  const lines = (await run("info", "pretty", HOSTILE)).trimEnd().split("\n");
  expect(lines[0]).toEndWith("a\\u001b[2J\\u000d\\u009b1m\\u202e\\u2028\\ud800\\u007fb\tc");
  expect(lines[1]).toMatch(/^ {2,}d é 😀$/);
  expect(lines.slice(2)).toEqual(["  x\\u000dy", "  z\\u2029"]);
});

test.each([
  ["debug", ["DEBUG", "INFO", "WARNING", "ERROR"]],
  ["info", ["INFO", "WARNING", "ERROR"]],
  ["warning", ["WARNING", "ERROR"]],
  ["error", ["ERROR"]],
])("configureLog() prints the lines from %s on", async (logLevel, levels) => {
  expect(parseLines(await run(logLevel, "json")).map(({ level }) => level)).toEqual(levels);
});

test("configureLog() takes auto as JSON where standard output is no terminal", async () => {
  expect(parseLines(await run("error", "auto"))).toHaveLength(1);
});

test("configureLog() writes no colours where standard output is no terminal", async () => {
  expect(await run("debug", "pretty")).not.toContain("\u001b");
});
