import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { findFullCore, parseGrowth } from "../../bench/growth.ts";
import { drawPlot, type Plot } from "../../bench/plot.ts";
import { toPlots } from "../../bench/plots.ts";
import { root } from "../support/server.ts";

const plot: Plot = {
  title: "Cost <of> something",
  x: { title: "members", isLogarithmic: true },
  y: { title: "µs", isLogarithmic: false, least: 0 },
  lines: [
    { name: "Hubbub", kind: "subject", points: [1, 10, 100].map((x) => [x, 30 / x]) },
    { name: "control", kind: "control", points: [1, 10, 100].map((x) => [x, 20 / x]) },
    { name: "full at 10/s", kind: "guide", points: [1, 100].map((x) => [x, 25 / x]) },
  ],
};

const listTexts = (svg: string) => Array.from(svg.matchAll(/<text[^>]*>([^<]*)<\/text>/g), ([, text]) => text);

/** WCAG's contrast of two colours such as `#0d1117`. */
function contrast(one: string, other: string): number {
  const [dark = 0, light = 0] = [one, other].map(luminance).sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}

function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5]
    .map((at) => Number.parseInt(colour.slice(at, at + 2), 16) / 255)
    .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

test("drawPlot() names its axes and its lines", () => {
  const texts = listTexts(drawPlot(plot));
  for (const text of [
    "members",
    "µs",
    "Hubbub",
    "control",
    "full at 10/s",
    "1",
    "10",
    "100",
    "Cost &lt;of&gt; something",
  ])
    expect(texts).toContain(text);
});

test("drawPlot() draws the same plot as the same text", () => {
  expect(drawPlot(plot)).toBe(drawPlot(plot));
});

test("drawPlot() is legible on GitHub's light and dark backgrounds", () => {
  const svg = drawPlot(plot).replaceAll(/<path[^>]* stroke-width="0"[^>]*>/g, "");
  const colours = new Set(svg.match(/#[\da-f]{6}\b/gi));
  expect(colours.size).toBeGreaterThanOrEqual(3);
  expect(svg).not.toMatch(/fill="(?:#fff|white)/);
  for (const background of ["#ffffff", "#0d1117"])
    for (const colour of colours) expect(contrast(colour, background), colour).toBeGreaterThan(4);
});

test("findFullCore() finds the members with which messages a second fill one core", () => {
  const points = [1, 10, 100, 1000].map((x) => ({ x, subject: 10 }));
  expect(findFullCore(points, 1000)).toBeCloseTo(100, 6);
  expect(findFullCore(points, 500)).toBeCloseTo(200, 6);
  expect(findFullCore(points, 10)).toBeNaN();
  const falling = points.map(({ x }) => ({ x, subject: 100 / Math.sqrt(x) }));
  // x · 100 / √x · 1,000 µs are a second at x = 100.
  expect(findFullCore(falling, 1000)).toBeCloseTo(100, 6);
});

test("findFullCore() knows nothing of what lies below the first point", () => {
  expect(
    findFullCore(
      [100, 1000].map((x) => ({ x, subject: 10 })),
      100_000,
    ),
  ).toBeNaN();
});

test("parseGrowth() refuses what is no growth", () => {
  expect(() => parseGrowth('{"members":[{"x":1,"subject":2}],"sessions":[]}')).toThrow(
    "Cannot draw docs/performance/growth.json",
  );
});

test("docs/performance has the plots of what was measured", () => {
  const folder = join(root, "docs/performance");
  const plots = toPlots(parseGrowth(readFileSync(join(folder, "growth.json"), "utf8")));
  const page = readFileSync(join(root, "docs/performance.md"), "utf8");
  for (const [name, known] of Object.entries(plots)) {
    expect(readFileSync(join(folder, `${name}.svg`), "utf8"), name).toBe(drawPlot(known));
    expect(page).toContain(`(performance/${name}.svg)`);
  }
});
