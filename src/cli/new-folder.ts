import { existsSync, lstatSync, mkdirSync, rmSync, rmdirSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { describeError, Fault } from "../core/errors.ts";
import { formatCount } from "../core/units.ts";
import { findClosest } from "./closest.ts";
import type { Given } from "./command.ts";
import { isFolder } from "./folder.ts";
import { listKit } from "./kit.ts";
import { print } from "./print.ts";
import { templates } from "./templates.ts";

/** So many files that are in the way are named. */
const MAX_NAMED = 5;

type Files = Map<string, Blob>;

/**
 * Fills a folder as `init` was told to; returns the exit code.
 *
 * @throws {Fault} `FLAG_VALUE`, `INIT` for what is in the way, `OUTPUT`: then everything is as it was
 */
export async function beginFolder({ operands: [folder = "."], flags }: Given): Promise<number> {
  const template = readTemplate(flags["template"]);
  if (existsSync(folder) && !isFolder(folder))
    throw new Fault("INIT", `Cannot begin "${folder}": it is a file, expected a folder or a new name`);
  const types = await listKit("types");
  const own = await listTemplate(template);
  if (flags["editor"] === true) return writeTypes(folder, types, own);
  const files = new Map([...own, ...types]);
  refuseExisting(folder, files);
  await writeFiles(folder, files);
  return print(formatNext(folder, template, [...own.keys()]));
}

/** Writes what an editor needs into a folder that has controllers. */
async function writeTypes(folder: string, types: Files, own: Files): Promise<number> {
  const tsconfig = own.get("tsconfig.json");
  const isNew = !existsSync(join(folder, "tsconfig.json"));
  await writeFiles(folder, isNew && tsconfig !== undefined ? types.set("tsconfig.json", tsconfig) : types);
  const hint = isNew ? "" : 'tsconfig.json is yours: it should have "extends": "./.hubbub/tsconfig.json"\n';
  return print(`Wrote what an editor needs: hubbub.d.ts, .hubbub/${isNew ? ", tsconfig.json" : ""}\n${hint}`);
}

function readTemplate(given: string | true | undefined): string {
  if (given === undefined) return templates[0];
  const name = String(given);
  if ((templates as readonly string[]).includes(name)) return name;
  const wanted = findClosest(name, templates) ?? `one of ${templates.join(", ")}`;
  throw new Fault("FLAG_VALUE", `Cannot use --template "${name}": there is no such template, expected ${wanted}`);
}

/** A template's files, by their path in the new folder. */
async function listTemplate(name: string): Promise<Files> {
  const files: Files = new Map();
  for (const [file, content] of await listKit("templates")) {
    if (file.startsWith(`${name}/`)) files.set(file.slice(name.length + 1), content);
  }
  return files;
}

/** @throws {Fault} `INIT` */
function refuseExisting(folder: string, files: Files): void {
  const existing = [...files.keys()].filter((file) => isThere(join(folder, file)));
  if (existing.length === 0) return;
  const named = existing.slice(0, MAX_NAMED).map((file) => `"${file}"`);
  const more = existing.length - named.length;
  const list = more > 0 ? `${named.join(", ")} and ${formatCount(more, "other")}` : named.join(", ");
  const text = `Cannot begin "${folder}": ${list} ${existing.length === 1 ? "is" : "are"} there already`;
  throw new Fault("INIT", `${text}, expected a folder without, or --editor`);
}

/** Whether a name is taken, be it by a link that leads nowhere. */
function isThere(path: string): boolean {
  try {
    lstatSync(path);
    return true;
  } catch {
    return false;
  }
}

/**
 * Writes files below `folder`; if one cannot be written, those before it are taken away again.
 *
 * @throws {Fault} `OUTPUT`
 */
async function writeFiles(folder: string, files: Files): Promise<void> {
  const undo: (() => void)[] = [];
  try {
    for (const [file, content] of files) {
      const path = join(folder, file);
      makeFolder(dirname(path), undo);
      if (!existsSync(path)) undo.push(() => rmSync(path, { force: true }));
      writeFileSync(path, await content.bytes());
    }
  } catch (error) {
    for (const step of undo.reverse()) step();
    throw new Fault(
      "OUTPUT",
      `Cannot begin "${folder}": ${describeError(error)}, expected a folder that can be written to`,
      {
        cause: error,
      },
    );
  }
}

/** Makes a folder and those above it; `undo` is told of each that was not there. */
function makeFolder(path: string, undo: (() => void)[]): void {
  if (existsSync(path)) return;
  makeFolder(dirname(path), undo);
  mkdirSync(path);
  undo.push(() => rmdirSync(path));
}

/** What was made, and what one does then. */
function formatNext(folder: string, template: string, files: string[]): string {
  const controllers = files
    .filter((file) => file.startsWith("controllers/"))
    .map((file) => `  ${join(folder, file)}\n`);
  const enter = relative(".", folder);
  return `Began a folder from the template ${template}:

${controllers.sort().join("")}
What to do next:

${enter === "" ? "" : `  cd ${enter}\n`}  hubbub        # serve it at http://127.0.0.1:3000/, and edit it while it runs
  hubbub check  # find what is wrong in it, without serving
  hubbub test   # run its tests
`;
}
