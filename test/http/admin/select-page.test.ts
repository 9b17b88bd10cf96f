import { expect, test } from "bun:test";
import fc from "fast-check";
import { compareKeys, selectPage } from "../../../src/http/admin/select-page.ts";

test("selectPage() gives what sorting everything would give", () => {
  const items = fc.array(fc.record({ key: fc.integer({ min: 0, max: 50 }), id: fc.nat() }), { maxLength: 1000 });
  const page = { offset: fc.nat({ max: 300 }), limit: fc.integer({ min: 1, max: 60 }), isDescending: fc.boolean() };
  fc.assert(
    fc.property(items, fc.record({ ...page, isKeyed: fc.boolean() }), (all, { isKeyed, ...query }) => {
      const sorted = isKeyed ? all.toSorted((one, other) => compareKeys(one.key, other.key)) : [...all];
      if (query.isDescending) sorted.reverse();
      expect(selectPage(all, { ...query, keyOf: isKeyed ? ({ key }) => key : undefined })).toEqual({
        total: all.length,
        rows: sorted.slice(query.offset, query.offset + query.limit),
      });
    }),
  );
});
