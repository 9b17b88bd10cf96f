import type { KnownFault } from "../../../controllers/fault-book.ts";
import type { Page } from "../backend.ts";
import { selectPage } from "../select-page.ts";
import type { ControllerRow, Facts, FactsPart, FactsQuery, GroupRow, GroupSort, NotedPart } from "./facts.ts";
import { formatCursor } from "./read-query.ts";
import { uniteSeries } from "./unite-series.ts";

/** So many event loops are remembered in a cursor: one that does not answer in time is there again a second later. */
const MAX_SOURCES = 100;

/**
 * Makes what one page is told of what each thread says: sums, and of lists the part that is wanted.
 *
 * @param now milliseconds since 1970
 */
export function uniteParts(
  all: readonly (FactsPart | NotedPart)[],
  query: FactsQuery,
  now: number,
): Omit<Facts, "health" | "sessions" | "session"> {
  const { after } = query;
  const parts = all.filter((part) => "series" in part);
  const isAnew = !all.some(({ source }) => source in after.lines);
  const series = uniteSeries(
    parts.map((part) => part.series),
    // Another event loop's sample of this second may not be there yet.
    { after: isAnew ? 0 : after.second, until: Math.floor(now / 1000) - (parts.length > 1 ? 1 : 0) },
  );
  const lines = all.flatMap((part) => part.lines).sort((one, other) => one.at - other.at);
  const known = new Map(Object.entries(after.lines));
  for (const { source, lines: own } of all) {
    const number = own.at(-1)?.number ?? known.get(source) ?? 0;
    known.delete(source);
    known.set(source, number);
  }
  return {
    now,
    isAnew,
    lastFault: all.find(({ lastFault }) => lastFault !== "")?.lastFault ?? "",
    series,
    lines,
    controllers: uniteControllers(parts),
    faults: uniteFaults(all),
    ...(query.groups !== undefined && { groups: uniteGroups(parts, query.groups) }),
    ...(query.group !== undefined && { group: uniteRows(parts.flatMap((part) => part.group ?? []))[0] ?? null }),
    cursor: formatCursor({
      second: series.at.at(-1) ?? after.second,
      lines: Object.fromEntries([...known].slice(-MAX_SOURCES)),
    }),
  };
}

/** The same, to be asked of each event loop: groups from the first on, for nobody knows whose they are. */
export function toPartQuery({ groups, group, after }: FactsQuery): FactsQuery {
  return { groups: groups && { ...groups, offset: 0, limit: groups.offset + groups.limit }, group, after };
}

function uniteControllers(parts: readonly FactsPart[]): ControllerRow[] {
  const [first] = parts;
  return (first?.controllers ?? []).map((row) => ({
    ...row,
    sessions: sum(parts.map(({ controllers }) => controllers.find(({ path }) => path === row.path)?.sessions ?? 0)),
  }));
}

/** The last fault of each controller, wherever it was. */
function uniteFaults(parts: readonly NotedPart[]): KnownFault[] {
  const newest = new Map<string, KnownFault>();
  for (const fault of parts.flatMap((part) => part.faults)) {
    const known = newest.get(fault.controller);
    if (known === undefined || known.at < fault.at) newest.set(fault.controller, fault);
  }
  return [...newest.values()].sort((one, other) => other.at - one.at);
}

function uniteGroups(
  parts: readonly FactsPart[],
  { sort, offset, limit }: NonNullable<FactsQuery["groups"]>,
): Page<GroupRow> {
  const pages = parts.flatMap(({ groups }) => groups ?? []);
  const { rows } = selectPage(uniteRows(pages.flatMap((page) => page.rows)), {
    offset,
    limit,
    keyOf: (row) => row[sort.replace("-", "") as GroupSort],
    isDescending: sort.startsWith("-"),
  });
  // Each event loop knows all of them.
  return { total: Math.max(0, ...pages.map((page) => page.total)), rows };
}

/** Each group once: its members get the same messages wherever they are. */
function uniteRows(rows: readonly GroupRow[]): GroupRow[] {
  const byName = new Map<string, GroupRow>();
  for (const row of rows) {
    const known = byName.get(row.name);
    if (known === undefined || known.messages < row.messages) byName.set(row.name, row);
  }
  return [...byName.values()];
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
