import { existsSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { Fault } from "../core/errors.ts";

/** A controllers folder, absolute. */
export type ControllersFolder = {
  path: string;
  /** It lies in the executable. */
  isEmbedded: boolean;
};

/**
 * The controllers folder that a command works on: `operand`, or `./controllers`, or the embedded one.
 *
 * @param verb what the command does with it, for the message: `serve`
 * @throws {Fault} `FOLDER`
 */
export function findFolder(operand: string | undefined, verb: string): ControllersFolder {
  const wanted = operand ?? (isFolder("controllers") ? "controllers" : undefined);
  return wanted === undefined
    ? { path: embeddedFolder, isEmbedded: Bun.isStandaloneExecutable }
    : { path: checkFolder(wanted, verb), isEmbedded: false };
}

/**
 * A folder of the user's that a command works on: `operand` or `./controllers`, never the one in the executable.
 *
 * @throws {Fault} `FOLDER`
 */
export function findOwnFolder(operand: string | undefined, verb: string): string {
  return checkFolder(operand ?? "controllers", verb);
}

/** @throws {Fault} `FOLDER` */
function checkFolder(wanted: string, verb: string): string {
  const path = resolve(wanted);
  if (!existsSync(path))
    throw new Fault("FOLDER", `Cannot ${verb} "${wanted}": there is no such folder, expected one with controllers`);
  if (!isFolder(path))
    throw new Fault("FOLDER", `Cannot ${verb} "${wanted}": it is a file, expected a folder with controllers`);
  return path;
}

/** In the executable beside the entry, in the repository at its root. */
const embeddedFolder = Bun.isStandaloneExecutable
  ? join(import.meta.dir, "controllers")
  : resolve(import.meta.dir, "../../controllers");

export function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}
