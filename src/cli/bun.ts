import type { Command, Given } from "./command.ts";

export const bunCommand: Command = {
  name: "bun",
  summary: "Run a command of Bun for the controllers",
  text: `Runs Bun, the runtime in this executable, with these arguments: in ./controllers, or in this folder if there is no such
one. So a package that it adds is one that controllers can import. Scripts and tests that it runs can import what
controllers can, such as "hubbub", valibot and hono; what needs the sessions of a server throws there.
\`hubbub bun --help\` lists Bun's commands.`,
  operands: ["[ARGUMENT...]"],
  examples: [
    { line: "hubbub bun add zod", text: "for controllers to import" },
    { line: "hubbub bun run lib/seed.ts", text: "run controllers/lib/seed.ts" },
    { line: "hubbub bun outdated", text: "which packages have newer versions" },
  ],
  flags: {},
  takesSettings: false,
  isPassedOn: true,
  run: async (given: Given) => (await import("./bun-runner.ts")).runForControllers(given),
};
