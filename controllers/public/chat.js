import { appendTo, find, make, makeTime, showState } from "/page.js";
import { connect } from "/session.js";

/**
 * What the controller sends.
 *
 * @typedef {{ type: "welcome" | "joined" | "left", id?: string, name: string, size: number }} Presence
 * @typedef {{ type: "message", from: string, name: string, text: string, at: string }} Message
 */

/** @type {HTMLInputElement} */ const nameField = find("#name");
/** @type {HTMLInputElement} */ const textField = find("#text");
/** @type {HTMLButtonElement} */ const submit = find("#submit");
const messages = find("#messages");

/** The name asked for, and then the one that the server gave. */
let ownName = "";
/** This session's id: how own messages are told from a namesake's. */
let ownId = "";

nameField.value = sessionStorage.getItem("chat.name") ?? "";
let session = join();

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
});

function join() {
  ownName = nameField.value.trim();
  const query = new URLSearchParams({ name: ownName });
  return connect(`/chat?${query}`, {
    onMessage: (message) => hear(JSON.parse(String(message))),
    onState(state) {
      showState(state);
      submit.disabled = state.name !== "open";
      if (state.name === "open") return;
      showSize(0);
    },
  });
}

function rename() {
  if (nameField.value.trim() === ownName) return;
  sessionStorage.setItem("chat.name", nameField.value.trim());
  session.close();
  session = join();
}

/** @param {Presence | Message} event */
function hear(event) {
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

/** @param {Message} message */
function showMessage({ from, name, text, at }) {
  const own = from === ownId;
  const by = make("p", { class: "by" }, make("b", {}, own ? "You" : name), " ", makeTime(at));
  appendTo(messages, make("li", { class: own ? "message own" : "message" }, by, make("p", { class: "text" }, text)));
}

/** @param {number} size */
function showSize(size) {
  find("#size").textContent = size === 1 ? "1 person here." : `${size || "–"} people here.`;
}

/** @param {string} text */
function showNote(text) {
  appendTo(messages, make("li", { class: "note" }, text));
}
