import type { KnownFault } from "./facts.ts";
import { formatAge } from "./format.ts";
import { findIn, make, setText, showItems } from "./page.ts";

/** Lists faults, the newest first. */
export function showFaults(list: HTMLElement, faults: readonly KnownFault[], now: number): void {
  showItems(list, faults, {
    // Another fault of the same controller is another item.
    key: ({ controller, at, count }) => `${controller} ${count === 1 ? at : ""}`,
    create: makeFault,
    update: (item, fault) => updateFault(item, fault, now),
  });
}

function makeFault(): HTMLLIElement {
  const head = make("p", { class: "fault-head" }, make("b"), " ", make("span", { class: "note" }));
  const code = make("pre", { class: "frame", tabindex: "0", "aria-label": "Code" });
  const detail = make(
    "details",
    {},
    make("summary", {}, "Stack"),
    make("pre", { tabindex: "0", "aria-label": "Stack" }),
  );
  return make("li", { class: "panel fault" }, head, make("p", { class: "fault-text" }), code, detail);
}

/** Shows a fault; its code once, for another fault is another element. */
function updateFault(item: HTMLLIElement, fault: KnownFault, now: number): void {
  const { controller, place, at, generation, count, text, detail, frame } = fault;
  const where = place === undefined ? controller : `${place.file}:${place.line}:${place.column}`;
  const times = count === 1 ? "" : `, ${count.toLocaleString("en")} times`;
  setText(findIn(item, "b"), where);
  setText(findIn(item, ".note"), `${formatAge(now - at)} ago in generation ${generation}${times}`);
  setText(findIn(item, ".fault-text"), text);
  const code = findIn(item, ".frame");
  code.hidden = frame === undefined;
  if (frame !== undefined && code.childElementCount === 0) {
    code.append(
      ...frame.map((line) => {
        const isPlace = line.number === place?.line;
        const number = make("span", { class: "number" }, String(line.number).padStart(5));
        return make(isPlace ? "mark" : "span", { class: "line" }, number, ` ${line.text}\n`);
      }),
    );
  }
  findIn(item, "details").hidden = detail === undefined;
  setText(findIn(item, "details pre"), detail ?? "");
}
