import { NumberedReader } from "./numbered-reader.ts";
import type { Random } from "./random.ts";
import { type End, SoakSession } from "./session.ts";
import type { Tally } from "./tally.ts";

/** How long an answer may take, in milliseconds. */
const PATIENCE_MS = 20_000;

/** What a client does, with its share of all. */
const kinds = { echo: 40, later: 20, room: 30, news: 8, slow: 2 };

/** How a client goes: in good order once everything has come, or at any moment. */
const endings = { drained: 50, close: 15, drop: 15, reset: 15, "reset in a message": 5 };

export type ClientOptions = {
  port: number;
  tally: Tally;
  random: Random;
  /** The longest time that a client stays, in milliseconds. */
  longestStayMs: number;
  /** How long a slow reader reads nothing, in milliseconds. */
  slowMs: number;
  /** It ends in good order as soon as this is true. */
  isOver: () => boolean;
};

/** What a client does with one session. */
type Talk = {
  path: string;
  read: (message: string | Buffer) => void;
  /** Sends something; nothing for a client that only listens. */
  say?: (session: SoakSession) => void;
  /** Asks for the rest; true once everything has come. */
  drain: (session: SoakSession) => Promise<boolean>;
};

let named = 0;

/** One client after another in one place, until `isOver`. */
export async function runClients(options: ClientOptions): Promise<void> {
  const { tally, isOver } = options;
  while (!isOver()) {
    const kind = options.random.pick(kinds);
    try {
      await runClient(kind, options);
    } catch (error) {
      tally.complain(`${kind}: ${(error as Error).message}`);
      await Bun.sleep(100);
    }
  }
}

async function runClient(kind: keyof typeof kinds, options: ClientOptions): Promise<void> {
  const { port, tally, random, longestStayMs, slowMs, isOver } = options;
  const complain = (problem: string) => tally.complain(`${kind}: ${problem}`);
  const talk = createTalk(kind, options, complain);
  const forwarded = { "X-Forwarded-For": `198.51.100.${random.integer(1, 250)}` };
  const session = await SoakSession.open(port, talk.path, { message: talk.read }, forwarded);
  tally.opened += 1;
  let isEnded = false;
  void session.ended.then(() => (isEnded = true));
  if (kind === "slow") {
    session.pause();
    await sleepUntil(slowMs, isOver);
    session.resume();
  }
  const until = performance.now() + random.next() * longestStayMs;
  while (kind !== "slow" && performance.now() < until && !isOver() && !isEnded) {
    talk.say?.(session);
    await Bun.sleep(random.integer(0, 1500));
  }
  const ending = kind === "slow" || isOver() ? "drained" : random.pick(endings);
  if (!isEnded && ending === "drained" && !(await talk.drain(session)) && kind !== "slow")
    complain("what it waited for did not come");
  const expected = isEnded ? "ended by the server" : ending;
  if (!isEnded) leave(session, ending);
  const end = await withPatience(session.ended);
  if (end === undefined) {
    complain(`the connection did not end after ${ending}`);
    session.reset();
  } else checkEnd(end, kind, expected, complain);
  tally.countEnding(kind === "slow" ? (end === "cut" ? "slow, cut" : "slow, caught up") : expected);
}

function createTalk(kind: keyof typeof kinds, options: ClientOptions, complain: (problem: string) => void): Talk {
  return kind === "echo" || kind === "later"
    ? createEcho(`/${kind}`, options, complain)
    : createRoom(kind, options, complain);
}

/** Each message comes back once, in order, as it was: text or bytes. */
function createEcho(path: string, { tally, random }: ClientOptions, complain: (problem: string) => void): Talk {
  const expected: (string | Buffer)[] = [];
  let number = 0;
  return {
    path,
    read(message) {
      const wanted = expected.shift();
      if (
        wanted === undefined ||
        typeof wanted !== typeof message ||
        Buffer.compare(Buffer.from(wanted), Buffer.from(message)) !== 0
      )
        complain(`got "${message.toString().slice(0, 20)}" for "${String(wanted).slice(0, 20)}"`);
      tally.received += 1;
    },
    say(session) {
      const length = random.next() < 0.02 ? random.integer(10_000, 200_000) : random.integer(0, 500);
      const text = `${number++}:${"é".repeat(length)}`;
      const message = random.next() < 0.5 ? text : Buffer.from(text);
      expected.push(message);
      tally.sent += 1;
      session.send(message);
    },
    drain: (session) => waitUntil(() => expected.length === 0, session),
  };
}

/** What is said in a room reaches all who are in it; the news are a room in which only the server talks. */
function createRoom(kind: string, { tally, random }: ClientOptions, complain: (problem: string) => void): Talk {
  const own = `${named++}:`;
  const reader = new NumberedReader(kind === "room" ? own : "", complain);
  let said = 0;
  return {
    path: kind === "room" ? `/room/${random.integer(1, 30)}` : "/news",
    read(message) {
      const before = reader.received;
      reader.read(message);
      tally.received += reader.received - before;
    },
    ...(kind === "room" && {
      say(session: SoakSession) {
        tally.sent += 1;
        session.send(own + said++);
      },
    }),
    async drain(session) {
      session.send("bye");
      const hasCome = await waitUntil(() => reader.hasLeft, session);
      if (hasCome && reader.echoed !== (kind === "room" ? said : 0))
        complain(`${reader.echoed} of its ${said} messages came back`);
      return hasCome;
    },
  };
}

function leave(session: SoakSession, ending: keyof typeof endings): void {
  switch (ending) {
    case "drained":
    case "close":
      return session.close();
    case "drop":
      return session.drop();
    case "reset":
      return session.reset();
    case "reset in a message":
      return session.resetInMessage();
  }
}

/** Only who reads too slowly is cut by the server. */
function checkEnd(end: End, kind: string, ending: string, complain: (problem: string) => void): void {
  const code = end === "cut" ? end : end.code;
  if (kind === "slow") {
    if (code !== "cut" && code !== 1000) complain(`ended with ${code}`);
  } else if (ending === "ended by the server") complain(`the server ended it with ${code}`);
  else if ((ending === "drained" || ending === "close") && code !== 1000)
    complain(`ended with ${code} after ${ending}`);
}

/** Resolves to false if the session ends first, or after a while. */
async function waitUntil(condition: () => boolean, session: SoakSession): Promise<boolean> {
  let isEnded = false;
  void session.ended.then(() => (isEnded = true));
  await sleepUntil(PATIENCE_MS, () => condition() || isEnded);
  return condition();
}

async function sleepUntil(ms: number, condition: () => boolean): Promise<void> {
  const deadline = performance.now() + ms;
  while (!condition() && performance.now() < deadline) await Bun.sleep(20);
}

function withPatience<T>(promise: Promise<T>): Promise<T | undefined> {
  const late = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => late.resolve(undefined), PATIENCE_MS);
  return Promise.race([promise, late.promise]).finally(() => clearTimeout(timer));
}
