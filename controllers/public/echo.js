import { connect } from "/-/client.js";
import { appendTo, find, followState, make, makeTime } from "/page.js";

/** @type {HTMLInputElement} */ const textField = find("#text");
/** @type {NodeListOf<HTMLButtonElement>} */ const buttons = document.querySelectorAll("main button");

/** When each frame that has not come back was sent; echoes arrive in the order of sending. */
/** @type {number[]} */
let sentAt = [];
/** @type {number[]} */
const trips = [];

/** @typedef {{ takes: string, sends: string | ArrayBuffer }} Messages */
/** @type {import("/-/client.js").Session<Messages>} */
const session = connect("/echo", { format: "text" });
followState(session);
session.addEventListener("message", ({ data }) => showTrip(data));
session.addEventListener("state", () => {
  for (const button of buttons) button.disabled = session.state !== "open";
  if (session.state !== "open") sentAt = [];
});

find("#send").addEventListener("submit", (event) => {
  event.preventDefault();
  send(textField.value);
});
find("#binary").addEventListener("click", () => send(crypto.getRandomValues(new Uint8Array(8))));

/** @param {string | Uint8Array<ArrayBuffer>} frame */
function send(frame) {
  // A round trip is not measured from a queue.
  if (session.state !== "open") return;
  sentAt.push(performance.now());
  session.send(frame);
}

/** @param {string | ArrayBuffer} frame */
function showTrip(frame) {
  const tripMs = performance.now() - (sentAt.shift() ?? NaN);
  trips.push(tripMs);
  find("#last").textContent = formatMs(tripMs);
  find("#median").textContent = formatMs(trips.toSorted((a, b) => a - b)[trips.length >> 1] ?? NaN);
  find("#count").textContent = String(trips.length);

  const binary = typeof frame !== "string";
  appendTo(
    find("#trips"),
    make(
      "li",
      {},
      makeTime(),
      make("span", { class: "kind" }, binary ? "binary" : "text"),
      make("span", { class: "data" }, binary ? formatBytes(frame) : frame),
      make("span", { class: "took" }, formatMs(tripMs)),
    ),
  );
}

/** @param {number} ms */
function formatMs(ms) {
  return `${ms.toFixed(ms < 10 ? 1 : 0)} ms`;
}

/** @param {ArrayBuffer} buffer */
function formatBytes(buffer) {
  return Array.from(new Uint8Array(buffer), (byte) => byte.toString(16).padStart(2, "0")).join(" ");
}
