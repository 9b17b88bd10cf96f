import { type Generation, listControllers } from "../controllers/generation.ts";
import { paint } from "./paint.ts";

/** What `hubbub routes --json` prints for each path: the names and their meaning stay. */
export type Route = {
  path: string;
  /** Relative to the controllers folder. */
  file: string;
  /** In upper case. */
  methods: string[];
  /** It hears the events of sessions. */
  websocket: boolean;
  /** The library of each schema that it has: `{ message: "valibot" }`. */
  schemas: { message?: string; sends?: string; params?: string };
};

/** The paths of a generation, sorted. */
export function createRouteList(generation: Generation): Route[] {
  return listControllers(generation).map(({ path, file, methods, webSocket }) => {
    const { takes, sends, params } = generation.controllers.get(path)?.schemas ?? {};
    const schemas = Object.entries({ message: takes, sends, params }).flatMap(([name, schema]) =>
      schema === undefined ? [] : [[name, schema["~standard"].vendor]],
    );
    return { path, file, methods, websocket: webSocket, schemas: Object.fromEntries(schemas) as Route["schemas"] };
  });
}

const head = ["PATH", "FILE", "METHODS", "WEBSOCKET", "SCHEMAS"];

/** A table without an empty cell, so that `awk` can take a column out of it. */
export function formatRoutes(routes: readonly Route[]): string {
  const rows = routes.map(({ path, file, methods, websocket, schemas }) => [
    path,
    file,
    methods.join(",") || "-",
    websocket ? "yes" : "-",
    Object.keys(schemas).join(",") || "-",
  ]);
  const widths = head.map((name, column) => Math.max(name.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const format = (row: readonly string[]) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd();
  return [paint("bold", format(head)), ...rows.map(format)].map((line) => `${line}\n`).join("");
}
