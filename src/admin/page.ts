/** Finds the one element with that id, or says that it is missing. */
export function find<E extends HTMLElement = HTMLElement>(id: string): E {
  const element = document.getElementById(id);
  if (element === null) throw new Error(`Cannot find "${id}" in this page`);
  return element as E;
}

/** Finds the first element in `parent` that matches, or says that it is missing. */
export function findIn<E extends HTMLElement = HTMLElement>(parent: Element, selector: string): E {
  const element = parent.querySelector<E>(selector);
  if (element === null) throw new Error(`Cannot find "${selector}" in this element`);
  return element;
}

/** Makes an element; strings become text, never markup. */
export function make<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Record<string, string> = {},
  ...children: (string | Node)[]
): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/** Sets the text of an element, if it is another one: what did not change is not drawn, read or selected anew. */
export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * Makes the children of `list` those of `items`, one each: what is there is kept by its key and updated, so that focus and
 * selection stay.
 */
export function showItems<Item, E extends HTMLElement>(
  list: HTMLElement,
  items: readonly Item[],
  { key, create, update }: { key: (item: Item) => string; create: () => E; update: (element: E, item: Item) => void },
): void {
  const known = new Map([...list.children].map((child) => [(child as HTMLElement).dataset["key"], child as E]));
  let next = list.firstElementChild;
  for (const item of items) {
    const name = key(item);
    let element = known.get(name);
    known.delete(name);
    if (element === undefined) {
      element = create();
      element.dataset["key"] = name;
    }
    update(element, item);
    if (element === next) next = next.nextElementSibling;
    else list.insertBefore(element, next);
  }
  for (const rest of known.values()) rest.remove();
}

/** Calls `act` a moment after the last of several inputs. */
export function onceQuiet(act: () => void, ms = 200): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(act, ms);
  };
}
