import type { Page } from "./facts.ts";
import { formatNumber } from "./format.ts";
import { find, findIn, make, setText, showItems } from "./page.ts";

export type ListOptions<Row> = {
  /** What the ids of its elements begin with. */
  id: string;
  /** The column that it is sorted by at first; `-` before it for the other way round. */
  sort: string;
  keyOf: (row: Row) => string;
  /** The cells of a row, as the columns stand; the first one is what opens it. */
  cells: (row: Row) => string[];
  /** What tells rows apart whose first cell is the same. */
  note?: (row: Row) => string;
  onOpen: (key: string) => void;
  /** Another part of the list is wanted. */
  onChange: () => void;
};

const PAGE_ROWS = 50;

/** A table that the server sorts and pages. */
export class ListView<Row> {
  readonly #options: ListOptions<Row>;
  readonly #rows: HTMLElement;
  readonly #columns: HTMLTableCellElement[];
  #sort: string;
  #offset = 0;
  #total = 0;

  constructor(options: ListOptions<Row>) {
    const { id, sort, onOpen } = options;
    this.#options = options;
    this.#sort = sort;
    this.#rows = find(`${id}-rows`);
    this.#columns = [...find(`${id}-table`).querySelectorAll("th")];
    find(`${id}-table`).addEventListener("click", ({ target }) => {
      const button = (target as Element).closest<HTMLButtonElement>("button");
      if (button?.dataset["sort"] !== undefined) this.#sortBy(button.dataset["sort"]);
      else if (button !== null) onOpen(button.closest("tr")?.dataset["key"] ?? "");
    });
    find(`${id}-previous`).addEventListener("click", () => this.#turnTo(this.#offset - PAGE_ROWS));
    find(`${id}-next`).addEventListener("click", () => this.#turnTo(this.#offset + PAGE_ROWS));
    this.#showSort();
  }

  /** What the server is to be asked for. */
  get query(): Record<string, string> {
    return { sort: this.#sort, offset: String(this.#offset), limit: String(PAGE_ROWS) };
  }

  /** Begins at the first row again: what it is a list of has changed. */
  restart(): void {
    this.#turnTo(0);
  }

  show({ total, rows }: Page<Row>): void {
    const { id, keyOf, cells, note } = this.#options;
    this.#total = total;
    // What was the last page may have none left.
    if (rows.length === 0 && this.#offset > 0) return this.#turnTo(Math.floor((total - 1) / PAGE_ROWS) * PAGE_ROWS);
    showItems(this.#rows, rows, {
      key: keyOf,
      create: () => this.#makeRow(),
      update: (element, row) => {
        const [name = "", ...others] = cells(row);
        setText(findIn(element, "button"), name);
        setText(findIn(element, ".note"), note?.(row) ?? "");
        others.forEach((text, index) => setText(element.children[index + 1] as Element, text));
      },
    });
    const range = total === 0 ? "0" : `${formatNumber(this.#offset + 1)}–${formatNumber(this.#offset + rows.length)}`;
    setText(find(`${id}-range`), total === 0 ? "None" : `${range} of ${formatNumber(total)}`);
    this.#showPager();
  }

  #makeRow(): HTMLTableRowElement {
    const cells = this.#columns.map(({ className }) => make("td", className === "" ? {} : { class: className }));
    cells[0]?.append(make("button", { type: "button", class: "link" }), make("span", { class: "note" }));
    return make("tr", {}, ...cells);
  }

  #sortBy(column: string): void {
    // Numbers are looked at from the greatest on, and the youngest session is the one that was opened last.
    const isNumber = this.#columns.some(
      (each) => each.className.includes("number") && each.querySelector("button")?.dataset["sort"] === column,
    );
    const first = isNumber ? `-${column}` : column;
    this.#sort = this.#sort === first ? (isNumber ? column : `-${column}`) : first;
    this.#showSort();
    this.restart();
  }

  #showSort(): void {
    for (const column of this.#columns) {
      const name = column.querySelector("button")?.dataset["sort"];
      const state = this.#sort === name ? "ascending" : this.#sort === `-${name}` ? "descending" : "none";
      column.setAttribute("aria-sort", state);
    }
  }

  #turnTo(offset: number): void {
    this.#offset = Math.max(0, offset);
    this.#showPager();
    this.#options.onChange();
  }

  #showPager(): void {
    const { id } = this.#options;
    find<HTMLButtonElement>(`${id}-previous`).disabled = this.#offset === 0;
    find<HTMLButtonElement>(`${id}-next`).disabled = this.#offset + PAGE_ROWS >= this.#total;
  }
}
