/** Every command: what `help` says of it. */
export const commands = {
  serve: {
    usage: "hubbub serve [DIR] [FLAGS]",
    summary: "Serve the controllers in a folder",
    text: "Serves the controllers in DIR; without DIR those in ./controllers, or else the ones in the executable.\n`hubbub` alone is the same as `hubbub serve`.",
    takesSettings: true,
  },
  help: {
    usage: "hubbub help [COMMAND]",
    summary: "Explain a command",
    text: "Prints what a command does and the flags it takes.",
    takesSettings: false,
  },
  version: {
    usage: "hubbub version",
    summary: "Print the version",
    text: "Prints the version of hubbub and of the runtime inside it.",
    takesSettings: false,
  },
} as const satisfies Record<string, { usage: string; summary: string; text: string; takesSettings: boolean }>;

export type CommandName = keyof typeof commands;

export function isCommand(name: string): name is CommandName {
  return Object.hasOwn(commands, name);
}
