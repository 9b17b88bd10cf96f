import type { FrameMember } from "../bus/frame.ts";
import type { Group } from "../groups/group.ts";
import type { Session } from "./session.ts";

/**
 * The sessions in a group.
 *
 * Nobody keeps a list of them: every session is looked at.
 */
export function listMembers(sessions: Iterable<Session>, group: Group | undefined): FrameMember[] {
  const members: FrameMember[] = [];
  if (group === undefined) return members;
  for (const { info, data, memberships } of sessions) {
    if (memberships?.includes(group) === true) members.push({ id: info.id, public: formatPublic(data) });
    if (members.length === group.size) break;
  }
  return members;
}

/** `data.public` as JSON; undefined if it is not set, or JSON cannot hold it. */
function formatPublic(data: unknown): string | undefined {
  if (typeof data !== "object" || data === null) return undefined;
  try {
    return JSON.stringify((data as { public?: unknown }).public);
  } catch {
    return undefined;
  }
}
