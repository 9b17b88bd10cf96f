import { startServer, type TestServer } from "./server.ts";
import { openSession, type TestSession, waitFor } from "./session.ts";

/** One call of a controller, with sessions by their names; each message has a `number` of its own. */
export type Step =
  | { do: "send"; to: string; number: number; size: number }
  | { do: "sendToGroup"; group: string; number: number; size: number; except: string; coalesce: number }
  | { do: "addToGroup" | "removeFromGroup"; group: string; who: string }
  | { do: "close"; who: string };

/** A step, or the `close` event of a session, after which its handler tells the group "a". */
type Performed = Step | { do: "closed"; who: string };

/**
 * Where steps are performed: by the handler of the session that asks (`sync`), by it after `await null` (`async`) or after a
 * timer (`later`), half at once and half after `await null` (`split`), or outside of any handler.
 */
export const places = ["sync", "async", "later", "split", "timer", "immediate", "request"] as const;

/** Has steps performed for the session `by`, or makes that session's client end the connection without a word. */
export type Task = { place: (typeof places)[number]; by: string; steps: Step[] } | { place: "vanish"; by: string };

const controllers = {
  "_steps.js": `
import { addToGroup, close, kept, removeFromGroup, send, sendToGroup } from "hubbub";
export const state = kept("state", () => ({}));
export const reset = () => Object.assign(state, { ids: {}, performed: [], begun: [], done: [] });
const idOf = (name) => state.ids[name] ?? "nobody";
const messageOf = ({ number, size }) => {
  const text = String(number).padEnd(size, " ");
  return number % 3 === 0 ? new TextEncoder().encode(text) : text;
};
export const perform = (steps) => {
  for (const step of steps) {
    state.performed.push(step);
    if (step.do === "send") send(idOf(step.to), messageOf(step));
    if (step.do === "addToGroup") addToGroup(step.group, idOf(step.who));
    if (step.do === "removeFromGroup") removeFromGroup(step.group, idOf(step.who));
    if (step.do === "close") close(idOf(step.who), 4000);
    if (step.do !== "sendToGroup") continue;
    const options = {};
    if (step.except !== "") options.except = idOf(step.except);
    if (step.coalesce >= 0) options.coalesce = step.coalesce;
    sendToGroup(step.group, messageOf(step), options);
  }
};`,
  "run.js": `
import { perform, reset, state } from "./_steps.js";
export const get = ({ params, webSocket }) => (webSocket ? { webSocket: { data: params } } : { body: state });
export const post = ({ body }) => { perform(JSON.parse(body)); return {}; };
export const DELETE = () => { reset(); return {}; };
const pause = () => new Promise((done) => setTimeout(done, 1));
const run = {
  sync: (steps, done) => { perform(steps); done(); },
  async: async (steps, done) => { await null; perform(steps); done(); },
  later: async (steps, done) => { await pause(); perform(steps); done(); },
  split: async (steps, done) => {
    const half = steps.length >> 1;
    perform(steps.slice(0, half));
    await null;
    perform(steps.slice(half));
    done();
  },
  timer: (steps, done) => void setTimeout(() => { perform(steps); done(); }, 1),
  immediate: (steps, done) => void setImmediate(() => { perform(steps); done(); }),
};
export const webSocketEvent = ({ type, data: { name }, session: { id }, message }) => {
  if (type === "open") state.ids[name] = id;
  if (type === "close" && state.ids[name] === id) {
    state.performed.push({ do: "closed", who: name });
    const number = 1_000_000 + state.performed.length;
    perform([{ do: "sendToGroup", group: "a", number, size: 0, except: "", coalesce: number % 2 - 1 }]);
  }
  if (type !== "message") return;
  const { index, place, steps } = JSON.parse(message);
  state.begun.push(index);
  return run[place](steps, () => state.done.push(index));
};`,
};

type State = { ids: Record<string, string>; performed: Performed[]; begun: number[]; done: number[] };

/** Numbers of messages, and at the end `closed` for the close code 4000. */
export type Received = (number | "closed")[];

export type Deliveries = TestServer & {
  /**
   * Opens a session for each name, has every task performed at once, and resolves with what each session received, and with
   * what it should have by the order in which the controller made its calls.
   */
  perform: (names: string[], tasks: Task[]) => Promise<Record<"received" | "expected", Record<string, Received>>>;
};

/** The number of the message that is sent to every session at the end. */
const END = 9_999_998;

export async function startDeliveries(flags: Record<string, string>): Promise<Deliveries> {
  const server = await startServer(controllers, flags);
  const look = async () => (await (await server.fetch("/run")).json()) as State;
  const post = (steps: Step[]) => server.fetch("/run", { method: "POST", body: JSON.stringify(steps), headers });
  const headers = { "Content-Type": "application/json" };

  async function perform(names: string[], tasks: Task[]) {
    await server.fetch("/run", { method: "DELETE" });
    const sessions = new Map<string, TestSession>();
    for (const name of names) sessions.set(name, await openSession(server.url(`/run?name=${name}`)));
    try {
      const requests: Promise<unknown>[] = [];
      for (const [index, task] of tasks.entries()) {
        if (task.place === "vanish") sessions.get(task.by)?.[Symbol.dispose]();
        else if (task.place === "request") requests.push(post(task.steps));
        else if (sessions.get(task.by)?.socket.readyState === WebSocket.OPEN)
          sessions.get(task.by)?.send(JSON.stringify({ index, ...task }));
      }
      await Promise.all(requests);
      await waitFor(async () => isPerformed(tasks, await look()), "end of every task");
      await post(names.map((to) => ({ do: "send", to, number: END, size: 0 })));
      const expected = replay(names, (await look()).performed);
      const received: Record<string, Received> = {};
      for (const [name, session] of sessions) {
        const isGone = tasks.some(({ place, by }) => place === "vanish" && by === name);
        const all = await readAll(session, isGone || expected[name]?.at(-1) === "closed");
        received[name] = all;
        // What was on its way to a client that left is lost, but nothing else is.
        if (isGone && all.at(-1) !== "closed") expected[name] = expected[name]?.slice(0, all.length) ?? [];
      }
      return { received, expected };
    } finally {
      for (const session of sessions.values()) session[Symbol.dispose]();
      await waitFor(() => server.app.sessionCount === 0, "end of every session");
    }
  }

  return { ...server, perform };
}

/** Whether nothing more is to be expected of the tasks: one of a session that was closed before may never begin. */
function isPerformed(tasks: Task[], { performed, begun, done }: State): boolean {
  const closed = new Set(performed.map((step) => (step.do === "closed" ? step.who : "")));
  return tasks.every(
    ({ place, by }, index) => place === "request" || done.includes(index) || (closed.has(by) && !begun.includes(index)),
  );
}

/** What each session should receive when a controller makes these calls in this order. */
function replay(names: string[], performed: Performed[]): Record<string, Received> {
  const received = Object.fromEntries(names.map((name): [string, Received] => [name, []]));
  const members: Record<string, Set<string>> = {};
  const open = new Set(names);
  for (const step of performed) {
    if (step.do === "send" && open.has(step.to)) received[step.to]?.push(step.number);
    if (step.do === "addToGroup" && open.has(step.who)) (members[step.group] ??= new Set()).add(step.who);
    if (step.do === "removeFromGroup") members[step.group]?.delete(step.who);
    if (step.do === "sendToGroup") {
      for (const name of members[step.group] ?? []) if (name !== step.except) received[name]?.push(step.number);
    }
    if (step.do !== "close" && step.do !== "closed") continue;
    for (const group of Object.values(members)) group.delete(step.who);
    if (open.delete(step.who) && step.do === "close") received[step.who]?.push("closed");
  }
  return received;
}

/** All that a session receives until it ends, or until the message at the end. */
async function readAll(session: TestSession, isEnding: boolean): Promise<Received> {
  const received: Received = [];
  if (isEnding) {
    const { code } = await session.closed;
    received.push(...session.waiting.map(toNumber));
    if (code === 4000) received.push("closed");
    return received;
  }
  while (received.at(-1) !== END) received.push(toNumber(await session.next()));
  return received;
}

function toNumber(message: string | Uint8Array): number {
  return Number(typeof message === "string" ? message : new TextDecoder().decode(message));
}
