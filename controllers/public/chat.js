import { connect } from "/-/client.js";
import { appendTo, find, followState, make, makeTime } from "/page.js";

/**
 * What the controller sends.
 *
 * @typedef {{ type: "welcome" | "joined" | "left", id?: string, from?: string, name: string, size: number }} Presence
 * @typedef {{ type: "typing", from: string, name: string }} Typing
 * @typedef {{ type: "message", from: string, name: string, text: string, at: string }} Message
 */

/** How long somebody types after the last sign of it, and how often this page gives one. */
const TYPING_MS = 3_000;
const TYPING_AGAIN_MS = 1_500;

/** @type {HTMLInputElement} */ const nameField = find("#name");
/** @type {HTMLInputElement} */ const textField = find("#text");
const messages = find("#messages");

/** The name asked for, and then the one that the server gave. */
let ownName = sessionStorage.getItem("chat.name") ?? "";
/** This session's id: how own messages are told from a namesake's. */
let ownId = "";
let toldTypingAt = -Infinity;

/** Who is typing, by session. @type {Map<string, { name: string, timer: ReturnType<typeof setTimeout> }>} */
const typing = new Map();

nameField.value = ownName;
/** @type {import("/-/client.js").Session<{ takes: string, sends: string }>} */
const session = connect(() => `/chat?${new URLSearchParams({ name: ownName })}`, { format: "text" });
followState(session);
session.addEventListener("message", ({ data }) => hear(JSON.parse(data)));
session.addEventListener("state", () => {
  if (session.state !== "open") {
    typing.forEach((_, from) => stopTyping(from));
    showSize("–");
  }
  showHint();
});

find("#join").addEventListener("submit", (event) => {
  event.preventDefault();
  rename();
  textField.focus();
});
nameField.addEventListener("change", rename);

find("#say").addEventListener("submit", (event) => {
  event.preventDefault();
  const text = textField.value.trim();
  if (text === "" || !session.send(text)) return;
  textField.value = "";
  toldTypingAt = -Infinity;
  showHint();
});
textField.addEventListener("input", () => {
  if (session.state !== "open" || textField.value.trim() === "") return;
  if (performance.now() - toldTypingAt < TYPING_AGAIN_MS) return;
  toldTypingAt = performance.now();
  // To the controller an empty message means that one is coming.
  session.send("");
});
session.addEventListener("full", () => showHint("Too much is waiting to be sent."));

function rename() {
  const name = nameField.value.trim();
  if (name === ownName) return;
  ownName = name;
  session.reconnect();
}

/** @param {Presence | Typing | Message} event */
function hear(event) {
  if (event.type === "typing") return startTyping(event);
  stopTyping(event.from ?? "");
  if (event.type === "message") return showMessage(event);
  showSize(event.size);
  if (event.type === "welcome") {
    ownId = event.id ?? "";
    ownName = event.name;
    nameField.value = event.name;
    sessionStorage.setItem("chat.name", event.name);
    showNote(`You are here as ${event.name}`);
  } else {
    showNote(`${event.name} ${event.type}`);
  }
}

/** @param {Typing} event */
function startTyping({ from, name }) {
  clearTimeout(typing.get(from)?.timer);
  typing.set(from, { name, timer: setTimeout(stopTyping, TYPING_MS, from) });
  showHint();
}

/** @param {string} from */
function stopTyping(from) {
  clearTimeout(typing.get(from)?.timer);
  if (typing.delete(from)) showHint();
}

/** Below the messages: what has gone wrong, or waits, or who is typing. */
function showHint(problem = "") {
  const count = session.queuedCount;
  const waiting = count === 0 ? "" : `${count} ${count === 1 ? "message waits" : "messages wait"} to be sent`;
  const names = [...typing.values()].map(({ name }) => name);
  const who = names.length > 2 ? "Several people are" : `${names.join(" and ")} ${names.length === 1 ? "is" : "are"}`;
  find("#hint").textContent = problem || waiting || (names.length === 0 ? "" : `${who} typing…`);
}

/** @param {Message} message */
function showMessage({ from, name, text, at }) {
  const own = from === ownId;
  const by = make("p", { class: "by" }, make("b", {}, own ? "You" : name), " ", makeTime(at));
  appendTo(messages, make("li", { class: own ? "message own" : "message" }, by, make("p", { class: "text" }, text)));
}

/** @param {number | string} size */
function showSize(size) {
  find("#size").textContent = `${size} here`;
}

/** @param {string} text */
function showNote(text) {
  appendTo(messages, make("li", { class: "note" }, text));
}
