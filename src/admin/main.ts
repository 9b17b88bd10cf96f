import { reload } from "./actions.ts";
import { ConsoleView } from "./console-view.ts";
import { ControllersView } from "./controllers-view.ts";
import { Dialogs, showOutcome } from "./dialogs.ts";
import type { ControllerRow, Facts, GroupRow, Health, KnownFault, SessionRow } from "./facts.ts";
import { showFaults } from "./faults.ts";
import { formatAge, formatDate, formatMs, formatNumber, formatShort, formatSize } from "./format.ts";
import { ListView } from "./list-view.ts";
import { Live, type LiveState } from "./live.ts";
import { LogView } from "./log-view.ts";
import { find, findIn, onceQuiet, setText } from "./page.ts";
import { Plots } from "./plots.ts";

const states: Record<LiveState, string> = {
  connecting: "Connecting…",
  open: "Live",
  offline: "Offline",
  "signed-out": "Signed out",
};

const views = [...document.querySelectorAll<HTMLElement>(".view")].map(({ id }) => id);

/** The server's time when it told something last. */
let now = Date.now();
let view = "";
let controllers: readonly ControllerRow[] = [];
let faults: readonly KnownFault[] = [];

const plots = new Plots();
const logView = new LogView();
const consoleView = new ConsoleView();
const dialogs = new Dialogs({ onChange: ask, onShowGroup: (name) => showSessions({ group: name }) });
const controllersView = new ControllersView({
  onConnect: (path) => {
    location.hash = "console";
    consoleView.choose(path);
  },
  onShowSessions: (path) => showSessions({ controller: path }),
});

const sessions = new ListView<SessionRow>({
  id: "session",
  sort: "-opened",
  keyOf: ({ id }) => id,
  cells: (row) => [
    row.path,
    `${formatAge(now - Date.parse(row.openedAt))} ago`,
    formatNumber(row.groupCount),
    formatShort(row.messagesReceived),
    formatShort(row.messagesSent),
    formatSize(row.sizeReceived),
    formatSize(row.sizeSent),
    formatSize(row.backlogBytes),
    row.address,
  ],
  note: ({ id }) => id.slice(-8),
  onOpen: (id) => {
    dialogs.openSession(id);
    ask();
  },
  onChange: ask,
});

const groups = new ListView<GroupRow>({
  id: "group",
  sort: "-size",
  keyOf: ({ name }) => name,
  cells: ({ name, size, messages, messageSize }) => [
    name,
    formatNumber(size),
    formatShort(messages),
    formatSize(messageSize),
  ],
  onOpen: (name) => {
    dialogs.openGroup(name);
    ask();
  },
  onChange: ask,
});

const live = new Live({ onFacts: show, onState: showState });

const fields = {
  text: find<HTMLInputElement>("session-text"),
  controller: find<HTMLSelectElement>("session-controller"),
  group: find<HTMLInputElement>("session-group"),
};

for (const field of Object.values(fields))
  field.addEventListener(
    "input",
    onceQuiet(() => sessions.restart()),
  );
find("group-text").addEventListener(
  "input",
  onceQuiet(() => groups.restart()),
);
for (const form of ["session-filter", "group-filter"])
  find(form).addEventListener("submit", (event) => event.preventDefault());
addEventListener("hashchange", showView);
find("reload").addEventListener("click", () => void reload().then((outcome) => showOutcome("notice", outcome)));
showView();

/** Shows the view that the address names. */
function showView(): void {
  const wanted = location.hash.slice(1);
  view = views.includes(wanted) ? wanted : "overview";
  for (const id of views) find(id).hidden = id !== view;
  for (const link of document.querySelectorAll("nav a")) {
    if (link.getAttribute("href") === `#${view}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  showOutcome("notice", { text: "", isGood: true });
  logView.see();
  plots.draw();
  ask();
}

/** Asks for what is shown. */
function ask(): void {
  const wanted = new URLSearchParams({ view, ...dialogs.query });
  const list = view === "sessions" ? sessions.query : view === "groups" ? groups.query : {};
  for (const [name, value] of Object.entries(list)) wanted.set(name, value);
  if (view === "groups") setIfAny(wanted, "text", find<HTMLInputElement>("group-text").value);
  if (view === "sessions") for (const [name, { value }] of Object.entries(fields)) setIfAny(wanted, name, value);
  live.ask(wanted);
}

function setIfAny(wanted: URLSearchParams, name: string, value: string): void {
  if (value.trim() !== "") wanted.set(name, value.trim());
}

function showSessions({ group = "", controller = "" }): void {
  Object.assign(fields.group, { value: group });
  Object.assign(fields.controller, { value: controller });
  Object.assign(fields.text, { value: "" });
  location.hash = "sessions";
  sessions.restart();
}

function show(facts: Facts): void {
  const { health, series, lines } = facts;
  now = facts.now;
  if (facts.isAnew) {
    plots.clear();
    logView.clear();
  }
  plots.add(series, now);
  logView.add(lines);
  faults = facts.faults ?? faults;
  controllers = facts.controllers ?? controllers;
  setText(find("generation"), String(health.generation));
  setText(find("about"), `Hubbub ${health.version} on ${health.runtime}, since ${formatDate(health.startedAt)}`);
  showReadiness(health);
  const figures = {
    sessions: formatNumber(health.sessions),
    memory: formatSize(health.memoryBytes),
    uptime: formatAge(health.uptimeSeconds * 1000),
    received: formatLast(series.received, formatShort),
    sent: formatLast(series.sent, formatShort),
    lag: formatLast(series.lagMs, formatMs),
  };
  for (const [name, text] of Object.entries(figures)) if (text !== undefined) setText(find(`figure-${name}`), text);
  showFaults(find("faults"), faults, now);
  controllersView.show(controllers, { faults, lastFault: facts.lastFault, now });
  consoleView.offer(controllers);
  if (facts.sessions !== undefined) sessions.show(facts.sessions);
  if (facts.groups !== undefined) groups.show(facts.groups);
  if (facts.session !== undefined) dialogs.showSession(facts.session, now);
  if (facts.group !== undefined) dialogs.showGroup(facts.group);
}

/** The newest of what came; undefined if nothing new did. */
function formatLast(values: readonly number[], format: (value: number) => string): string | undefined {
  const last = values.at(-1);
  return last === undefined ? undefined : format(last);
}

/** Says why the server takes no sessions, as long as it does not. */
function showReadiness({ status, reason }: Health): void {
  const element = find("state");
  if (status === "ready") return;
  element.dataset["state"] = "busy";
  setText(findIn(element, "[role=status]"), `Not ready: ${reason}`);
}

function showState(state: LiveState): void {
  const element = find("state");
  element.dataset["state"] = state;
  setText(findIn(element, "[role=status]"), states[state]);
  if (state === "signed-out") {
    showOutcome("notice", { text: "The server asks for its token again: load this page anew.", isGood: false });
  }
}
