import { formatHex, parseHex } from "./bytes.ts";
import type { ControllerRow } from "./facts.ts";
import { formatSize, formatTime } from "./format.ts";
import { find, findIn, make, setText } from "./page.ts";

/** So many frames are listed, and so much of each. */
const KEPT_FRAMES = 300;
const MAX_SHOWN = 20_000;

/** A frame as it is listed: what was sent, what was received, or what happened to the session. */
type Frame = { kind: "sent" | "received" | "note"; data: string | Uint8Array };

/** A session of one's own with any controller, and its frames in both directions. */
export class ConsoleView {
  readonly #path = find<HTMLInputElement>("console-path");
  readonly #protocols = find<HTMLInputElement>("console-protocols");
  readonly #list = find("console-frames");
  readonly #pretty = find<HTMLInputElement>("console-pretty");
  readonly #message = find<HTMLTextAreaElement>("console-send-message");
  readonly #kind = find<HTMLSelectElement>("console-send-kind");
  #socket: WebSocket | undefined;

  constructor() {
    find("console-connect").addEventListener("submit", (event) => {
      event.preventDefault();
      if (this.#socket === undefined) this.#connect();
      else this.#socket.close(1000);
    });
    find("console-send").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#send();
    });
    this.#message.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.#send();
    });
    find("console-clear").addEventListener("click", () => this.#list.replaceChildren());
  }

  /** Connects to `path`, instead of to another; a pattern is left to be filled in. */
  choose(path: string): void {
    this.#socket?.close(1000);
    this.#socket = undefined;
    this.#path.value = path;
    this.#path.focus();
    if (path.includes(":")) this.#show("closed", "Fill in the path");
    else this.#connect();
  }

  /** Offers the controllers to connect to; the first, as long as nothing was chosen. */
  offer(controllers: readonly ControllerRow[]): void {
    const first = controllers.find(({ webSocket }) => webSocket);
    if (this.#path.defaultValue === "" && first !== undefined) this.#path.defaultValue = first.path;
  }

  #connect(): void {
    const protocols = this.#protocols.value.split(/[\s,]+/).filter((name) => name !== "");
    const url = new URL(this.#path.value, location.origin);
    url.protocol = location.protocol === "https:" ? "wss:" : "ws:";
    url.host = location.host;
    let socket: WebSocket;
    try {
      socket = new WebSocket(url, protocols);
    } catch (error) {
      return this.#add({ kind: "note", data: (error as Error).message });
    }
    socket.binaryType = "arraybuffer";
    this.#socket = socket;
    this.#show("connecting", "Connecting…");
    socket.addEventListener("open", () => {
      const chosen = socket.protocol === "" ? "" : `, sub-protocol ${socket.protocol}`;
      this.#add({ kind: "note", data: `Open: ${url.pathname}${url.search}${chosen}` });
      this.#show("open", "Connected");
      this.#message.focus();
    });
    socket.addEventListener("message", ({ data }: MessageEvent<string | ArrayBuffer>) => {
      this.#add({ kind: "received", data: typeof data === "string" ? data : new Uint8Array(data) });
    });
    let wasOpen = false;
    socket.addEventListener("open", () => (wasOpen = true));
    socket.addEventListener("close", ({ code, reason }) => {
      const why = reason === "" ? "" : ` “${reason}”`;
      this.#add({ kind: "note", data: wasOpen ? `Closed with ${code}${why}` : "Not accepted: the log may say why" });
      if (this.#socket !== socket) return;
      this.#socket = undefined;
      this.#show("closed", "Not connected");
    });
  }

  #send(): void {
    if (this.#socket?.readyState !== WebSocket.OPEN) return;
    const text = this.#message.value;
    const data = this.#kind.value === "binary" ? parseHex(text) : text;
    if (data === undefined) {
      return this.#add({ kind: "note", data: "Not sent: this is not hex, which has two digits a byte, such as 00 ff" });
    }
    this.#socket.send(data);
    this.#add({ kind: "sent", data });
    this.#message.select();
  }

  #add(frame: Frame): void {
    const atEnd = this.#list.scrollHeight - this.#list.scrollTop - this.#list.clientHeight < 40;
    this.#list.append(makeFrame(frame, this.#pretty.checked));
    while (this.#list.childElementCount > KEPT_FRAMES) this.#list.firstElementChild?.remove();
    if (atEnd) this.#list.scrollTop = this.#list.scrollHeight;
  }

  #show(state: string, text: string): void {
    find("console-state").dataset["state"] = state;
    setText(findIn(find("console-state"), "[role=status]"), text);
    setText(find("console-toggle"), state === "closed" ? "Connect" : "Disconnect");
    findIn<HTMLButtonElement>(find("console-send"), "button").disabled = state !== "open";
  }
}

function makeFrame({ kind, data }: Frame, isPretty: boolean): HTMLLIElement {
  const shown =
    typeof data === "string" ? (isPretty ? layOut(data) : data) : formatHex(data.subarray(0, MAX_SHOWN / 5));
  const size = typeof data === "string" ? new Blob([data]).size : data.length;
  const names = { sent: "↑ sent", received: "↓ received", note: "•" };
  const head = make("span", { class: "kind" }, names[kind]);
  const text = shown.length > MAX_SHOWN ? `${shown.slice(0, MAX_SHOWN)}…` : shown;
  const about = kind === "note" ? "" : `${typeof data === "string" ? "text" : "binary"}, ${formatSize(size)}`;
  return make(
    "li",
    { class: kind },
    make("time", {}, formatTime(Date.now())),
    head,
    make("span", { class: "about" }, about),
    make("pre", {}, text),
  );
}

/** JSON on several lines; anything else as it is. */
function layOut(text: string): string {
  if (!/^\s*[[{]/.test(text)) return text;
  try {
    return JSON.stringify(JSON.parse(text), undefined, 2);
  } catch {
    return text;
  }
}
