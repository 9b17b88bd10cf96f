import type { Group } from "../../../groups/group.ts";
import type { Page } from "../backend.ts";
import { selectPage } from "../select-page.ts";
import type { GroupQuery, GroupRow, GroupSort } from "./facts.ts";

/** The groups of this event loop and, if it is one of several, all others. */
export type GroupSource = {
  find: (name: string) => Group | undefined;
  /** Their names, some of them more than once. */
  names: () => Iterable<string>;
  /** How many are in one, wherever they are. */
  sizeOf: (name: string) => number;
};

/** Lists the groups that are asked for. */
export function listGroups(source: GroupSource, { text, sort, ...page }: GroupQuery): Page<GroupRow> {
  const wanted = text === undefined ? undefined : new RegExp(RegExp.escape(text), "i");
  const rows = [...new Set(source.names())]
    .filter((name) => wanted === undefined || wanted.test(name))
    .map((name) => toRow(source, name));
  const key = sort.replace("-", "") as GroupSort;
  return selectPage(rows, { ...page, keyOf: (row) => row[key], isDescending: sort.startsWith("-") });
}

/** The group of that name; undefined if nobody is in it. */
export function findGroup(source: GroupSource, name: string): GroupRow | undefined {
  const row = toRow(source, name);
  return row.size === 0 ? undefined : row;
}

function toRow({ find, sizeOf }: GroupSource, name: string): GroupRow {
  const { messages, size: messageSize } = find(name)?.sent ?? { messages: 0, size: 0 };
  return { name, size: sizeOf(name), messages, messageSize };
}
