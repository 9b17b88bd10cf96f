import { connect } from "/-/client.js";
import { find, followState, make, makeTime } from "/page.js";

/** @typedef {{ id: string, title: string, from: "server" | "post", at: string }} Item */

const KEEP = 100;
const items = find("#items");
const answer = find("#answer");
/** @type {HTMLInputElement} */ const titleField = find("#title");

const command = `curl -d "title=Hello" ${location.origin}/feed`;
find("#curl").textContent = command;

/** @type {import("/-/client.js").Session<{ takes: never, sends: Item }>} */
const session = connect("/feed");
followState(session);
session.addEventListener("message", ({ data }) => showItem(data));

find("#post").addEventListener("submit", async (event) => {
  event.preventDefault();
  try {
    const response = await fetch("/feed", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ title: titleField.value }),
    });
    showAnswer(response.ok ? "Posted." : (await response.json()).message, response.ok);
    if (response.ok) titleField.value = "";
  } catch {
    showAnswer("Cannot reach the server. Your text is still here.", false);
  }
  titleField.focus();
});

find("#copy").addEventListener("click", async () => {
  try {
    await navigator.clipboard.writeText(command);
    find("#copy").textContent = "Copied";
  } catch {
    // Without HTTPS or permission there is no clipboard: select the text instead.
    getSelection()?.selectAllChildren(find("#curl"));
  }
});

/** @param {Item} item */
function showItem({ id, title, from, at }) {
  // After a re-connect the newest items come again.
  if (document.getElementById(id)) return;
  items.prepend(
    make(
      "li",
      { id, class: from },
      makeTime(at),
      make("span", { class: "kind" }, from),
      make("span", { class: "data" }, title),
    ),
  );
  while (items.childElementCount > KEEP) items.lastElementChild?.remove();
}

/**
 * @param {string} text
 * @param {boolean} good
 */
function showAnswer(text, good) {
  answer.textContent = text;
  answer.classList.toggle("bad", !good);
}
