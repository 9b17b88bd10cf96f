import { Fault } from "../core/errors.ts";

const EXTENSION = /\.(?:ts|tsx|js|mjs|cjs)$/;

/** Files with these names are no controllers, wherever they lie. */
const OTHER_FOLDERS = new Set(["lib", "node_modules", "public"]);

/** A segment that cannot stand in a path pattern as itself. */
const UNUSABLE = /[:*?#%\\{}[\]]/;

/** Whether `file`, a path within the controllers folder, is a controller by its name. */
export function isControllerFile(file: string): boolean {
  if (!EXTENSION.test(file) || /\.d\.ts$|\.test\.[a-z]+$/.test(file)) return false;
  const segments = file.split("/");
  const folders = segments.slice(0, -1);
  return (
    !segments.some((segment) => segment.startsWith("_") || segment.startsWith(".")) &&
    !folders.some((folder) => OTHER_FOLDERS.has(folder))
  );
}

/**
 * The path that `file` serves: `room/[id].ts` → `/room/:id`, `index.ts` → `/`, `chat/chat.js` → `/chat`.
 *
 * @throws {Fault} `CONTROLLER_NAME` for a name that cannot be a path.
 */
export function toPath(file: string): string {
  const segments = file.replace(EXTENSION, "").split("/");
  const last = segments.at(-1);
  if (last === "index" || (segments.length > 1 && last === segments.at(-2))) segments.pop();
  if (segments[0] === "-") {
    throw new Fault(
      "CONTROLLER_NAME",
      `Cannot load controller "${file}": the paths below "/-/" are the server's own, expected another name`,
      { place: { file } },
    );
  }
  return `/${segments.map((segment) => toPathSegment(segment, file)).join("/")}`;
}

/** The names in `path`'s `:name` segments. */
export function listParameters(path: string): string[] {
  return path.split("/").flatMap((segment) => (segment.startsWith(":") ? [segment.slice(1)] : []));
}

/** Two paths with the same key match the same requests. */
export function toConflictKey(path: string): string {
  return path.replaceAll(/:[^/]+/g, ":");
}

/** Orders paths so that at each segment a fixed one comes before a parameter. */
export function compareSpecificity(a: string, b: string): number {
  const rank = (path: string) => path.replaceAll(/:[^/]+/g, "\uffff");
  return rank(a) < rank(b) ? -1 : 1;
}

function toPathSegment(segment: string, file: string): string {
  const parameter = /^\[([A-Za-z_][A-Za-z\d_]*)\]$/.exec(segment)?.[1];
  if (parameter !== undefined) return `:${parameter}`;
  if (UNUSABLE.test(segment)) {
    throw new Fault(
      "CONTROLLER_NAME",
      `Cannot load controller "${file}": "${segment}" cannot be part of a path, expected a plain name or a parameter such as [id]`,
      { place: { file } },
    );
  }
  return segment;
}
