import { readFileSync } from "node:fs";
import { relative, sep } from "node:path";
import { describeError, type Location } from "../core/errors.ts";

/**
 * Where a module names what it cannot import; undefined if that is not what was thrown, or not written there as it is.
 *
 * The runtime says what there is not, and no place where it is asked for.
 *
 * @param file the controller that was loaded, absolute: what lacks an export does not say who wants it
 */
export function locateImport(thrown: unknown, root: string, file: string): Location | undefined {
  const { specifier, referrer } = Object(thrown) as { specifier?: unknown; referrer?: unknown };
  const missing = /^Export named '(.+)' not found in module/.exec(describeError(thrown))?.[1];
  if (typeof specifier === "string") {
    const quoted = new RegExp(`(["'\`])${RegExp.escape(specifier)}\\1`);
    return find(quoted, typeof referrer === "string" ? referrer : file, root);
  }
  if (missing === undefined) return undefined;
  return find(new RegExp(`(?<=\\bimport\\b[^"'\`]*)(?<![\\w$])${RegExp.escape(missing)}(?![\\w$])`), file, root);
}

function find(wanted: RegExp, file: string, root: string): Location | undefined {
  if (!file.startsWith(root + sep)) return undefined;
  const text = readText(file);
  const index = text.search(wanted);
  if (index < 0) return undefined;
  const lines = text.slice(0, index).split("\n");
  return { file: relative(root, file), line: lines.length, column: (lines.at(-1)?.length ?? 0) + 1 };
}

function readText(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
