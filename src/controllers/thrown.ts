import { sep } from "node:path";
import { describeStack, type Location } from "../core/errors.ts";
import type { LogProperties } from "../core/log-fields.ts";
import { formatCodeFrame, readLinesAround } from "./code-frame.ts";
import { formatLocation, locate } from "./location.ts";

/** So many lines before and after the one that failed are shown. */
const LINES_AROUND = 2;

/** What the log says of what a controller threw. */
export type DescribedThrow = {
  place: Location | undefined;
  /** ` at chat.ts:12:3`, or nothing. */
  where: string;
  properties: LogProperties;
};

/**
 * Describes what a controller in `folder` threw: its place, the stack as far as it is the controllers', the code around.
 *
 * @param thrown as `toShowable` gives it
 */
export function describeThrown(thrown: unknown, folder: string): DescribedThrow {
  const place = locate(thrown, folder);
  const detail = cutStack(describeStack(thrown), folder);
  if (place === undefined) return { place, where: "", properties: { detail } };
  const frame = () => {
    const lines = readLinesAround(folder, place, LINES_AROUND);
    return lines && formatCodeFrame(lines, place);
  };
  return { place, where: ` at ${formatLocation(place)}`, properties: { ...place, detail, frame } };
}

/** `stack` without what the server called before the first line of a controller's; all of it if there is none. */
function cutStack(stack: string | undefined, folder: string): string | undefined {
  const lines = stack?.split("\n") ?? [];
  const last = lines.findLastIndex((line) => line.includes(folder + sep));
  return last < 0 ? stack : lines.slice(0, last + 1).join("\n");
}
