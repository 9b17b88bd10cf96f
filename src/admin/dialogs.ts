import { closeSession, type Outcome, send } from "./actions.ts";
import type { GroupRow, SessionDetails } from "./facts.ts";
import { formatAge, formatNumber, formatSize, formatTime } from "./format.ts";
import { find, findIn, make, setText, showItems } from "./page.ts";

export type DialogOptions = {
  /** Another one is open than before, or none. */
  onChange: () => void;
  /** Show the sessions in a group. */
  onShowGroup: (name: string) => void;
};

/** The dialogs of one session and of one group. */
export class Dialogs {
  readonly #session = find<HTMLDialogElement>("session-dialog");
  readonly #group = find<HTMLDialogElement>("group-dialog");
  #id = "";
  #name = "";

  constructor({ onChange, onShowGroup }: DialogOptions) {
    for (const dialog of [this.#session, this.#group]) {
      dialog.addEventListener("close", onChange);
      dialog.querySelector("[data-close]")?.addEventListener("click", () => dialog.close());
    }
    this.#onSubmit("session-send", "session-answer", () => send({ session: this.#id }, ...readMessage("session-send")));
    this.#onSubmit("group-send", "group-answer", () => send({ group: this.#name }, ...readMessage("group-send")));
    this.#onSubmit("session-close", "session-answer", () => this.#closeSession());
    const showGroup = (name: string) => {
      this.#session.close();
      this.#group.close();
      onShowGroup(name);
    };
    find("group-sessions").addEventListener("click", () => showGroup(this.#name));
    find("session-groups").addEventListener("click", ({ target }) => {
      const name = (target as Element).closest<HTMLElement>("li")?.dataset["key"];
      if (name !== undefined && (target as Element).closest("button") !== null) showGroup(name);
    });
  }

  /** What the server is to be asked for. */
  get query(): Record<string, string> {
    if (this.#session.open) return { session: this.#id };
    return this.#group.open ? { name: this.#name } : {};
  }

  openSession(id: string): void {
    this.#id = id;
    setText(find("session-fact-id"), id);
    this.#open(this.#session, "session");
  }

  openGroup(name: string): void {
    this.#name = name;
    setText(find("group-title"), `Group ${name}`);
    this.#open(this.#group, "group");
  }

  showSession(details: SessionDetails | null, now: number): void {
    this.#session.classList.toggle("gone", details === null);
    if (details === null) return setText(find("session-title"), "Session, which has ended");
    setText(find("session-title"), "Session");
    const { path, controller, address, user, backlogBytes, timeoutSeconds, groups } = details;
    const openedAt = Date.parse(details.openedAt);
    const facts = {
      path,
      controller,
      opened: `${formatTime(openedAt)}, ${formatAge(now - openedAt)} ago`,
      address,
      user: describeUser(user),
      received: describeAmount(details.messagesReceived, details.sizeReceived),
      sent: describeAmount(details.messagesSent, details.sizeSent),
      backlog: formatSize(backlogBytes),
      timeout: timeoutSeconds === 0 ? "never" : `${timeoutSeconds} s`,
    };
    for (const [key, text] of Object.entries(facts)) setText(find(`session-fact-${key}`), text);
    showItems(find("session-groups"), groups, {
      key: (name) => name,
      create: () => make("li", {}, make("button", { type: "button", class: "quiet" })),
      update: (item, name) => setText(findIn(item, "button"), name),
    });
  }

  showGroup(row: GroupRow | null): void {
    this.#group.classList.toggle("gone", row === null);
    const { size, messages, messageSize } = row ?? { size: 0, messages: 0, messageSize: 0 };
    setText(find("group-fact-size"), row === null ? "0: nobody is in it any more" : formatNumber(size));
    setText(find("group-fact-messages"), formatNumber(messages));
    setText(find("group-fact-messageSize"), formatSize(messageSize));
  }

  #open(dialog: HTMLDialogElement, id: string): void {
    for (const fact of dialog.querySelectorAll("dd:not(#session-fact-id)")) fact.textContent = "–";
    find("session-groups").replaceChildren();
    showOutcome(`${id}-answer`, { text: "", isGood: true });
    dialog.classList.remove("gone");
    dialog.showModal();
  }

  #onSubmit(form: string, answer: string, act: () => Promise<Outcome | undefined>): void {
    find(form).addEventListener("submit", (event) => {
      event.preventDefault();
      void act().then((outcome) => {
        if (outcome !== undefined) showOutcome(answer, outcome);
      });
    });
  }

  async #closeSession(): Promise<Outcome | undefined> {
    const code = Number(find<HTMLInputElement>("close-code").value);
    const reason = find<HTMLInputElement>("close-reason").value;
    const path = find("session-fact-path").textContent;
    const why = reason === "" ? "" : ` and the reason “${reason}”`;
    const isSure = await confirmAction(
      `The session at ${path} will be closed with ${code}${why}. That cannot be undone.`,
    );
    return isSure ? closeSession(this.#id, code, reason) : undefined;
  }
}

/** What a form for a message says: as what it is sent, and the text. */
function readMessage(form: string): [kind: string, text: string] {
  return [find<HTMLSelectElement>(`${form}-kind`).value, find<HTMLTextAreaElement>(`${form}-message`).value];
}

/** Asks in a dialog of its own; resolves to whether the answer was yes. */
function confirmAction(text: string): Promise<boolean> {
  const dialog = find<HTMLDialogElement>("confirm-dialog");
  setText(find("confirm-text"), text);
  const { promise, resolve } = Promise.withResolvers<boolean>();
  let isSure = false;
  find("confirm-yes").onclick = () => {
    isSure = true;
    dialog.close();
  };
  find("confirm-no").onclick = () => dialog.close();
  dialog.onclose = () => resolve(isSure);
  dialog.showModal();
  return promise;
}

/** Shows what came of an action. */
export function showOutcome(id: string, { text, isGood }: Outcome): void {
  const element = find(id);
  element.classList.toggle("bad", !isGood);
  setText(element, text);
}

function describeAmount(messages: number, size: number): string {
  return `${formatNumber(messages)} ${messages === 1 ? "message" : "messages"}, ${formatSize(size)}`;
}

function describeUser(user: unknown): string {
  if (user === undefined) return "none";
  return typeof user === "string" ? user : JSON.stringify(user);
}
