/** A mistake in a controllers folder, as `hubbub check` reports it. */
export type Finding = {
  /** A code of `docs/errors.md`, or TypeScript's own: `TS2322`. */
  code: string;
  message: string;
  /** Absolute; undefined for what is no file's mistake. */
  file?: string | undefined;
  /** From 1 on; undefined if only the file is known. */
  line?: number | undefined;
  column?: number | undefined;
};

/** Orders findings by file and line; what is no file's comes first. */
export function comparePlaces(one: Finding, other: Finding): number {
  const [a, b] = [one.file ?? "", other.file ?? ""];
  if (a !== b) return a < b ? -1 : 1;
  return (one.line ?? 0) - (other.line ?? 0) || (one.column ?? 0) - (other.column ?? 0);
}
