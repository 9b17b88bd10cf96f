import { readdirSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { lookAt } from "../core/file-state.ts";
import { describeError, Fault } from "../core/errors.ts";
import { isOutOfFiles } from "../core/open-files.ts";

/** What a controllers folder looked like at one moment. */
export type Snapshot = {
  /** Every file that can be part of a generation, with what changes when its content does. */
  files: ReadonlyMap<string, string>;
  /** The files of `public/`, likewise. */
  pages: ReadonlyMap<string, string>;
  /** Every folder that was looked into, absolute; the first is the controllers folder as links resolve. */
  folders: readonly string[];
};

/**
 * Takes a snapshot of `folder`; undefined if it is not there, may not be read, or goes while it is read.
 *
 * @throws {Fault} `FOLDER` if no more files may be opened at the moment.
 */
export function takeSnapshot(folder: string): Snapshot | undefined {
  const files = new Map<string, string>();
  const pages = new Map<string, string>();
  const folders: string[] = [];
  const walk = (within: string, isPublic: boolean, above: readonly string[]) => {
    const real = resolveLinks(join(folder, within));
    // A link may lead back to where it was followed from.
    if (above.includes(real)) return;
    if (!folders.includes(real)) folders.push(real);
    for (const name of readdirSync(join(folder, within))) {
      if (name === "node_modules" || name.startsWith(".")) continue;
      const path = within === "" ? name : `${within}/${name}`;
      const stat = lookAt(join(folder, path));
      if (stat === undefined) continue;
      if (stat.isDirectory()) walk(path, isPublic || name === "public", [...above, real]);
      else (isPublic ? pages : files).set(path, `${stat.mtimeNs}-${stat.size}-${stat.ino}-${stat.mode}`);
    }
  };
  try {
    walk("", false, []);
  } catch (error) {
    if (!isOutOfFiles(error)) return undefined;
    const text = `Cannot serve "${folder}": ${describeError(error)}, expected a higher limit of open files`;
    throw new Fault("FOLDER", text, { cause: error });
  }
  return { files, pages, folders };
}

/** What differs between two states of a set of files: `chat.ts`, `+new.ts`, `-old.ts`, sorted. */
export function listChanges(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): string[] {
  const changes: string[] = [];
  for (const [file, state] of after) {
    const old = before.get(file);
    if (old === undefined) changes.push(`+${file}`);
    else if (old !== state) changes.push(file);
  }
  for (const file of before.keys()) if (!after.has(file)) changes.push(`-${file}`);
  return changes.sort((a, b) => (a.replace(/^[+-]/, "") < b.replace(/^[+-]/, "") ? -1 : 1));
}

/** The folder behind every link in `path`; `path` itself if there is none, or if it lies in the executable. */
export function resolveLinks(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
