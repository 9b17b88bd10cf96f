import { expect, test } from "bun:test";
import { formatMetrics, listBuckets } from "../../../src/http/metrics/exposition.ts";

test("formatMetrics() writes help, type and samples, and escapes what would break a line or a label", () => {
  const text = formatMetrics([
    { name: "a_total", type: "counter", help: 'One\\two\n"three"', samples: [{ value: 3 }] },
    {
      name: "b",
      type: "gauge",
      help: "B",
      samples: [
        { labels: { path: '/a"b\\c\nd', n: 1 }, value: 0.5 },
        { labels: {}, value: Infinity },
      ],
    },
    { name: "c", type: "counter", help: "C", samples: [] },
  ]);
  expect(text).toBe(String.raw`# HELP a_total One\\two\n"three"
# TYPE a_total counter
a_total 3
# HELP b B
# TYPE b gauge
b{path="/a\"b\\c\nd",n="1"} 0.5
b +Inf
# HELP c C
# TYPE c counter
`);
});

test("listBuckets() adds the buckets up", () => {
  const samples = [...listBuckets([0.1, 1], [2, 0, 3], 7.5, { controller: "/" })];
  const text = formatMetrics([{ name: "h", type: "histogram", help: "H", samples }]);
  expect(text.split("\n").slice(2, -1)).toEqual([
    'h_bucket{controller="/",le="0.1"} 2',
    'h_bucket{controller="/",le="1"} 2',
    'h_bucket{controller="/",le="+Inf"} 5',
    'h_sum{controller="/"} 7.5',
    'h_count{controller="/"} 5',
  ]);
});
