import { connect } from "/-/client.js";

const [state, list, form] = ["output", "ul", "form"].map((name) => document.querySelector(name));
const feed = connect("/feed");

feed.addEventListener("state", () => {
  state.textContent = feed.state;
});

feed.addEventListener("message", ({ data: { id, title, at } }) => {
  // After a new connection the last ones come again.
  if (document.getElementById(id)) return;
  const item = document.createElement("li");
  item.id = id;
  item.append(make("time", new Date(at).toLocaleTimeString()), make("span", title));
  list.prepend(item);
});

form.addEventListener("submit", (event) => {
  event.preventDefault();
  void post();
});

async function post() {
  const answer = await fetch(form.action, { method: "POST", body: new URLSearchParams(new FormData(form)) });
  if (answer.ok) form.reset();
  else state.textContent = (await answer.json()).message;
}

/** An element with a text, which is never markup. */
function make(tag, text) {
  const element = document.createElement(tag);
  element.textContent = text;
  return element;
}
