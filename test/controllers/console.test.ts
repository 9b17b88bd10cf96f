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

test("createConsole() lets a controller replace a method, and knows which there are", () => {
  const lines: string[] = [];
  const write = (text: string) => void lines.push(text);
  const console = createConsole({ debug: write, info: write, warning: write, error: write });
  expect("log" in console).toBe(true);
  expect("screenshot" in console).toBe(false);
  console.log = (text: string) => console.info(`replaced: ${text}`);
  console.log("one");
  expect(lines).toEqual(["replaced: one"]);
});
