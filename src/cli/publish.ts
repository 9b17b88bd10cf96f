import type { Command, Given } from "./command.ts";

export const publishCommand: Command = {
  name: "publish",
  summary: "Send a message to a group of a running server",
  text: `Sends MESSAGE to every session in GROUP, and prints how many those are. \`-\` reads it from standard input, without the
line break at its end. It asks the HTTP API of a server that runs with the same token: see docs/api.md.
Without --url it is the server that hubbub.toml and the variables here describe, or else http://127.0.0.1:3000/.`,
  operands: ["GROUP", "MESSAGE"],
  examples: [
    { line: "hubbub publish chat Lunch!", text: "with the token in HUBBUB_ADMIN_TOKEN" },
    { line: "hubbub publish deploys --json '{\"version\":7}'", text: "as JSON, which is checked first" },
    {
      line: "uptime | hubbub publish load - --token @token.txt",
      text: "what a program prints, with a token from a file",
    },
    { line: "hubbub publish chat hello --url https://chat.example.com/", text: "to another machine" },
  ],
  flags: {
    url: { description: "The address of the server", placeholder: "URL" },
    token: { description: "The server's admin token, or @FILE for a file that holds it", placeholder: "TOKEN" },
    json: { description: "MESSAGE is JSON" },
    binary: { description: "Send the bytes of MESSAGE as a binary message" },
  },
  takesSettings: false,
  run: async (given: Given) => (await import("./publish-message.ts")).publishMessage(given),
};
