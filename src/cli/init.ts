import type { Command } from "./command.ts";
import { templates } from "./templates.ts";

export const initCommand: Command = {
  name: "init",
  summary: "Begin a folder of controllers",
  text: `Fills DIR, or this folder, with controllers that work at once, a page, tests, and what an editor needs to complete and
to check them. A file that is there already is never overwritten: then nothing is written.

With --editor it writes only what an editor needs, into a folder that may have controllers already: hubbub.d.ts and
.hubbub/, anew if they are there, and tsconfig.json if there is none.`,
  operands: ["[DIR]"],
  examples: [
    { line: "hubbub init app", text: "a chat in the folder app" },
    { line: "hubbub init app --template api", text: "an HTTP API that tells pages what changes" },
    { line: "hubbub init --editor", text: "after an update, or in a copy from version control" },
  ],
  flags: {
    template: { description: `What to begin with; ${templates[0]} if absent`, placeholder: "TEMPLATE" },
    editor: { description: "Write only what an editor needs" },
  },
  choices: { TEMPLATE: templates },
  takesSettings: false,
  run: async (given) => (await import("./new-folder.ts")).beginFolder(given),
};
