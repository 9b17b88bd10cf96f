import { appendTo, find, make, makeTime, showState } from "/page.js";

/** @typedef {{ path: string, file: string, methods: string[], webSocket: boolean }} Controller */

/** @type {HTMLInputElement} */ const pathField = find("#path");
/** @type {HTMLInputElement} */ const textField = find("#text");
/** @type {HTMLButtonElement} */ const submit = find("#submit");
const toggle = find("#toggle");

/** The console's own socket: a plain one, that shows every close instead of re-connecting. */
/** @type {WebSocket | undefined} */
let socket;

void showControllers();

find("#connect").addEventListener("submit", (event) => {
  event.preventDefault();
  if (socket) socket.close(1000);
  else connect();
});

find("#send").addEventListener("submit", (event) => {
  event.preventDefault();
  if (socket?.readyState !== WebSocket.OPEN) return;
  socket.send(textField.value);
  showFrame("sent", textField.value);
  textField.value = "";
});

async function showControllers() {
  const list = find("#controllers");
  try {
    const response = await fetch("/", {
      headers: { Accept: "application/json" },
      cache: "no-store",
    });
    /** @type {Controller[]} */
    const controllers = await response.json();
    list.replaceChildren(...controllers.map(makeController));
    const paths = controllers.filter(({ webSocket }) => webSocket).map(({ path }) => make("option", { value: path }));
    find("#paths").replaceChildren(...paths);
  } catch {
    list.replaceChildren(make("li", {}, "Cannot fetch the list: is the server still running?"));
  }
  list.removeAttribute("aria-busy");
}

/** @param {Controller} controller */
function makeController({ path, file, methods, webSocket }) {
  const hasPage = !path.includes(":") && methods.some((method) => /^(get|all)$/i.test(method));
  const item = make(
    "li",
    {},
    hasPage ? make("a", { class: "path", href: path }, path) : make("span", { class: "path" }, path),
    make("code", { class: "file" }, file),
    make("span", { class: "tags" }, ...methods.map((method) => make("span", {}, method.toUpperCase()))),
  );
  if (webSocket) {
    const button = make(
      "button",
      {
        type: "button",
        class: "quiet",
        "aria-label": `Try it: ${path} in the console`,
      },
      "Try it",
    );
    button.addEventListener("click", () => tryPath(path));
    item.querySelector(".tags")?.append(make("span", { class: "live" }, "sessions"));
    item.append(button);
  }
  return item;
}

/** @param {string} path */
function tryPath(path) {
  pathField.value = path;
  find("#console-title").scrollIntoView();
  if (path.includes(":")) return pathField.focus();
  connect();
  textField.focus({ preventScroll: true });
}

function connect() {
  socket?.close(1000);
  const path = pathField.value;
  const opened = new WebSocket(new URL(path, location.href.replace(/^http/, "ws")));
  opened.binaryType = "arraybuffer";
  socket = opened;
  show("connecting");
  showFrame("note", `Connecting to ${path}`);

  let accepted = false;
  opened.addEventListener("open", () => {
    accepted = true;
    if (socket === opened) show("open");
    const chosen = opened.protocol && ` with sub-protocol ${opened.protocol}`;
    showFrame("note", `Open${chosen}`);
  });
  opened.addEventListener("message", ({ data }) => {
    showFrame("received", typeof data === "string" ? data : describeBytes(data));
  });
  opened.addEventListener("close", ({ code, reason }) => {
    const what = accepted ? "Closed with" : "Not accepted, closed with";
    showFrame("note", `${what} ${code}${reason && `: ${reason}`}`);
    if (socket !== opened) return;
    socket = undefined;
    show("closed", code);
  });
}

/**
 * @param {"connecting" | "open" | "closed"} name
 * @param {number} [code]
 */
function show(name, code) {
  showState(name, code === undefined ? "" : `(${code})`);
  toggle.textContent = name === "closed" ? "Connect" : "Disconnect";
  submit.disabled = name !== "open";
}

/**
 * @param {"sent" | "received" | "note"} kind
 * @param {string} text
 */
function showFrame(kind, text) {
  const sign = { sent: "↑", received: "↓", note: "·" }[kind];
  const label = make("span", { class: "kind", role: "img", "aria-label": kind }, sign);
  appendTo(find("#frames"), make("li", { class: kind }, makeTime(), label, make("span", { class: "data" }, text)));
}

/** @param {ArrayBuffer} buffer */
function describeBytes(buffer) {
  const bytes = Array.from(new Uint8Array(buffer, 0, Math.min(32, buffer.byteLength)), (byte) =>
    byte.toString(16).padStart(2, "0"),
  );
  return `${buffer.byteLength} bytes: ${bytes.join(" ")}${buffer.byteLength > 32 ? " …" : ""}`;
}
