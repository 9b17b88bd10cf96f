import { relative, sep } from "node:path";
import { describeStack, type Location } from "../core/errors.ts";

/**
 * The innermost place below `root` that `thrown` came from; undefined if there is none.
 *
 * Reads the stack of an error, and the position of what the runtime's parser and resolver throw.
 */
export function locate(thrown: unknown, root: string): Location | undefined {
  const position = (
    thrown as { position?: { file?: string; line?: number; column?: number } | null } | null | undefined
  )?.position;
  if (position?.file !== undefined && isBelow(position.file, root)) {
    return { file: relative(root, position.file), line: position.line ?? 0, column: position.column ?? 0 };
  }
  for (const line of describeStack(thrown)?.split("\n") ?? []) {
    const match = / \((.+):(\d+):(\d+)\)$/.exec(line) ?? /at (?:async )?(.+):(\d+):(\d+)$/.exec(line);
    const file = match?.[1];
    if (file !== undefined && isBelow(file, root)) {
      return { file: toShown(file, root), line: Number(match?.[2]), column: Number(match?.[3]) };
    }
  }
  return undefined;
}

/** `chat.ts:12:3`, as editors and terminals link it. */
export function formatLocation({ file, line, column }: Location): string {
  return `${file}:${line}:${column}`;
}

/** The source maps of the embedded controllers name their files from the repository's root. */
const EMBEDDED = "controllers/";

function isBelow(file: string, root: string): boolean {
  return file.startsWith(root + sep) || file.startsWith(EMBEDDED);
}

function toShown(file: string, root: string): string {
  return file.startsWith(EMBEDDED) ? file.slice(EMBEDDED.length) : relative(root, file);
}
