import { readFileSync, realpathSync, statSync } from "node:fs";
import { join, sep } from "node:path";

/** The answer for a file of a `public/` folder; undefined if there is none to show. */
export type ServeStatic = (request: Request, path: string) => Response | undefined;

/**
 * Serves the files below `root`: `/style.css` → `root/style.css`, a folder → its `index.html`.
 *
 * Never leaves `root`, not by `..` in any encoding and not by a link; names that begin with a dot are not there.
 *
 * @param isEmbedded the files lie in the executable: they have no links and never change
 */
export function createServeStatic(root: string, isEmbedded: boolean): ServeStatic {
  return (request, path) => {
    if (request.method !== "GET" && request.method !== "HEAD") return undefined;
    const file = findFile(root, path, isEmbedded);
    if (file === undefined) return undefined;
    const content = Bun.file(file);
    const etag = isEmbedded ? `"${Bun.hash(readFileSync(file)).toString(36)}"` : toEtag(file);
    const headers = { ETag: etag, "Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff" };
    if (request.headers.get("if-none-match")?.includes(etag)) return new Response(null, { status: 304, headers });
    return new Response(content, {
      headers: { ...headers, "Content-Type": content.type, "Content-Length": String(content.size) },
    });
  };
}

function findFile(root: string, path: string, isEmbedded: boolean): string | undefined {
  const segments = path.split("/").filter((segment) => segment !== "");
  if (segments.some((segment) => segment.startsWith(".") || /[\\\0]/.test(segment))) return undefined;
  const wanted = join(root, ...segments);
  const file = look(wanted)?.isDirectory() === true ? join(wanted, "index.html") : wanted;
  if (look(file)?.isFile() !== true) return undefined;
  if (isEmbedded) return file;
  return realpathSync(file).startsWith(realpathSync(root) + sep) ? file : undefined;
}

function look(path: string) {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    // ENOTDIR, ENAMETOOLONG, ELOOP: there is nothing there.
    return undefined;
  }
}

function toEtag(file: string): string {
  const { size, mtimeMs } = statSync(file);
  return `"${size.toString(36)}-${Math.floor(mtimeMs).toString(36)}"`;
}
