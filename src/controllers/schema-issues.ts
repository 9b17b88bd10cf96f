import type { Issue } from "../sessions/event.ts";

/** What a client is told of an issue: its own values are in it, so there is no more of it than this. */
const MAX_ISSUES = 10;
const MAX_CHARACTERS = 200;
const MAX_SEGMENTS = 20;
const MAX_SEGMENT_CHARACTERS = 50;

/** An issue as it is told to a client. */
export type ShownIssue = { path: (string | number)[]; message: string };

/** The first issues, each shortened. */
export function showIssues(issues: readonly Issue[]): ShownIssue[] {
  return issues.slice(0, MAX_ISSUES).map((issue) => ({ path: toPath(issue), message: clip(issue.message) }));
}

/** The first issue in one line, and how many there are beside it: `user.name: Expected a text (and 2 more)`. */
export function describeIssues(issues: readonly Issue[]): string {
  const [first] = issues;
  if (first === undefined) return "It is not valid";
  const where = toPath(first).join(".");
  const more = issues.length > 1 ? ` (and ${issues.length - 1} more)` : "";
  return `${where === "" ? "" : `${where}: `}${clip(first.message)}${more}`;
}

/** `text`, cut where it is too long to be shown. */
export function clip(text: unknown, maxCharacters = MAX_CHARACTERS): string {
  const whole = String(text);
  return whole.length > maxCharacters ? `${whole.slice(0, maxCharacters)}…` : whole;
}

function toPath({ path = [] }: Issue): (string | number)[] {
  return Array.from(path.slice(0, MAX_SEGMENTS), (segment) => {
    const key = typeof segment === "object" ? segment.key : segment;
    return typeof key === "number" ? key : clip(key, MAX_SEGMENT_CHARACTERS);
  });
}
