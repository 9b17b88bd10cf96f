import * as v from "valibot";
import { sessionSorts } from "../backend.ts";
import { type Cursor, type FactsQuery, groupSorts } from "./facts.ts";

const MAX_ROWS = 200;

const number = (max: number) => v.pipe(v.string(), v.toNumber(), v.integer(), v.minValue(0), v.maxValue(max));

/** `name` and `-name` for each of `names`. */
function sortBy<const Names extends readonly string[]>(names: Names) {
  type Sort = Names[number] | `-${Names[number]}`;
  const all = names.flatMap((name) => [name, `-${name}`]);
  return v.custom<Sort>((value) => typeof value === "string" && all.includes(value));
}

const page = { offset: v.optional(number(1_000_000_000), "0"), limit: v.optional(number(MAX_ROWS), "50") };

const text = v.optional(v.pipe(v.string(), v.maxLength(500)));

const schema = v.variant("view", [
  v.object({
    view: v.literal("sessions"),
    ...page,
    sort: v.optional(sortBy(sessionSorts), "-opened"),
    text,
    controller: text,
    group: text,
  }),
  v.object({ view: v.literal("groups"), ...page, sort: v.optional(sortBy(groupSorts), "-size"), text }),
  v.object({ view: v.picklist(["overview", "controllers", "console", "log"]) }),
]);

const one = v.object({ session: text, name: text, cursor: v.optional(v.pipe(v.string(), v.maxLength(10_000)), "") });

/** What the page asks for in the query of its stream; undefined if that cannot be. */
export function readFactsQuery(query: Record<string, string>): FactsQuery | undefined {
  const view = v.safeParse(schema, query);
  const rest = v.safeParse(one, query);
  if (!view.success || !rest.success) return undefined;
  const { session, name, cursor } = rest.output;
  const asked: FactsQuery = { session, group: name, after: parseCursor(cursor) };
  if (view.output.view === "sessions") {
    const { view: _, controller, group, ...list } = view.output;
    asked.sessions = { ...list, path: controller, group };
  } else if (view.output.view === "groups") {
    const { view: _, ...list } = view.output;
    asked.groups = list;
  }
  return asked;
}

/** `1700000000 a=17 b=3`. */
export function formatCursor({ second, lines }: Cursor): string {
  return [second, ...Object.entries(lines).map(([source, line]) => `${source}=${line}`)].join(" ");
}

/** What `formatCursor` wrote; what else there is counts as nothing. */
export function parseCursor(text: string): Cursor {
  const [second, ...lines] = text.split(" ");
  const pairs = lines.map((pair) => pair.split("=")).map(([source = "", line]) => [source, Number(line)] as const);
  return { second: Number(second) || 0, lines: Object.fromEntries(pairs.filter(([, line]) => line >= 0)) };
}
