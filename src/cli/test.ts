import type { Command, Given } from "./command.ts";

export const testCommand: Command = {
  name: "test",
  summary: "Run the tests of controllers",
  text: `Runs the files *.test.ts in DIR, or in ./controllers, with the runner of the runtime. They import test and expect from
"bun:test", and serve and open from "hubbub/test": a real server on a free port, sessions, and a clock that moves.
What the servers log is shown for the tests that fail. The exit code is 1 when a test fails.`,
  operands: ["[DIR]"],
  examples: [
    { line: "hubbub test", text: "every test in ./controllers" },
    { line: "hubbub test app --watch", text: "those in the folder app, again after each change" },
    { line: 'hubbub test -t "a chat"', text: "those whose names match" },
    { line: "hubbub test -- --bail --randomize", text: "with other flags of the runner" },
  ],
  flags: {
    watch: { description: "Run the tests again when a file changes" },
    "test-name-pattern": {
      description: "Run only the tests whose names match",
      placeholder: "PATTERN",
      short: "t",
    },
    coverage: { description: "Say which lines of the controllers the tests reach" },
    log: { description: "Show what the servers log while the tests run" },
  },
  takesSettings: false,
  rest: "FLAGS OF BUN TEST...",
  run: async (given: Given) => (await import("./test-runner.ts")).runTests(given),
};
