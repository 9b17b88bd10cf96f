import { expect, test } from "bun:test";
import { checkConditions } from "../../src/http/conditions.ts";

const modifiedAt = new Date("2026-03-01T12:00:00.900Z");
const [before, same, after] = [
  "Sun, 01 Mar 2026 11:59:59 GMT",
  "Sun, 01 Mar 2026 12:00:00 GMT",
  "Sun, 01 Mar 2026 12:00:01 GMT",
];

test.each<[headers: Record<string, string>, status: 304 | 412 | undefined]>([
  [{}, undefined],
  [{ "If-None-Match": '"a"' }, 304],
  [{ "If-None-Match": 'W/"a"' }, 304],
  [{ "If-None-Match": '"b", W/"c","a"' }, 304],
  [{ "If-None-Match": "*" }, 304],
  [{ "If-None-Match": '"b"' }, undefined],
  [{ "If-None-Match": '"xa"' }, undefined],
  [{ "If-None-Match": "a" }, undefined],
  [{ "If-None-Match": "" }, undefined],
  [{ "If-Modified-Since": before }, undefined],
  [{ "If-Modified-Since": same }, 304],
  [{ "If-Modified-Since": after }, 304],
  [{ "If-Modified-Since": "yesterday" }, undefined],
  // A tag says more than a date.
  [{ "If-None-Match": '"b"', "If-Modified-Since": after }, undefined],
  [{ "If-None-Match": '"a"', "If-Modified-Since": before }, 304],
  [{ "If-Match": '"a"' }, undefined],
  [{ "If-Match": "*" }, undefined],
  [{ "If-Match": '"b", "a"' }, undefined],
  [{ "If-Match": '"b"' }, 412],
  [{ "If-Match": 'W/"a"' }, 412],
  [{ "If-Unmodified-Since": before }, 412],
  [{ "If-Unmodified-Since": same }, undefined],
  [{ "If-Unmodified-Since": after }, undefined],
  [{ "If-Unmodified-Since": "yesterday" }, undefined],
  [{ "If-Match": '"a"', "If-Unmodified-Since": before }, undefined],
  [{ "If-Match": '"a"', "If-None-Match": '"a"' }, 304],
])("checkConditions() of %j is %p", (headers, status) => {
  expect(checkConditions(new Headers(headers), { etag: '"a"', modifiedAt })).toBe(status);
});

test("checkConditions() knows nothing of dates where there is none", () => {
  for (const name of ["If-Modified-Since", "If-Unmodified-Since"]) {
    for (const date of [before, after]) {
      expect(checkConditions(new Headers({ [name]: date }), { etag: '"a"' })).toBeUndefined();
    }
  }
});
