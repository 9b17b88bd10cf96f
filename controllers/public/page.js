/** What the example pages share: finding, making and showing things. */

/**
 * Finds the one element that matches, or says which is missing.
 *
 * @template {HTMLElement} [E=HTMLElement]
 * @param {string} selector
 * @returns {E}
 */
export function find(selector) {
  const element = document.querySelector(selector);
  if (!element) throw new Error(`Cannot find "${selector}" in this page`);
  return /** @type {E} */ (element);
}

/**
 * Makes an element; strings become text, never markup.
 *
 * @param {string} tag
 * @param {Record<string, string>} attributes
 * @param {...(string | Node)} children
 */
export function make(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/**
 * Makes a `<time>` that reads like 14:05:09.
 *
 * @param {string} [at] ISO time, otherwise now
 */
export function makeTime(at = new Date().toISOString()) {
  const text = new Date(at).toLocaleTimeString([], {
    timeStyle: "medium",
    hourCycle: "h23",
  });
  return make("time", { datetime: at }, text);
}

/**
 * Appends to a scrolling list, drops what is older than `keep` entries, and stays at the end
 * unless the reader has scrolled up.
 *
 * @param {HTMLElement} list
 * @param {HTMLElement} entry
 * @param {{ keep?: number }} [options]
 */
export function appendTo(list, entry, { keep = 500 } = {}) {
  const atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 40;
  list.append(entry);
  while (list.childElementCount > keep) list.firstElementChild?.remove();
  if (atEnd) list.scrollTop = list.scrollHeight;
}

const STATES = {
  connecting: "Connecting…",
  open: "Connected",
  waiting: "Offline",
  closed: "Closed",
};

/**
 * Shows a state in the page's badge, `#state`.
 *
 * @param {import("/-/client.js").State} state
 * @param {string} [detail]
 */
export function showState(state, detail = "") {
  find("#state").dataset["state"] = state;
  // Set only on a change, so that a screen reader does not hear the countdown tick.
  const label = find("#state [role=status]");
  if (label.textContent !== STATES[state]) label.textContent = STATES[state];
  find("#state [aria-hidden]").textContent = detail;
}

/**
 * Shows the state of a session in the badge from now on, and how long it waits.
 *
 * @param {import("/-/client.js").Session} session
 */
export function followState(session) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  const show = () => {
    clearTimeout(timer);
    const { state, retryAt, ending } = session;
    if (state === "closed") return showState(state, ending && `(${ending.code})`);
    if (retryAt === undefined) return showState(state);
    const leftMs = Math.max(0, retryAt - Date.now());
    showState(state, `(${Math.ceil(leftMs / 1000)} s)`);
    timer = setTimeout(show, leftMs % 1000 || 1000);
  };
  session.addEventListener("state", show);
  show();
}
