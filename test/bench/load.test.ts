import { expect, setDefaultTimeout, test } from "bun:test";
import type { ServerWebSocket, WebSocketHandler } from "bun";
import type { Job, Outcome } from "../../bench/job.ts";
import { runLoad } from "../../bench/measure.ts";
import { createShape } from "../../bench/shape.ts";

// Each starts a load process; beside other tests that takes longer.
setDefaultTimeout(60_000);

/** A server of a test's own: every session joins the group `all`. */
function serve(handler: Partial<WebSocketHandler<undefined>> & Pick<WebSocketHandler<undefined>, "message">) {
  return Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: (request, own) => {
      if (new URL(request.url).pathname === "/collect") return new Response();
      return own.upgrade(request) ? undefined : new Response(null, { status: 400 });
    },
    websocket: { open: (socket) => void socket.subscribe("all"), ...handler },
  });
}

type Server = ReturnType<typeof serve>;

/** Loads `server` for a short time: one sender to five members, unless the job says otherwise. */
async function load(server: Server, job: Partial<Job> = {}): Promise<Outcome> {
  const [outcome] = await runLoad({
    jobs: [
      {
        name: "server",
        port: server.port ?? 0,
        pid: process.pid,
        path: "/",
        collectPath: "/collect",
        groups: 1,
        members: 5,
        senders: 1,
        copies: 1,
        shape: createShape(64),
        compress: false,
        load: { kind: "closed", batch: 1 },
        settleMs: 0,
        patienceMs: 300,
        ...job,
      },
    ],
    slices: 2,
    warmUpMs: 20,
    sliceMs: 50,
    countInstructions: false,
  });
  if (outcome === undefined) throw new Error("The load process measured nothing");
  return outcome;
}

/** What `work` fails with. */
const failureOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => "nothing",
    (error: Error) => error.message,
  );

const sum = ({ slices }: Outcome) => slices.reduce((total, { deliveries }) => total + deliveries, 0);

/** Publishes each message, but `fault` is called for the hundredth. */
const withFault = (fault: (server: Server, socket: ServerWebSocket<undefined>, message: string | Buffer) => void) => {
  let count = 0;
  const server: Server = serve({
    message: (socket, message) => {
      count += 1;
      if (count === 100) fault(server, socket, message);
      else server.publish("all", message);
    },
  });
  return server;
};

test("runLoad() counts every delivery of one sender to a group", async () => {
  let published = 0;
  using server = serve({
    message: (_, message) => {
      published += 1;
      server.publish("all", message);
    },
  });
  const outcome = await load(server);
  expect(sum(outcome)).toBeGreaterThan(0);
  // The warm-up's messages are no part of the slices.
  expect(sum(outcome)).toBeLessThan(published * 5);
  expect(sum(outcome) % 5).toBe(0);
  expect(outcome.p50Ms).toBeGreaterThan(0);
  expect(outcome.p99Ms).toBeGreaterThanOrEqual(outcome.p50Ms);
  for (const { cpuSeconds, wallSeconds, loadSeconds } of outcome.slices) {
    expect(cpuSeconds).toBeGreaterThan(0);
    expect(loadSeconds).toBeGreaterThan(0);
    expect(wallSeconds).toBeGreaterThanOrEqual(0.05);
  }
});

test("runLoad() counts messages at a fixed rate, from many senders", async () => {
  using server = serve({ message: (_, message) => void server.publish("all", message) });
  const outcome = await load(server, { senders: 5, load: { kind: "rate", perSecond: 400 } });
  // Two slices of 50 ms, 5 members: 200 deliveries are due, and one message more at the end of each slice may be.
  expect(sum(outcome)).toBeGreaterThanOrEqual(150);
  expect(sum(outcome)).toBeLessThanOrEqual(1000);
});

test("runLoad() counts each copy of a burst", async () => {
  using server = serve({
    open: () => {},
    message: (socket, message) => {
      for (let copy = 0; copy < 3; copy += 1) socket.send(message);
    },
  });
  const outcome = await load(server, { groups: 4, members: 1, copies: 3 });
  expect(sum(outcome) % 3).toBe(0);
  expect(sum(outcome)).toBeGreaterThan(0);
});

test("runLoad() counts compressed messages", async () => {
  using server = serve({
    perMessageDeflate: true,
    message: (_, message) => void server.publish("all", message, true),
  });
  const outcome = await load(server, { compress: true, shape: createShape(1024, { filling: "words" }) });
  expect(sum(outcome)).toBeGreaterThan(0);
});

test("runLoad() counts upgrades, and measures idle sessions", async () => {
  using server = serve({ message: () => {} });
  const upgrades = await load(server, { load: { kind: "upgrades", sessions: 100, atOnce: 8 } });
  expect(sum(upgrades)).toBe(100);
  const idle = await load(server, { load: { kind: "idle", sessions: 200 } });
  expect(idle.bytesPerSession).toBeFinite();
});

test("runLoad() fails if one message of a group is lost", async () => {
  using server = withFault(() => {});
  expect(await failureOf(load(server))).toContain("server: Lost 5 messages: session 0 got 99 of the 100 from sender 0");
});

test("runLoad() fails if one member of a group gets nothing", async () => {
  using server = withFault((_, socket, message) => socket.publish("all", message));
  expect(await failureOf(load(server))).toContain("server: Lost 1 messages: session 0 got 99 of the 100 from sender 0");
});

test("runLoad() fails if a message comes twice", async () => {
  using server = withFault((own, socket, message) => {
    own.publish("all", message);
    socket.send(message);
  });
  expect(await failureOf(load(server))).toMatch(
    /message 99 of sender 0, expected message 100: it (came twice|was never sent)/,
  );
});

test("runLoad() fails if a message comes before its turn", async () => {
  const kept: (string | Buffer)[] = [];
  using server = serve({
    message: (_, message) => {
      kept.push(message);
      if (kept.length < 2) return;
      for (const late of kept.splice(0).reverse()) server.publish("all", late);
    },
  });
  expect(await failureOf(load(server, { load: { kind: "closed", batch: 2 } }))).toContain(
    "got message 1 of sender 0, expected message 0: it came before others, or they are lost",
  );
});

test("runLoad() fails if a message is lost at a fixed rate", async () => {
  using server = withFault(() => {});
  expect(await failureOf(load(server, { load: { kind: "rate", perSecond: 2000 } }))).toContain(
    "it came before others, or they are lost",
  );
});

test("runLoad() fails if the server closes a session", async () => {
  using closing = withFault((_, socket) => socket.close(1011));
  expect(await failureOf(load(closing))).toContain("server: The server closed session 0 with 1011");
  using cutting = withFault((_, socket) => socket.terminate());
  expect(await failureOf(load(cutting))).toContain("server: The server ended a session: the connection is gone");
});

test("runLoad() fails if the server refuses a session, or agrees on no compression", async () => {
  using refusing = Bun.serve({ port: 0, fetch: () => new Response(null, { status: 503 }) });
  expect(await failureOf(load(refusing as Server))).toContain('the server answered "HTTP/1.1 503 Service Unavailable"');
  using plain = serve({ perMessageDeflate: false, message: () => {} });
  expect(await failureOf(load(plain, { compress: true }))).toContain("the server did not agree on permessage-deflate");
});

test("runLoad() fails if an idle session gets a message", async () => {
  using server = serve({ open: (socket) => void socket.send("hello, whoever you are"), message: () => {} });
  expect(await failureOf(load(server, { load: { kind: "upgrades", sessions: 10, atOnce: 2 } }))).toContain(
    "An idle session got a message",
  );
});
