import { make } from "/page.js";

/** The plot's own coordinates; the page stretches them. */
const HEIGHT = 100;
const WIDTH = 300;

/**
 * @typedef {{ at: number, value: number }} Point
 * @typedef {{ at: number, label: string }} Mark
 *
 * @typedef {object} Plot
 * @property {HTMLElement} element
 * @property {(points: Point[], span: { from: number, to: number }, marked: Mark[]) => void} draw the newest mark has its label
 * @property {(at: number | undefined) => void} point marks a moment; undefined for none
 */

/**
 * Makes the plot of one figure over time.
 *
 * @param {string} title
 * @param {{ unit: string, atLeast: number }} options the highest value that the plot shows in any case
 * @returns {Plot}
 */
export function makePlot(title, { unit, atLeast }) {
  const area = makeSvg("path", { class: "area" });
  const line = makeSvg("path", { class: "line" });
  const marks = makeSvg("path", { class: "marks" });
  const pointer = makeSvg("path", { class: "pointer" });
  const grid = makeSvg("path", { class: "grid", d: `M0,0H${WIDTH}M0,${HEIGHT / 2}H${WIDTH}M0,${HEIGHT}H${WIDTH}` });
  const frame = { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", "aria-hidden": "true" };
  const canvas = makeSvg("svg", frame, grid, area, line, marks, pointer);
  const value = make("span", { class: "value" }, "–");
  const top = make("span", { class: "top" });
  const label = make("span", { class: "label", "aria-hidden": "true" });
  const heading = make("figcaption", {}, make("span", { class: "name" }, title), value);
  const element = make("figure", { class: "plot" }, heading, make("div", { class: "canvas" }, canvas, top, label));

  /** @type {Point[]} */
  let drawn = [];
  let span = { from: 0, to: 1 };
  const format = (/** @type {number} */ number) => (unit === "" ? String(number) : `${number} ${unit}`);
  const toX = (/** @type {number} */ at) => (((at - span.from) / (span.to - span.from)) * WIDTH).toFixed(1);

  return {
    element,
    draw(points, newSpan, marked) {
      span = newSpan;
      drawn = points.filter(({ at }) => at >= span.from);
      const highest = roundUp(Math.max(atLeast, ...drawn.map((point) => point.value)));
      const toY = (/** @type {number} */ number) => (HEIGHT - (number / highest) * HEIGHT).toFixed(1);
      const path = drawn.map((point) => `${toX(point.at)},${toY(point.value)}`).join("L");
      const [first, last] = [drawn[0], drawn.at(-1)];
      line.setAttribute("d", path && `M${path}`);
      area.setAttribute("d", first && last ? `M${toX(first.at)},${HEIGHT}L${path}L${toX(last.at)},${HEIGHT}Z` : "");
      const lines = marked.map(({ at }) => toX(Math.min(at, span.to)));
      marks.setAttribute("d", lines.map((x) => `M${x},0V${HEIGHT}`).join(""));
      const share = Number(lines.at(-1) ?? 0) / WIDTH;
      label.textContent = marked.at(-1)?.label ?? "";
      label.style.insetInlineStart = share < 0.6 ? `${share * 100}%` : "";
      label.style.insetInlineEnd = share < 0.6 ? "" : `${100 - share * 100}%`;
      top.textContent = format(highest);
    },
    point(at) {
      pointer.setAttribute("d", at === undefined ? "" : `M${toX(at)},0V${HEIGHT}`);
      const point = at === undefined ? drawn.at(-1) : drawn.findLast((candidate) => candidate.at <= at);
      value.textContent = point === undefined ? "–" : format(point.value);
    },
  };
}

/**
 * The next of 1, 2, 5, 10, 20, 50, …
 *
 * @param {number} number
 */
function roundUp(number) {
  const power = 10 ** Math.floor(Math.log10(number));
  return ([1, 2, 5, 10].find((step) => number <= step * power) ?? 10) * power;
}

/**
 * @param {string} tag
 * @param {Record<string, string>} attributes
 * @param {...SVGElement} children
 */
function makeSvg(tag, attributes, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}
