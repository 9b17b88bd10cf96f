import { connect } from "/-/client.js";

const [state, list, form] = ["output", "ul", "form"].map((name) => document.querySelector(name));
const { name, text } = form.elements;
const chat = connect(() => `/chat?${new URLSearchParams({ name: name.value })}`);

chat.addEventListener("state", () => {
  if (chat.state !== "open") state.textContent = chat.state;
});

chat.addEventListener("message", ({ data }) => {
  if (data.type === "here") state.textContent = `${data.count} here`;
  if (data.type === "said") show(data);
});

form.addEventListener("submit", (event) => {
  event.preventDefault();
  if (chat.send({ text: text.value })) text.value = "";
});

name.addEventListener("change", () => chat.reconnect());

function show({ name, text, at }) {
  const line = list.appendChild(document.createElement("li"));
  line.append(make("time", new Date(at).toLocaleTimeString()), make("b", name), make("span", text));
  line.scrollIntoView({ block: "nearest" });
}

/** An element with a text, which is never markup. */
function make(tag, text) {
  const element = document.createElement(tag);
  element.textContent = text;
  return element;
}
