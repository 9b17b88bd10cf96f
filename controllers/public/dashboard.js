import { connect } from "/-/client.js";
import { find, followState, make, makeTime } from "/page.js";
import { makePlot } from "/plot.js";

/**
 * What the controller sends and takes: see dashboard.ts.
 *
 * @typedef {{ at: number, cpuPercent: number, memoryMiB: number, delayMs: number, watching: number }} Sample
 * @typedef {{ at: number, label: string }} Mark
 * @typedef {{ type: "history", samples: Sample[], marks: Mark[] } | { type: "sample", sample: Sample }
 *   | { type: "mark", mark: Mark }} Outgoing
 * @typedef {{ type?: undefined, error: { message: string, issues: { message: string }[] } }} Refusal
 * @typedef {{ takes: { type: "mark", label: string }, sends: Outgoing | Refusal }} Messages
 */

/** The plots begin with a short time and grow to a longer one. */
const SHORTEST_MS = 60_000;
const LONGEST_MS = 180_000;
const KEEP = 300;

/** @type {[name: keyof Sample, plot: import("/plot.js").Plot][]} */
const plots = [
  ["cpuPercent", makePlot("CPU", { unit: "%", atLeast: 10 })],
  ["memoryMiB", makePlot("Memory", { unit: "MiB", atLeast: 50 })],
  ["delayMs", makePlot("Timer late by", { unit: "ms", atLeast: 5 })],
  ["watching", makePlot("Watching", { unit: "", atLeast: 4 })],
];
find("#plots").replaceChildren(...plots.map(([, plot]) => plot.element));

/** @type {HTMLInputElement} */ const moment = find("#moment");
/** @type {HTMLInputElement} */ const labelField = find("#label");
const answer = find("#answer");

/** @type {Sample[]} */
let samples = [];
/** @type {Mark[]} */
let marks = [];
/** The time that the plots show, in milliseconds since 1970. */
let span = { from: 0, to: 0 };

/** @type {import("/-/client.js").Session<Messages>} */
const session = connect("/dashboard");
followState(session);
session.addEventListener("message", ({ data }) => {
  switch (data.type) {
    case "history":
      ({ samples, marks } = data);
      break;
    case "sample":
      samples = [...samples, data.sample].slice(-KEEP);
      break;
    case "mark":
      marks = [...marks, data.mark].slice(-KEEP);
      break;
    default:
      return showAnswer(data.error.issues[0]?.message ?? data.error.message, false);
  }
  show();
});
session.addEventListener("full", () => showAnswer("Too much is waiting to be sent.", false));

find("#mark").addEventListener("submit", (event) => {
  event.preventDefault();
  if (!session.send({ type: "mark", label: labelField.value })) return;
  showAnswer(session.state === "open" ? "Marked, for everybody." : "Will be marked once connected.", true);
  labelField.value = "";
});

moment.addEventListener("input", showMoment);
find("#plots").addEventListener("pointermove", ({ clientX }) => {
  const { left, width } = find(".canvas").getBoundingClientRect();
  const share = Math.min(1, Math.max(0, (clientX - left) / width));
  moment.value = String(Math.round((share - 1) * ((span.to - span.from) / 1000)));
  showMoment();
});
find("#plots").addEventListener("pointerleave", () => {
  moment.value = "0";
  showMoment();
});

function show() {
  const to = samples.at(-1)?.at ?? Date.now();
  const knownMs = to - (samples[0]?.at ?? to);
  const spanMs = Math.min(LONGEST_MS, Math.max(SHORTEST_MS, knownMs));
  span = { from: to - spanMs, to };
  moment.min = String(-Math.round(spanMs / 1000));
  find("#from").textContent = `${Math.round(spanMs / 1000)} s ago`;
  const shown = marks.filter(({ at }) => at >= span.from);
  for (const [name, plot] of plots) {
    const points = samples.map((sample) => ({ at: sample.at, value: sample[name] }));
    plot.draw(points, span, shown);
  }
  find("#marks").replaceChildren(...shown.toReversed().map(makeMark));
  showMoment();
}

/** The plots' values at the moment that the slider stands at; at its end, now. */
function showMoment() {
  const agoSeconds = -Number(moment.value);
  const at = agoSeconds === 0 ? undefined : span.to - agoSeconds * 1000;
  for (const [, plot] of plots) plot.point(at);
  const text = agoSeconds === 0 ? "now" : `${agoSeconds} s ago`;
  find("#when").textContent = text;
  const values = plots.map(([, plot]) => plot.element.querySelector("figcaption")?.textContent);
  moment.setAttribute("aria-valuetext", [text, ...values].join(", "));
}

/** @param {Mark} mark */
function makeMark({ at, label }) {
  return make("li", {}, makeTime(new Date(at).toISOString()), make("span", { class: "data" }, label));
}

/**
 * @param {string} text
 * @param {boolean} good
 */
function showAnswer(text, good) {
  answer.textContent = text;
  answer.classList.toggle("bad", !good);
}
