import { type BigIntStats, readFileSync, realpathSync } from "node:fs";
import { join, sep } from "node:path";
import { lookAt } from "../core/file-state.ts";
import { isOutOfFiles } from "../core/open-files.ts";
import { checkConditions, type Validators } from "./conditions.ts";

/** The answer for a file of a `public/` folder; undefined if there is none to show. */
export type ServeStatic = (request: Request, path: string) => Response | undefined;

type FoundFile = { file: string; state: BigIntStats };

/**
 * Serves the files below `root`: `/style.css` → `root/style.css`, a folder → its `index.html`.
 *
 * Never leaves `root`, not by `..` in any encoding and not by a link; names that begin with a dot are not there. A `Range`
 * is answered by the runtime, which does so for every file that is answered with 200.
 *
 * @param isEmbedded the files lie in the executable: they have no links and never change
 */
export function createServeStatic(root: string, isEmbedded: boolean): ServeStatic {
  const readValidators = isEmbedded ? createEmbeddedValidators() : toValidators;
  return (request, path) => {
    if (request.method !== "GET" && request.method !== "HEAD") return undefined;
    const found = findFile(root, path, isEmbedded);
    if (found === undefined) return undefined;
    const validators = readValidators(found);
    const headers = new Headers({
      ETag: validators.etag,
      "Cache-Control": "no-cache",
      "X-Content-Type-Options": "nosniff",
    });
    if (validators.modifiedAt !== undefined) headers.set("Last-Modified", validators.modifiedAt.toUTCString());
    const status = checkConditions(request.headers, validators);
    if (status !== undefined) return new Response(null, { status, headers });
    const content = Bun.file(found.file);
    headers.set("Content-Type", nameCharset(content.type));
    headers.set("Content-Length", String(found.state.size));
    // To a request with a range the runtime says so itself; it knows none in the executable.
    if (!isEmbedded && !request.headers.has("range")) headers.set("Accept-Ranges", "bytes");
    return new Response(content, { headers });
  };
}

function findFile(root: string, path: string, isEmbedded: boolean): FoundFile | undefined {
  const segments = path.split("/").filter((segment) => segment !== "");
  if (segments.some((segment) => segment.startsWith(".") || /[\\\0]/.test(segment))) return undefined;
  const wanted = join(root, ...segments);
  const there = lookAt(wanted);
  const file = there?.isDirectory() === true ? join(wanted, "index.html") : wanted;
  const state = file === wanted ? there : lookAt(file);
  if (state?.isFile() !== true) return undefined;
  return isEmbedded || isBelow(root, file) ? { file, state } : undefined;
}

function isBelow(root: string, file: string): boolean {
  try {
    return realpathSync(file).startsWith(realpathSync(root) + sep);
  } catch (error) {
    if (isOutOfFiles(error)) throw error;
    // It went at this moment.
    return false;
  }
}

/** A file on disk is another one when its size or its time changes. */
function toValidators({ state: { size, mtimeNs } }: FoundFile): Validators {
  const modifiedMs = Math.min(Number(mtimeNs / 1_000_000n), Date.now());
  return { etag: `"${size.toString(36)}-${mtimeNs.toString(36)}"`, modifiedAt: new Date(modifiedMs) };
}

/** A file in the executable has no time: its content is hashed when it is first asked for. */
function createEmbeddedValidators(): (found: FoundFile) => Validators {
  const known = new Map<string, Validators>();
  return ({ file }) => {
    let validators = known.get(file);
    if (validators === undefined) {
      validators = { etag: `"${Bun.hash(readFileSync(file)).toString(36)}"` };
      known.set(file, validators);
    }
    return validators;
  };
}

/** Texts are UTF-8; the runtime says so of some types only. */
function nameCharset(type: string): string {
  return /^(?:text\/|application\/xml$)/.test(type) && !type.includes("charset") ? `${type};charset=utf-8` : type;
}
