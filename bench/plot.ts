import { LineChart } from "echarts/charts";
import { GridComponent, MarkLineComponent, TitleComponent } from "echarts/components";
import { init, use } from "echarts/core";
import { LabelLayout } from "echarts/features";
import { SVGRenderer } from "echarts/renderers";

use([GridComponent, LabelLayout, LineChart, MarkLineComponent, SVGRenderer, TitleComponent]);

/** A line of a plot. */
export type Line = {
  name: string;
  /** A guide is thin and grey, and is named above its first point. */
  kind: "subject" | "control" | "guide";
  points: readonly (readonly [x: number, y: number])[];
};

export type Plot = {
  title: string;
  x: { title: string; isLogarithmic: boolean };
  y: { title: string; isLogarithmic: boolean; most?: number; least?: number };
  lines: readonly Line[];
};

/** As far from GitHub's white as from its dark background (contrast 4.3 to either); there is no background. */
const COLOURS = { text: "#7a7a7a", grid: "#7a7a7a40", subject: "#2e7cd6", control: "#c25e18", guide: "#7a7a7a" };

const FONT = "-apple-system, BlinkMacSystemFont, 'Segoe UI', Helvetica, Arial, sans-serif";

/** Draws a plot as SVG, the same text for the same plot. */
export function drawPlot({ title, x, y, lines }: Plot): string {
  const chart = init(null, undefined, { renderer: "svg", ssr: true, width: 720, height: 380 });
  const text = { color: COLOURS.text, fontFamily: FONT, fontSize: 13 };
  const axis = {
    nameLocation: "middle" as const,
    nameTextStyle: text,
    axisLabel: { ...text, formatter: (value: number) => formatTick(value) },
    axisLine: { show: true, lineStyle: { color: COLOURS.text } },
    splitLine: { lineStyle: { color: COLOURS.grid } },
    minorTick: { show: false },
  };
  chart.setOption({
    animation: false,
    backgroundColor: "transparent",
    title: { text: title, textStyle: { ...text, fontSize: 15, fontWeight: 600 }, left: 0, top: 0 },
    grid: { left: 62, right: 130, top: 56, bottom: 48 },
    xAxis: { ...axis, type: x.isLogarithmic ? "log" : "value", name: x.title, nameGap: 30 },
    yAxis: {
      ...axis,
      type: y.isLogarithmic ? "log" : "value",
      name: y.title,
      nameGap: 44,
      ...(y.most === undefined ? {} : { max: y.most }),
      ...(y.least === undefined ? {} : { min: y.least }),
    },
    series: lines.map(({ name, kind, points }) => ({
      type: "line" as const,
      name,
      data: points.map((point, index) => ({
        value: [...point],
        // A guide has its name where it begins, the others where they end.
        label: { ...text, show: kind === "guide" && index === 0, formatter: name, position: "top" as const },
      })),
      clip: true,
      symbol: "circle",
      // Without any symbol there would be no label.
      symbolSize: kind === "guide" ? 0.1 : 6,
      showAllSymbol: true,
      itemStyle: { color: COLOURS[kind] },
      lineStyle: { color: COLOURS[kind], width: kind === "guide" ? 1 : 2, type: kind === "guide" ? "dashed" : "solid" },
      endLabel: { ...text, show: kind !== "guide", color: COLOURS[kind], formatter: name, distance: 8 },
      labelLayout: { moveOverlap: "shiftY" as const },
    })),
  });
  const svg = chart.renderToSVGString();
  chart.dispose();
  // What remains is the picture: no classes for a pointer, and no numbers that count the charts so far.
  const picture = svg
    .replace(/<style[^]*<\/style>\n?/, "")
    .replaceAll(/ (?:class|pointer-events|ecmeta_\w+)="[^"]*"/g, "")
    .replaceAll(/\bzr\d+/g, "plot");
  return `${picture}\n`;
}

function formatTick(value: number): string {
  return value >= 1 ? value.toLocaleString("en") : String(value);
}
