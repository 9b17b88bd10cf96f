import uPlot from "uplot";
import type { SeriesPart } from "./facts.ts";
import { formatMs, formatShort, formatSize, formatTime } from "./format.ts";
import { find, findIn, setText } from "./page.ts";

/** So many seconds are shown. */
const SPAN = 900;

const HEIGHT = 130;

type Column = Exclude<keyof SeriesPart, "at">;

type PlotKind = {
  id: string;
  columns: Column[];
  format: (value: number) => string;
  /** The steps of the axis, if tens will not do. */
  steps?: number[];
  /** The least that the axis reaches to. */
  atLeast: number;
};

const MIB = 1024 ** 2;

const kinds: PlotKind[] = [
  { id: "plot-sessions", columns: ["sessions"], format: formatShort, atLeast: 5 },
  { id: "plot-messages", columns: ["sent", "received"], format: formatShort, atLeast: 5 },
  { id: "plot-lag", columns: ["lagMs"], format: formatMs, atLeast: 10 },
  {
    id: "plot-memory",
    columns: ["memoryBytes"],
    format: formatSize,
    steps: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1024, 2048, 5120, 10_240].map((step) => step * MIB),
    atLeast: MIB,
  },
];

/** The plots of the last fifteen minutes, and the moment that their headings tell of. */
export class Plots {
  readonly #series: SeriesPart = { at: [], sessions: [], received: [], sent: [], lagMs: [], memoryBytes: [] };
  readonly #moment = find<HTMLInputElement>("moment");
  #plots: { kind: PlotKind; plot: uPlot }[] = [];
  #now = 0;
  /** The page's clock is ahead of the server's by so many seconds. */
  #ahead = 0;
  /** The moment that the mouse is at, by the page's clock. */
  #hovered: number | undefined;

  constructor() {
    this.#moment.addEventListener("input", () => this.#point());
    for (const { id } of kinds) {
      const canvas = findIn(find(id), ".canvas");
      canvas.addEventListener("mousemove", (event) => this.#hover(id, event.clientX));
      canvas.addEventListener("mouseleave", () => this.#hover(id, undefined));
    }
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.#make());
    const resized = new ResizeObserver(() => this.#plots.forEach(({ kind, plot }) => resize(kind, plot)));
    resized.observe(find("overview"));
    this.#make();
  }

  /** Adds samples, and moves on to `now`, in milliseconds of the server's clock. */
  add(part: SeriesPart, now: number): void {
    this.#now = now / 1000;
    this.#ahead = Date.now() / 1000 - this.#now;
    const names = Object.keys(this.#series) as (keyof SeriesPart)[];
    const tooOld = this.#series.at.filter((at) => at < this.#now - SPAN - 5).length;
    for (const name of names) this.#series[name] = [...this.#series[name].slice(tooOld), ...part[name]];
    this.draw();
  }

  /** Forgets all samples. */
  clear(): void {
    for (const name of Object.keys(this.#series) as (keyof SeriesPart)[]) this.#series[name] = [];
  }

  /** Draws what there is, if anybody sees it. */
  draw(): void {
    if (find("overview").hidden) return;
    for (const { kind, plot } of this.#plots) {
      const values = kind.columns.map((name) => this.#series[name]);
      plot.setData([this.#series.at.map((at) => at + this.#ahead), ...values], false);
      const highest = Math.max(kind.atLeast, ...values.flat()) * 1.05;
      plot.batch(() => {
        const end = this.#now + this.#ahead;
        plot.setScale("x", { min: end - SPAN, max: end });
        plot.setScale("y", { min: 0, max: highest });
      });
    }
    this.#point();
  }

  #make(): void {
    for (const { plot } of this.#plots) plot.destroy();
    this.#plots = kinds.map((kind) => ({ kind, plot: makePlot(kind) }));
    this.draw();
  }

  #hover(id: string, clientX: number | undefined): void {
    const plot = this.#plots.find(({ kind }) => kind.id === id)?.plot;
    const x = clientX === undefined || plot === undefined ? -1 : clientX - plot.over.getBoundingClientRect().left;
    this.#hovered = plot === undefined || x < 0 ? undefined : plot.posToVal(x, "x");
    this.#point();
  }

  /** Tells of the moment that was chosen, the newest sample if none was. */
  #point(): void {
    const chosen = this.#hovered === undefined ? Number(this.#moment.value) : this.#hovered - this.#ahead - this.#now;
    const { at } = this.#series;
    const index = chosen >= 0 ? at.length - 1 : at.findLastIndex((time) => time <= this.#now + chosen);
    const time = at[index];
    const isNow = chosen >= 0 || time === undefined;
    setText(find("moment-time"), isNow ? "now" : formatTime((time + this.#ahead) * 1000));
    const told: string[] = [];
    for (const { kind, plot } of this.#plots) {
      const caption = findIn(find(kind.id), "figcaption");
      for (const output of caption.querySelectorAll("output")) {
        const value = this.#series[output.dataset["column"] as Column][index];
        setText(output, value === undefined ? "–" : kind.format(value));
      }
      told.push([...caption.children].map(({ textContent }) => textContent).join(" "));
      const left = isNow ? -10 : plot.valToPos(time + this.#ahead, "x");
      plot.setCursor({ left, top: 0 }, false);
    }
    this.#moment.setAttribute("aria-valuetext", `${find("moment-time").textContent}: ${told.join("; ")}`);
  }
}

function makePlot(kind: PlotKind): uPlot {
  const canvas = findIn(find(kind.id), ".canvas");
  const style = getComputedStyle(document.documentElement);
  const color = (name: string) => resolveColor(style.getPropertyValue(name));
  const [soft, line, accent, tint, busy] = ["--soft", "--line", "--accent", "--tint", "--busy"].map(color);
  const colors = [accent, busy];
  const axis = { stroke: soft ?? "", grid: { stroke: line ?? "", width: 1 }, ticks: { show: false } };
  const options: uPlot.Options = {
    width: canvas.clientWidth || 300,
    height: HEIGHT,
    padding: [8, 8, 0, 0],
    legend: { show: false },
    cursor: { show: true, x: true, y: false, points: { show: false }, drag: { x: false, y: false }, bind: noMouse },
    scales: { x: { time: true, auto: false }, y: { auto: false } },
    axes: [
      { ...axis, size: 22, font: FONT, gap: 4, space: 70, values: (_, splits) => splits.map(formatClock) },
      {
        ...axis,
        size: 58,
        font: FONT,
        gap: 4,
        space: 32,
        values: (_, splits) => splits.map((value) => trim(kind.format(value))),
        ...(kind.steps !== undefined && { incrs: kind.steps }),
      },
    ],
    series: [
      {},
      ...kind.columns.map((name, index) => ({
        label: name,
        stroke: colors[index] ?? "",
        width: 1.5,
        points: { show: false },
        ...(index === 0 && { fill: tint ?? "" }),
      })),
    ],
  };
  return new uPlot(options, [[], ...kind.columns.map(() => [])], canvas);
}

const FONT = "11px system-ui, sans-serif";

/** The plots share one moment, which `Plots` chooses. */
const noMouse: uPlot.Cursor.Bind = {
  mousedown: () => null,
  mouseup: () => null,
  click: () => null,
  dblclick: () => null,
  mousemove: () => null,
  mouseleave: () => null,
  mouseenter: () => null,
};

/** A canvas does not know `light-dark()`: an element does. */
function resolveColor(value: string): string {
  const element = document.createElement("i");
  element.style.color = value;
  document.body.append(element);
  const { color } = getComputedStyle(element);
  element.remove();
  return color;
}

/** `20 ms` for `20.0 ms`. */
function trim(text: string): string {
  return text.replace(/\.0+(?=\D|$)/, "");
}

function formatClock(seconds: number): string {
  return new Date(seconds * 1000).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
}

function resize({ id }: PlotKind, plot: uPlot): void {
  const { clientWidth } = findIn(find(id), ".canvas");
  if (clientWidth > 0 && clientWidth !== plot.width) plot.setSize({ width: clientWidth, height: HEIGHT });
}
