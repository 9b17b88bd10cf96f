import type { Command, Given } from "./command.ts";
import { readGivenConfig } from "./config-file.ts";
import { findFolder } from "./folder.ts";
import { withControllers } from "./load-controllers.ts";
import { print } from "./print.ts";

export const routesCommand: Command = {
  name: "routes",
  summary: "List the paths that controllers serve",
  text: `Lists each path with its file, the HTTP methods that it answers, whether it hears sessions, and which of message, sends
and params have a schema: for the controllers in DIR, or in ./controllers, or else the ones in the executable. What
begins with a colon in a path is a parameter.`,
  operands: ["[DIR]"],
  examples: [
    { line: "hubbub routes", text: "the paths of ./controllers" },
    { line: "hubbub routes app --json", text: "those of the folder app, for a program" },
  ],
  flags: { json: { description: "Print the paths as JSON" } },
  takesSettings: false,
  run: listRoutes,
};

/** @throws {Fault} what loading the controllers throws */
async function listRoutes({ operands, settings, flags }: Given): Promise<number> {
  const config = readGivenConfig({ settings });
  const folder = findFolder(operands[0], "list the paths of");
  const { createRouteList, formatRoutes } = await import("./route-list.ts");
  const routes = await withControllers(folder, config, createRouteList);
  return print(flags["json"] === true ? `${JSON.stringify(routes, null, 2)}\n` : formatRoutes(routes));
}
