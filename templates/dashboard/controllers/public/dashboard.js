import { connect } from "/-/client.js";

const KEEP = 60;
const FIGURES = { memoryMiB: "Memory, MiB", cpuPercent: "Processor, %", watching: "Watching" };

const [state, main, template] = ["output", "main", "template"].map((name) => document.querySelector(name));
const dashboard = connect("/dashboard");
let samples = [];

const plots = Object.entries(FIGURES).map(([name, label]) => {
  const figure = template.content.firstElementChild.cloneNode(true);
  figure.querySelector("span").textContent = label;
  figure.querySelector("svg").setAttribute("aria-label", label);
  main.append(figure);
  return { name, value: figure.querySelector("b"), line: figure.querySelector("polyline") };
});

dashboard.addEventListener("state", () => {
  state.textContent = dashboard.state;
  // A new connection begins with all that is known.
  if (dashboard.state === "open") samples = [];
});

dashboard.addEventListener("message", ({ data }) => {
  samples = [...samples, ...data].slice(-KEEP);
  for (const { name, value, line } of plots) {
    const figures = samples.map((sample) => sample[name]);
    const highest = Math.max(1, ...figures);
    value.textContent = figures.at(-1) ?? "–";
    const left = KEEP - figures.length;
    line.setAttribute("points", figures.map((y, x) => `${left + x},${19 - (y / highest) * 18}`).join(" "));
  }
});
