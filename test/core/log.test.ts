import { expect, test } from "bun:test";
import { closeSync, fstatSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createFolder } from "../support/folder.ts";
import { root } from "../support/server.ts";

const LINES = `
log.debug("details");
log.info("Loaded {x} {{y}} {", { count: 2, x: "not this", detail: "row 1\\nrow 2\\n" });
controllerLog.warning("from a controller", { session: "s-1" });
log.error("over");
`;

/** A module that logs `lines`. */
const script = (logLevel: string, logFormat: string, lines = LINES) =>
  `import { configureLog, controllerLog, log } from ${JSON.stringify(join(root, "src/core/log.ts"))};
configureLog(${JSON.stringify({ logLevel, logFormat })});
${lines}`;

/** What a process that logs `lines` writes to standard output. */
async function run(logLevel: string, logFormat: string, lines = LINES): Promise<string> {
  using folder = createFolder({ "log.ts": script(logLevel, logFormat, lines) });
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

test("log writes a pretty line with time, level and text, and the detail indented beneath it", async () => {
  const lines = (await run("info", "pretty")).split("\n");
  expect(lines[0]).toMatch(/^\d\d:\d\d:\d\d\.\d{3} info {4}Loaded \{x\} \{\{y\}\} \{$/);
  expect(lines.slice(1, 3)).toEqual(["  row 1", "  row 2"]);
  expect(lines[3]).toMatch(/^\S+ warning controller from a controller$/);
  expect(lines[4]).toMatch(/^\S+ error {3}over$/);
  expect(lines.slice(5)).toEqual([""]);
});

test("log shows the code around a fault to a person, and leaves it out of JSON", async () => {
  const line = 'log.error("It failed", { file: "a.js", frame: () => "> 1 | x\\r()\\n    | ^\\n" });';
  const lines = (await run("info", "pretty", line)).trimEnd().split("\n");
  expect(lines.slice(1)).toEqual(["  > 1 | x\\u000d()", "      | ^"]);
  const [record] = parseLines(await run("info", "json", line));
  expect(record).toMatchObject({ message: "It failed", file: "a.js" });
  expect(record).not.toHaveProperty("frame");
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
  expect(lines[1]).toMatch(/^ {21}d é 😀$/);
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

test.each([
  ["json", ["7", "6", "4", "3"]],
  ["pretty", ["7", "6", "6", "6", "4", "3"]],
])(
  "configureLog() begins each line of %s with its priority where standard output is the journal",
  async (format, priorities) => {
    using folder = createFolder({ "log.ts": script("debug", format) });
    const file = join(folder.path, "output");
    const descriptor = openSync(file, "w");
    const { dev, ino } = fstatSync(descriptor);
    const environments = [{ JOURNAL_STREAM: `${dev}:${ino}` }, { JOURNAL_STREAM: `${dev}:${ino + 1}` }, {}];
    const outputs: string[] = [];
    for (const env of environments) {
      const child = Bun.spawn([process.execPath, join(folder.path, "log.ts")], { stdout: descriptor, env });
      expect(await child.exited).toBe(0);
      outputs.push(readFileSync(file, "utf8").slice(outputs.join("").length));
    }
    closeSync(descriptor);
    const found = outputs[0]
      ?.trimEnd()
      .split("\n")
      .map((line) => /^<(\d)>(?=[{\d ])/.exec(line)?.[1]);
    expect(found).toEqual(priorities);
    for (const output of outputs.slice(1)) expect(output).not.toMatch(/^</m);
  },
);
