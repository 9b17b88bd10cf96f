import { expect, expectTypeOf, test } from "bun:test";
import type * as page from "../../src/admin/facts.ts";
import type * as server from "../../src/http/admin/inspector/facts.ts";

/** What an event leaves out if it is what it was. */
type Told = Omit<server.Facts, "controllers" | "faults"> & Partial<Pick<server.Facts, "controllers" | "faults">>;

test("the page takes what the server tells", () => {
  expectTypeOf<Told>().toExtend<page.Facts>();
  const told: Told["now"] = 1;
  expect(told).toBe(1);
});

test("the page knows of nothing that the server does not tell", () => {
  expectTypeOf<keyof server.Facts>().toEqualTypeOf<keyof page.Facts>();
  expectTypeOf<page.SessionRow>().toEqualTypeOf<NonNullable<server.Facts["sessions"]>["rows"][number]>();
  expectTypeOf<page.GroupRow>().toEqualTypeOf<server.GroupRow>();
  expectTypeOf<keyof page.ControllerRow>().toEqualTypeOf<keyof server.ControllerRow>();
  const fact: keyof page.Facts = "cursor";
  expect(fact).toBe("cursor");
});
