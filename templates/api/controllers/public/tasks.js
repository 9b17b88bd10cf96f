import { connect } from "/-/client.js";

const [state, list, form] = ["output", "ul", "form"].map((name) => document.querySelector(name));
const changes = connect("/tasks");

changes.addEventListener("state", () => {
  state.textContent = changes.state;
});

changes.addEventListener("message", ({ data }) => {
  if (data.type === "all") list.replaceChildren(...data.tasks.map(make));
  if (data.type === "removed") document.getElementById(data.id)?.remove();
  if (data.type !== "set") return;
  const before = document.getElementById(data.task.id);
  if (before) before.replaceWith(make(data.task));
  else list.append(make(data.task));
});

form.addEventListener("submit", (event) => {
  event.preventDefault();
  void ask("POST", "/tasks", { title: form.elements.title.value });
  form.reset();
});

/** A task in the list. Its title is a text, never markup. */
function make({ id, title, done }) {
  const item = document.createElement("li");
  const label = item.appendChild(document.createElement("label"));
  const box = Object.assign(document.createElement("input"), { type: "checkbox", checked: done });
  const remove = item.appendChild(Object.assign(document.createElement("button"), { textContent: "Remove" }));
  item.id = id;
  label.append(box, title);
  remove.setAttribute("aria-label", `Remove ${title}`);
  box.addEventListener("change", () => void ask("PATCH", `/tasks/${id}`, { done: box.checked }));
  remove.addEventListener("click", () => void ask("DELETE", `/tasks/${id}`));
  return item;
}

/** Asks the server for a change: it comes back to this page as to every other. */
async function ask(method, path, body) {
  const answer = await fetch(path, {
    method,
    body: body && JSON.stringify(body),
    headers: { "Content-Type": "application/json" },
  });
  if (!answer.ok) state.textContent = (await answer.json()).message;
  return answer.ok;
}
