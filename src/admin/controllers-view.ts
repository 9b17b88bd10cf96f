import type { ControllerRow, KnownFault } from "./facts.ts";
import { formatNumber } from "./format.ts";
import { showFaults } from "./faults.ts";
import { find, findIn, make, setText, showItems } from "./page.ts";

export type ControllersOptions = {
  onConnect: (path: string) => void;
  onShowSessions: (path: string) => void;
};

export type ControllersState = {
  faults: readonly KnownFault[];
  /** Why the last load was refused; empty if it was not. */
  lastFault: string;
  /** Milliseconds since 1970, by the server's clock. */
  now: number;
};

/** The controllers that are loaded, and why the last load was refused. */
export class ControllersView {
  constructor({ onConnect, onShowSessions }: ControllersOptions) {
    find("controller-list").addEventListener("click", ({ target }) => {
      const button = (target as Element).closest<HTMLButtonElement>("button");
      const path = button?.closest<HTMLElement>("li")?.dataset["key"];
      if (path === undefined) return;
      if (button?.dataset["act"] === "connect") onConnect(path);
      else onShowSessions(path);
    });
  }

  show(rows: readonly ControllerRow[], { faults, lastFault, now }: ControllersState): void {
    find("load-fault").hidden = lastFault === "";
    setText(find("load-fault"), `The last load was refused: ${lastFault}`);
    showItems(find("controller-list"), rows, {
      key: ({ path }) => path,
      create: makeController,
      update: (item, row) => {
        update(item, row);
        const own = faults.filter(({ controller }) => controller === row.file);
        showFaults(findIn(item, ".faults"), own, now);
      },
    });
    const paths = rows.map(({ path }) => path);
    showOptions(
      find("console-paths"),
      rows.filter(({ webSocket }) => webSocket).map(({ path }) => path),
    );
    showOptions(find("session-controller"), paths, { keptCount: 1 });
  }
}

function makeController(): HTMLLIElement {
  const sessions = make("button", { type: "button", class: "link", "data-act": "sessions" });
  const connect = make("button", { type: "button", class: "quiet", "data-act": "connect" }, "Connect");
  return make(
    "li",
    {},
    make("b", { class: "path" }),
    make("span", { class: "file" }),
    make("span", { class: "tags" }),
    sessions,
    connect,
    make("ol", { class: "faults" }),
  );
}

function update(item: HTMLLIElement, { path, file, methods, webSocket, sessions }: ControllerRow): void {
  setText(findIn(item, ".path"), path);
  setText(findIn(item, ".file"), file);
  showItems(findIn(item, ".tags"), [...methods, ...(webSocket ? ["websocket"] : [])], {
    key: (tag) => tag,
    create: () => make("span"),
    update: (tag, text) => {
      setText(tag, text);
      tag.className = text === "websocket" ? "live" : "";
    },
  });
  const [count, connect] = [findIn(item, "[data-act=sessions]"), findIn(item, "[data-act=connect]")];
  setText(count, `${formatNumber(sessions)} ${sessions === 1 ? "session" : "sessions"}`);
  count.hidden = connect.hidden = !webSocket;
}

/** Makes the options of a list those of `values`, after the first `keptCount` of its own. */
function showOptions(list: HTMLElement, values: readonly string[], { keptCount = 0 } = {}): void {
  const own = [...list.children].slice(keptCount) as HTMLOptionElement[];
  if (own.length === values.length && own.every(({ value }, index) => value === values[index])) return;
  own.forEach((option) => option.remove());
  list.append(...values.map((value) => make("option", { value }, value)));
}
