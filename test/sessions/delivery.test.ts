import { expect, test } from "bun:test";
import fc from "fast-check";
import { Metrics } from "../../src/core/metrics.ts";
import { ThrottledLog } from "../../src/core/throttled-log.ts";
import { Groups } from "../../src/groups/groups.ts";
import { Backlog } from "../../src/sessions/backlog.ts";
import { Delivery } from "../../src/sessions/delivery.ts";
import type { SessionEvent } from "../../src/sessions/event.ts";
import { Session } from "../../src/sessions/session.ts";
import { places, startDeliveries, type Step, type Task } from "../support/deliveries.ts";
import { openRaw, parseFrames, type RawConnection } from "../support/raw.ts";
import { startServer } from "../support/server.ts";
import { openSession, type TestSession, waitFor } from "../support/session.ts";

const names = ["ada", "bob", "eve", "joe"];
const groups = ["a", "b", "c"];

const name = fc.constantFrom(...names);
const group = fc.constantFrom(...groups);
const number = fc.constant(0);
/** Short, and around the sizes at which the runtime writes in another way. */
const size = fc.oneof(
  { weight: 20, arbitrary: fc.constant(0) },
  { weight: 1, arbitrary: fc.constantFrom(126, 16_380, 16_384, 20_000, 65_536, 200_000) },
);

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant("send" as const), to: name, number, size }) },
  {
    weight: 10,
    arbitrary: fc.record({
      do: fc.constant("sendToGroup" as const),
      group,
      number,
      size,
      except: fc.oneof(fc.constant(""), name),
      coalesce: fc.constantFrom(-1, -1, 0, 1, 5, 1000),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constantFrom("addToGroup" as const, "removeFromGroup" as const), group, who: name }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("close" as const), who: name }) },
);

const task: fc.Arbitrary<Task> = fc.oneof(
  {
    weight: 15,
    arbitrary: fc.record({
      place: fc.constantFrom(...places),
      by: name,
      steps: fc.array(step, { minLength: 1, maxLength: 12 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ place: fc.constant("vanish" as const), by: name }) },
);

/** Who is in which group at the start. */
const start: fc.Arbitrary<Step[]> = fc.array(fc.record({ do: fc.constant("addToGroup" as const), group, who: name }), {
  minLength: 3,
  maxLength: 8,
});

/** Gives each message a number of its own. */
function toTasks(first: Step[], tasks: Task[]): Task[] {
  let last = 0;
  const all: Task[] = [{ place: "request", by: "", steps: first }, ...tasks];
  const count = (step: Step): Step => ("number" in step ? { ...step, number: (last += 1) } : step);
  return all.map((one) => (one.place === "vanish" ? one : { ...one, steps: one.steps.map(count) }));
}

test("Delivery keeps the order of all calls for every session, wherever they are made", async () => {
  await using server = await startDeliveries({ coalesce: "2ms" });
  await fc.assert(
    fc.asyncProperty(start, fc.array(task, { minLength: 1, maxLength: 12 }), async (first, tasks) => {
      const { received, expected } = await server.perform(names, toTasks(first, tasks));
      expect(received).toEqual(expected);
    }),
    { seed: 6, numRuns: 200, interruptAfterTimeLimit: 40_000, markInterruptAsFailure: true },
  );
}, 60_000);

const info = { path: "/", params: {} };
const inboxLimits = { maxEvents: 64, maxSize: 1024 ** 2, filled: () => {} };
const MAX_BACKLOG_BYTES = 64 * 1024;

type Parts = AsyncDisposable & {
  delivery: Delivery;
  /** Opens a session; `run` is its handler. */
  open: (run: (event: SessionEvent) => void) => Promise<{ session: Session; client: TestSession }>;
  /** Opens a session that reads nothing, and for which something waits already. */
  openSlow: (run: (event: SessionEvent) => void) => Promise<{ session: Session; raw: RawConnection }>;
  /** How often something short was written to the sessions: each time is a TCP segment of its own. */
  countWrites: () => number;
};

/** `Delivery` with sessions on real sockets, and nothing above it. */
function startParts(): Parts {
  const sessions: Session[] = [];
  const runs: ((event: SessionEvent) => void)[] = [];
  const server = Bun.serve<Session>({
    hostname: "127.0.0.1",
    port: 0,
    fetch(request, self) {
      const run = runs.shift();
      const session = new Session({
        info: { id: crypto.randomUUID(), ...info },
        route: {
          path: "/",
          run: (_, event) => {
            run?.(event);
            return true;
          },
          inboxLimits,
        },
        data: {},
        timeoutSeconds: 0,
        address: "",
        publisher: self,
      });
      return self.upgrade(request, { data: session }) ? undefined : new Response(null);
    },
    websocket: {
      backpressureLimit: Backlog.nativeLimitBytes(MAX_BACKLOG_BYTES, 1024 ** 2),
      closeOnBackpressureLimit: true,
      open(socket) {
        sessions.push(socket.data);
        socket.data.open(socket);
      },
      message() {},
      close(socket, code, reason) {
        const told = socket.data.closingAs;
        delivery.forget(socket.data);
        socket.data.end(told?.code ?? code, told?.reason ?? reason);
      },
    },
  });
  const metrics = new Metrics();
  const throttledLog = new ThrottledLog();
  const delivery = new Delivery({
    groups: new Groups(() => [server]),
    backlog: new Backlog({ maxBytes: MAX_BACKLOG_BYTES, sessions: () => sessions, metrics, throttledLog }),
    metrics,
    maxGroups: 0,
    compressMinBytes: Infinity,
  });
  const opened = async (index: number) => {
    await waitFor(() => sessions[index] !== undefined, "open event");
    return sessions[index] as Session;
  };
  return {
    delivery,
    async open(run) {
      runs.push(run);
      const client = await openSession(server.url.href);
      return { session: await opened(sessions.length - 1), client };
    },
    async openSlow(run) {
      runs.push(run);
      const raw = await openRaw(server.url.href);
      raw.socket.pause();
      const session = await opened(sessions.length - 1);
      const { socket } = session;
      while (socket?.getBufferedAmount() === 0) socket.send(chunk);
      return { session, raw };
    },
    countWrites() {
      const { stdout } = Bun.spawnSync(["ss", "-tinH", `sport = :${server.port}`]);
      const counts = stdout.toString().matchAll(/ data_segs_out:(\d+)/g);
      return [...counts].reduce((sum, [, count]) => sum + Number(count), 0);
    },
    [Symbol.asyncDispose]: () => server.stop(true),
  };
}

const chunk = " ".repeat(MAX_BACKLOG_BYTES / 2);

/** Sends "end", and resolves with all that came before it. */
async function readTexts(delivery: Delivery, { session, client }: { session: Session; client: TestSession }) {
  delivery.send(session, "end");
  const texts: string[] = [];
  for (;;) {
    const text = String(await client.next()).trim();
    if (text === "end") return texts;
    texts.push(text);
  }
}

test("Delivery.flush() is not overtaken by what a handler sends when its session is cut in it: groups", async () => {
  await using parts = startParts();
  const { delivery } = parts;
  const ada = await parts.open(() => {});
  const ended = Promise.withResolvers<SessionEvent>();
  const { session: slow } = await parts.openSlow((event) => {
    if (event.type !== "close") return;
    delivery.sendToGroup("chat", "slow left", 0, undefined);
    ended.resolve(event);
  });
  for (const session of [ada.session, slow]) delivery.addToGroup("chat", session);
  const texts = Array.from({ length: 12 }, (_, n) => String(n));
  for (const text of texts) delivery.sendToGroup("chat", text.padEnd(20_000, " "), 1000, undefined);
  delivery.flush();
  expect(await ended.promise).toMatchObject({ closeReason: 4008, reason: "too slow" });
  expect(await readTexts(delivery, ada)).toEqual([...texts, "slow left"]);
});

test("Delivery.flush() is not overtaken by what a handler sends when its session is cut in it: sessions", async () => {
  await using parts = startParts();
  const { delivery } = parts;
  const ada = await parts.open(() => {});
  const ended = Promise.withResolvers<SessionEvent>();
  const { session: slow } = await parts.openSlow((event) => {
    if (event.type !== "close") return;
    delivery.sendToGroup("chat", "slow left", 0, undefined);
    ended.resolve(event);
  });
  for (const session of [ada.session, slow]) delivery.addToGroup("chat", session);
  delivery.send(slow, chunk);
  delivery.send(slow, chunk);
  delivery.send(slow, chunk);
  delivery.send(ada.session, "hello");
  delivery.flush();
  expect(await ended.promise).toMatchObject({ closeReason: 4008 });
  expect(await readTexts(delivery, ada)).toEqual(["hello", "slow left"]);
});

test("Delivery.send() runs no other session's handler before it returns", async () => {
  await using parts = startParts();
  const { delivery } = parts;
  const order: string[] = [];
  const ended = Promise.withResolvers<void>();
  const { session: slow } = await parts.openSlow((event) => {
    order.push(event.type);
    if (event.type === "close") ended.resolve();
  });
  for (let n = 0; n < 4; n += 1) {
    delivery.send(slow, chunk);
    delivery.flush();
  }
  order.push("sent");
  expect(delivery.send(slow, "more")).toBe(false);
  await ended.promise;
  expect(order).toEqual(["open", "sent", "close"]);
});

test("Delivery.send() of empty messages passes the backlog's limit like any other", async () => {
  await using parts = startParts();
  const { delivery } = parts;
  const ended = Promise.withResolvers<SessionEvent>();
  const { session: slow } = await parts.openSlow((event) => event.type === "close" && ended.resolve(event));
  while (slow.socket !== undefined) {
    for (let n = 0; n < 10_000; n += 1) delivery.send(slow, "");
    await Bun.sleep(0);
  }
  expect(await ended.promise).toMatchObject({ closeReason: 4008, reason: "too slow" });
});

test("Delivery loses nothing of what a session reads late, as long as less waits for it than may", async () => {
  await using parts = startParts();
  const { delivery } = parts;
  const { session: slow, raw } = await parts.openSlow(() => {});
  const { socket } = slow;
  delivery.addToGroup("chat", slow);
  let sent = 0;
  for (let round = 0; round < 5; round += 1) {
    while ((socket?.getBufferedAmount() ?? 0) < MAX_BACKLOG_BYTES - 4000) {
      const text = String((sent += 1)).padEnd(1000);
      if (sent % 2 === 0) delivery.send(slow, text);
      else delivery.sendToGroup("chat", text, 1000, undefined);
      delivery.flush();
      if (sent % 10 === 0) await Bun.sleep(0);
    }
    raw.socket.resume();
    await waitFor(() => socket?.getBufferedAmount() === 0, "end of the backlog");
    raw.socket.pause();
  }
  delivery.close(slow, 4000, "done");
  raw.socket.resume();
  await waitFor(() => raw.ended(), "end of the connection");
  const frames = parseFrames(raw.received());
  const numbers = frames.filter(({ opcode }) => opcode === 1).map(({ payload }) => Number(payload.toString()));
  expect(numbers.filter((number) => number > 0)).toEqual(Array.from({ length: sent }, (_, n) => n + 1));
  expect(frames.at(-1)?.opcode).toBe(8);
});

test("Delivery.addToGroup() lets a session have nothing that was sent before, also if it still waits", async () => {
  await using parts = startParts();
  const { delivery } = parts;
  const [ada, bob] = [await parts.open(() => {}), await parts.open(() => {})];
  delivery.addToGroup("chat", ada.session);
  for (const text of ["1", "2"]) delivery.sendToGroup("chat", text, 1000, undefined);
  delivery.addToGroup("chat", bob.session);
  delivery.sendToGroup("chat", "3", 1000, undefined);
  expect(await readTexts(delivery, ada)).toEqual(["1", "2", "3"]);
  expect(await readTexts(delivery, bob)).toEqual(["3"]);
});

test("Delivery.removeFromGroup() lets a session have all that was sent before, and nothing after", async () => {
  await using parts = startParts();
  const { delivery } = parts;
  const [ada, bob] = [await parts.open(() => {}), await parts.open(() => {})];
  for (const { session } of [ada, bob]) delivery.addToGroup("chat", session);
  for (const text of ["1", "2"]) delivery.sendToGroup("chat", text, 1000, undefined);
  delivery.removeFromGroup("chat", bob.session);
  delivery.sendToGroup("chat", "3", 1000, undefined);
  expect(await readTexts(delivery, ada)).toEqual(["1", "2", "3"]);
  expect(await readTexts(delivery, bob)).toEqual(["1", "2"]);
});

test("Delivery.close() delivers all that was sent to the session and its groups first", async () => {
  await using parts = startParts();
  const { delivery } = parts;
  const ada = await parts.open(() => {});
  delivery.addToGroup("chat", ada.session);
  for (const text of ["1", "2"]) delivery.sendToGroup("chat", text, 1000, undefined);
  for (const text of ["3", "4"]) delivery.send(ada.session, text);
  delivery.sendToGroup("chat", "5", 1000, undefined);
  delivery.close(ada.session, 4000, "bye");
  expect(delivery.send(ada.session, "6")).toBe(false);
  expect(await ada.client.closed).toEqual({ code: 4000, reason: "bye" });
  expect(ada.client.waiting).toEqual(["1", "2", "3", "4", "5"]);
});

test("Delivery writes what is sent in one turn, and what waits for a group, with one system call", async () => {
  await using parts = startParts();
  const { delivery } = parts;
  const ada = await parts.open(() => {});
  const count = () => parts.countWrites();
  const texts = Array.from({ length: 20 }, (_, n) => String(n));
  const before = count();
  for (const text of texts) delivery.send(ada.session, text);
  for (const text of texts) expect(await ada.client.next()).toBe(text);
  expect(count() - before).toBe(1);
  delivery.addToGroup("chat", ada.session);
  delivery.sendToGroup("chat", "at once", 50, undefined);
  expect(await ada.client.next()).toBe("at once");
  for (const text of texts) delivery.sendToGroup("chat", text, 50, undefined);
  expect(count() - before).toBe(2);
  for (const text of texts) expect(await ada.client.next()).toBe(text);
  expect(count() - before).toBe(3);
});

test("Delivery loses nothing that waits when the generation that sent it ends", async () => {
  const files = {
    "a.js": `import { addToGroup, send, sendToGroup } from "hubbub";
export const get = () => ({ webSocket: {} });
export const webSocketEvent = ({ type, session: { id }, message }) => {
  if (type === "open") addToGroup("chat", id);
  if (message === "go") for (const text of ["1", "2", "3"]) sendToGroup("chat", text, { coalesce: 500 });
  if (message === "later") setTimeout(() => { send(id, "5"); sendToGroup("chat", "6", { coalesce: 500 }); }, 0);
};`,
  };
  await using server = await startServer(files, { watch: "false" });
  using session = await server.open("/a");
  session.send("go");
  expect(await session.next()).toBe("1");
  await server.app.reload();
  await server.app.reload();
  expect(server.app.generationNumber).toBe(3);
  for (const text of ["2", "3"]) expect(await session.next()).toBe(text);
  session.send("later");
  expect(await session.next()).toBe("5");
  await server.app.reload();
  expect(await session.next()).toBe("6");
});
