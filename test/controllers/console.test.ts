import { expect, test } from "bun:test";
import { createConsole } from "../../src/controllers/console.ts";

test("createConsole() makes a log line of each call, with the level that fits", () => {
  const lines: [string, string][] = [];
  const write = (level: string) => (text: string) => void lines.push([level, text]);
  const console = createConsole({
    debug: write("debug"),
    info: write("info"),
    warning: write("warning"),
    error: write("error"),
  });
  console.log("%s and %d", "one", 2, { a: [1] });
  console.info("info {x}");
  console.debug("debug");
  console.warn("warn");
  console.error("error");
  console.table([{ a: 1 }]);
  console.group("outer");
  console.log("inner");
  console.groupEnd();
  expect(lines).toEqual([
    ["info", "one and 2 { a: [ 1 ] }"],
    ["info", "info {x}"],
    ["debug", "debug"],
    ["warning", "warn"],
    ["error", "error"],
    ["info", expect.stringContaining("│ (index) │ a │")],
    ["info", "outer"],
    ["info", "  inner"],
  ]);
});
