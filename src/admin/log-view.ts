import type { KeptLine, Level } from "./facts.ts";
import { formatTime } from "./format.ts";
import { find, make, onceQuiet } from "./page.ts";

/** So many lines are kept here, as many as the server keeps. */
const KEPT_LINES = 500;

const levels: readonly Level[] = ["debug", "info", "warning", "error"];

/** The log as it is written, from the level on that is chosen. */
export class LogView {
  readonly #list = find("log-lines");
  readonly #level = find<HTMLSelectElement>("log-level");
  readonly #text = find<HTMLInputElement>("log-text");
  readonly #controllers = find<HTMLInputElement>("log-controllers");
  readonly #badge = find("log-errors");
  #lines: KeptLine[] = [];
  /** Errors that nobody has looked at. */
  #unseenErrors = 0;

  constructor() {
    const show = () => this.#showAll();
    this.#level.addEventListener("change", show);
    this.#controllers.addEventListener("change", show);
    this.#text.addEventListener("input", onceQuiet(show));
    find("log-filter").addEventListener("submit", (event) => event.preventDefault());
  }

  add(lines: readonly KeptLine[]): void {
    if (lines.length === 0) return;
    this.#lines = [...this.#lines, ...lines].slice(-KEPT_LINES);
    this.#append(lines);
    this.#unseenErrors += lines.filter(({ level }) => level === "error").length;
    this.see();
  }

  /** The log is looked at, if it is the view that is shown. */
  see(): void {
    if (!find("log").hidden) this.#unseenErrors = 0;
    this.#badge.hidden = this.#unseenErrors === 0;
    this.#badge.textContent = String(this.#unseenErrors);
    this.#badge.setAttribute("aria-label", `${this.#unseenErrors} new errors`);
  }

  /** Forgets all lines. */
  clear(): void {
    this.#lines = [];
    this.#list.replaceChildren();
  }

  #showAll(): void {
    this.#list.replaceChildren();
    this.#append(this.#lines);
    this.#list.scrollTop = this.#list.scrollHeight;
  }

  #append(lines: readonly KeptLine[]): void {
    const atEnd = this.#list.scrollHeight - this.#list.scrollTop - this.#list.clientHeight < 40;
    this.#list.append(...lines.filter((line) => this.#isWanted(line)).map(makeLine));
    while (this.#list.childElementCount > KEPT_LINES) this.#list.firstElementChild?.remove();
    if (atEnd) this.#list.scrollTop = this.#list.scrollHeight;
  }

  #isWanted({ level, text, detail = "", isController }: KeptLine): boolean {
    const wanted = this.#text.value.toLowerCase();
    return (
      levels.indexOf(level) >= levels.indexOf(this.#level.value as Level) &&
      (isController || !this.#controllers.checked) &&
      (wanted === "" || `${text}\n${detail}`.toLowerCase().includes(wanted))
    );
  }
}

function makeLine({ at, level, text, detail, isController }: KeptLine): HTMLLIElement {
  const time = make("time", { datetime: new Date(at).toISOString() }, formatTime(at));
  const name = make("span", { class: "level" }, level);
  const words = make("span", { class: "text" }, isController ? make("span", { class: "tag" }, "controller") : "", text);
  const more = detail === undefined ? [] : [make("details", {}, make("summary", {}, "More"), make("pre", {}, detail))];
  return make("li", { class: level }, time, name, make("div", { class: "said" }, words, ...more));
}
