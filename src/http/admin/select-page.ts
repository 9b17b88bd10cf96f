import type { Page, PageQuery } from "./backend.ts";

export type SelectQuery<Item> = PageQuery & {
  /** What the items are sorted by; absent for the order in which they come. */
  keyOf: ((item: Item) => string | number) | undefined;
  isDescending: boolean;
};

/**
 * The part of many items that is wanted, sorted: only as many as come before its end are kept and sorted.
 *
 * Items with the same key stay in the order in which they come, or in the opposite one where all is.
 */
export function selectPage<Item>(items: Iterable<Item>, query: SelectQuery<Item>): Page<Item> {
  const { offset, limit, isDescending } = query;
  const wanted = offset + limit;
  let total = 0;
  // The order in which they come is a key like any other.
  const keyOf = query.keyOf ?? (() => total);
  const compare = (one: Keyed<Item>, other: Keyed<Item>) =>
    (compareKeys(one.key, other.key) || one.number - other.number) * (isDescending ? -1 : 1);
  let kept: Keyed<Item>[] = [];
  /** What comes after this is not wanted. */
  let last: Keyed<Item> | undefined;
  for (const item of items) {
    total += 1;
    const keyed = { item, key: keyOf(item), number: total };
    if (last !== undefined && compare(keyed, last) > 0) continue;
    kept.push(keyed);
    if (kept.length < 2 * wanted + 100) continue;
    kept = kept.sort(compare).slice(0, wanted);
    last = kept.at(-1);
  }
  return {
    total,
    rows: kept
      .sort(compare)
      .slice(offset, wanted)
      .map(({ item }) => item),
  };
}

type Keyed<Item> = { item: Item; key: string | number; number: number };

/** Texts as their code units stand, which is the same in every language. */
export function compareKeys(one: string | number, other: string | number): number {
  return one < other ? -1 : one > other ? 1 : 0;
}
