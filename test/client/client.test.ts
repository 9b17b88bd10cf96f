import { expect, test } from "bun:test";
import { connect } from "../../src/client/client.ts";
import type { ConnectOptions, Session, State } from "../../src/client/connect.d.ts";
import { closeCodes, isSendableCode } from "../../src/sessions/close-codes.ts";
import { accept, acceptAndClose, type Behaviour, mishaps, serveOddly } from "../support/odd-server.ts";
import { formatFrame } from "../support/raw.ts";
import { startServer } from "../support/server.ts";
import { createSigner, inSeconds } from "../support/tokens.ts";
import { waitFor } from "../support/session.ts";

/** Short waits, so that a test sees several. */
const quick: ConnectOptions = { minDelayMs: 10, maxDelayMs: 80, connectTimeoutMs: 400 };

/** A session that ends with the test, and what it said of itself. */
function open(url: string, options: ConnectOptions = {}) {
  const session = connect(url, { ...quick, ...options });
  const states: State[] = [session.state];
  const messages: unknown[] = [];
  session.addEventListener("state", () => states.push(session.state));
  session.addEventListener("message", ({ data }) => messages.push(data));
  return { session, states, messages, [Symbol.dispose]: () => session.close() };
}

const reaches = (session: Session, state: State) => waitFor(() => session.state === state, `state "${state}"`);

const refuse: Behaviour = (socket) => socket.end("HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n");

const echo = `import { defineController, send } from "hubbub";
export default defineController({ message: ({ session, message }) => send(session.id, message) });`;

test("connect() opens a session, and sends and hears JSON and bytes", async () => {
  await using server = await startServer({ "echo.ts": echo });
  using client = open(server.url("/echo"));
  expect(client.session.state).toBe("connecting");
  await reaches(client.session, "open");
  const bytes = new Uint8Array([1, 2, 3]);
  const sent = [{ text: "hello" }, "a text", 5, null, [1, "ü"]];
  for (const message of sent) expect(client.session.send(message)).toBe(true);
  client.session.send(bytes);
  await waitFor(() => client.messages.length === 6, "echoes");
  expect(client.messages).toEqual([...sent, bytes.buffer]);
  client.session.close();
  expect(client.states).toEqual(["connecting", "open", "closed"]);
  expect(client.session.ending).toEqual({ code: 1000, reason: "" });
});

test("connect() with the format text sends and hears texts as they are", async () => {
  await using server = await startServer({ "echo.ts": echo });
  using client = open(server.url("/echo"), { format: "text" });
  await reaches(client.session, "open");
  client.session.send('{"a":1}');
  await waitFor(() => client.messages.length === 1, "echo");
  expect(client.messages).toEqual(['{"a":1}']);
  expect(() => client.session.send({ a: 1 })).toThrow('Cannot send a message of type "object"');
});

test("send() throws for what JSON cannot hold", () => {
  using client = open("http://127.0.0.1:1/");
  expect(() => client.session.send(undefined)).toThrow('Cannot send a message of type "undefined"');
  expect(() => client.session.send(() => {})).toThrow('Cannot send a message of type "function"');
});

test.each(Object.entries(closeCodes).filter(([code]) => isSendableCode(Number(code))))(
  "a session closed by the server with %s connects again if the table says so",
  async (code, { reconnect }) => {
    await using server = await startServer({
      "a.ts": `import { close, defineController } from "hubbub";
        let opened = 0;
        export default defineController({
          open: ({ session }) => { if (++opened === 1) close(session.id, ${code}, "because"); },
        });`,
    });
    using client = open(server.url("/a"));
    // It waits for milliseconds: what it says is heard, and not looked for.
    await waitFor(() => client.states.includes(reconnect ? "waiting" : "closed"), "end of the session");
    expect(client.session.ending).toEqual({ code: Number(code), reason: "because" });
    if (reconnect) await reaches(client.session, "open");
  },
);

test.each([4400, 4403, 4499])("a session is closed for good with %d, and says why", async (code) => {
  await using server = await serveOddly(acceptAndClose(code, "no"));
  using client = open(server.url);
  await reaches(client.session, "closed");
  expect(client.session.ending).toEqual({ code, reason: "no" });
  expect(client.session.send("late")).toBe(false);
  await Bun.sleep(2 * 80);
  expect(server.requests.length).toBe(1);
});

test.each([4000, 4099, 4399, 4500, 3000])("a session comes back after %d", async (code) => {
  await using server = await serveOddly(acceptAndClose(code), accept());
  using client = open(server.url);
  await waitFor(() => server.requests.length === 2, "second connection");
  await reaches(client.session, "open");
  expect(client.session.ending).toEqual({ code, reason: "" });
});

test("reconnect() brings a session back that was closed for good", async () => {
  await using server = await serveOddly(acceptAndClose(4401, "token expired"), accept());
  using client = open(server.url);
  await reaches(client.session, "closed");
  client.session.reconnect();
  await reaches(client.session, "open");
});

test.each(mishaps)(
  "a server that %s is tried again, with longer and longer waits, until it is well",
  async (_, behave) => {
    await using server = await serveOddly(behave, behave, behave, accept());
    using client = open(server.url);
    const waits: number[] = [];
    client.session.addEventListener("state", () => {
      if (client.session.state === "waiting") waits.push((client.session.retryAt ?? 0) - Date.now());
    });
    client.session.send("kept");
    await waitFor(() => server.requests.length === 4, "four tries");
    await reaches(client.session, "open");
    expect(waits.length).toBe(3);
    // Double each time, less up to a half, and a little for the clock.
    waits.forEach((waitMs, tries) => {
      expect(waitMs).toBeLessThanOrEqual(10 * 2 ** tries);
      expect(waitMs).toBeGreaterThan(10 * 2 ** tries * 0.5 - 3);
    });
  },
);

test("a server that hangs after the handshake is left without its answer", async () => {
  await using server = await serveOddly(accept((socket) => socket.pause()));
  using client = open(server.url);
  await reaches(client.session, "open");
  client.session.send("hello?");
  client.session.close();
  expect(client.session.state).toBe("closed");
});

test("the wait is never longer than maxDelayMs, and is never twice the same", async () => {
  await using server = await serveOddly(refuse);
  using client = open(server.url, { minDelayMs: 16, maxDelayMs: 32 });
  const waits: number[] = [];
  client.session.addEventListener("state", () => {
    if (client.session.state === "waiting") waits.push((client.session.retryAt ?? 0) - Date.now());
  });
  await waitFor(() => waits.length === 12, "twelve tries");
  expect(Math.max(...waits)).toBeLessThanOrEqual(32);
  expect(new Set(waits.slice(1)).size).toBeGreaterThan(5);
});

test("close() while connecting or waiting ends all tries", async () => {
  await using server = await serveOddly(refuse);
  using client = open(server.url);
  await reaches(client.session, "waiting");
  client.session.close();
  const { length } = server.requests;
  using other = open(server.url);
  other.session.close();
  await Bun.sleep(3 * 80);
  expect(server.requests.length).toBe(length);
  expect([client.session.state, other.session.state]).toEqual(["closed", "closed"]);
});

test("reconnect() right after close() connects once", async () => {
  await using server = await serveOddly(refuse, accept());
  using client = open(server.url, { minDelayMs: 5000, maxDelayMs: 5000 });
  await reaches(client.session, "waiting");
  client.session.close();
  client.session.reconnect();
  await reaches(client.session, "open");
  expect(server.requests.length).toBe(2);
});

test("reconnect() while the session is open takes a new connection", async () => {
  await using server = await serveOddly(accept());
  using client = open(server.url);
  await reaches(client.session, "open");
  client.session.reconnect();
  expect(client.session.state).toBe("connecting");
  await reaches(client.session, "open");
  expect(server.requests.length).toBe(2);
});

test("what is sent while the session is not open waits, in order, as it was then", async () => {
  await using server = await startServer({ "echo.ts": echo });
  using client = open(server.url("/echo"));
  const message = { number: 0 };
  for (message.number = 1; message.number <= 3; message.number += 1) expect(client.session.send(message)).toBe(true);
  expect(client.session.queuedCount).toBe(3);
  client.session.addEventListener("state", () => client.session.send({ number: 4 }));
  await waitFor(() => client.messages.length === 4, "echoes");
  expect(client.messages).toEqual([1, 2, 3, 4].map((number) => ({ number })));
  expect(client.session.queuedCount).toBe(0);
});

test("a full queue refuses, and says so", async () => {
  await using server = await serveOddly(refuse);
  using client = open(server.url, { maxQueuedMessages: 2 });
  let refused = 0;
  client.session.addEventListener("full", () => (refused += 1));
  expect([1, 2, 3].map((message) => client.session.send(message))).toEqual([true, true, false]);
  expect(refused).toBe(1);
  expect(client.session.takeQueued()).toEqual([1, 2]);
  expect(client.session.queuedCount).toBe(0);
  expect(client.session.send(4)).toBe(true);
});

test("what waits when the session is closed for good can be taken back", async () => {
  await using server = await serveOddly(refuse);
  using client = open(server.url);
  await reaches(client.session, "waiting");
  client.session.send({ text: "not lost" });
  client.session.close();
  expect(client.session.takeQueued()).toEqual([{ text: "not lost" }]);
});

test("a message that is no JSON is reported, and the session goes on", async () => {
  await using server = await serveOddly(
    accept((socket) =>
      socket.write(Buffer.concat([formatFrame(1, "plain", { mask: false }), formatFrame(1, "7", { mask: false })])),
    ),
  );
  const reported: unknown[] = [];
  const { reportError } = globalThis;
  globalThis.reportError = (error: unknown) => reported.push(error);
  try {
    using client = open(server.url);
    await waitFor(() => client.messages.length === 1, "message");
    expect(client.messages).toEqual([7]);
    expect(String(reported)).toBe('Error: Cannot read "plain": it is not JSON, expected that or the format "text"');
  } finally {
    globalThis.reportError = reportError;
  }
});

test("token is asked anew for every try, and goes as hubbub/auth expects it", async () => {
  await using server = await serveOddly(refuse, accept());
  let asked = 0;
  using client = open(server.url, { token: async () => `token?>${(asked += 1)}` });
  await reaches(client.session, "open");
  for (const [index, request] of server.requests.entries()) {
    const token = Buffer.from(`token?>${index + 1}`).toString("base64url");
    expect(request).toMatch(new RegExp(`^sec-websocket-protocol: *bearer, ?bearer\\.${token}\r$`, "im"));
  }
  expect(asked).toBe(2);
});

test("token stands beside the protocols that are offered", async () => {
  await using server = await serveOddly(accept());
  using client = open(server.url, { token: "abc", protocols: ["chat", "text"] });
  await reaches(client.session, "open");
  expect(server.requests[0]).toMatch(/^sec-websocket-protocol: *chat, ?text, ?bearer\.YWJj\r$/im);
});

test("token opens a session that a guard lets in, and 4401 ends it until the page signs in again", async () => {
  const signer = await createSigner("HS256");
  await using server = await startServer({
    "a.ts": `import { jwt } from "hubbub/auth";
      import { send } from "hubbub";
      const auth = jwt({ ...${JSON.stringify(signer.options)}, issuer: "me", clockTolerance: 0 });
      export const get = auth(() => ({ webSocket: {} }));
      export const webSocketEvent = ({ type, session }) => { if (type === "open") send(session.id, { sub: session.user.sub }); };`,
  });
  const lifetimes = [-60, 1, 3600];
  using client = open(server.url("/a"), {
    token: () => signer.sign({ iss: "me", exp: inSeconds(lifetimes.shift() ?? 0) }),
  });
  await reaches(client.session, "closed");
  expect(client.session.ending).toEqual({ code: 4401, reason: "token expired" });
  expect(client.states).toEqual(["connecting", "waiting", "connecting", "open", "closed"]);
  client.session.reconnect();
  await waitFor(() => client.messages.length === 2, "greeting");
  expect(client.messages).toEqual([{ sub: "ada" }, { sub: "ada" }]);
});

test("a token that cannot be got is asked for again, and the session says so", async () => {
  await using server = await serveOddly(accept());
  let asked = 0;
  using client = open(server.url, {
    token: () => {
      asked += 1;
      if (asked === 1) throw new Error("no network");
      return asked === 2 ? new Promise(() => {}) : "abc";
    },
    minDelayMs: 300,
    maxDelayMs: 300,
    connectTimeoutMs: 50,
  });
  await reaches(client.session, "waiting");
  expect(client.session.ending).toEqual({ code: 1006, reason: "Cannot get the address and the token: no network" });
  await reaches(client.session, "open");
  expect(client.session.ending).toEqual({
    code: 1006,
    reason: "Cannot get the address and the token: no answer within 50 ms",
  });
  expect(server.requests.length).toBe(1);
});

test("an address that is a function is asked anew for every try", async () => {
  await using server = await serveOddly(refuse, accept());
  const queries = ["?since=1", "?since=2", "?since=3"];
  let fails = true;
  const client = connect(() => {
    if (queries.length === 2 && fails) {
      fails = false;
      throw new Error("not now");
    }
    return server.url + (queries.shift() ?? "");
  }, quick);
  await reaches(client, "open");
  client.close();
  expect(server.requests.map((request) => request.split(" ")[1])).toEqual(["/chat?since=1", "/chat?since=2"]);
  expect(client.ending).toEqual({ code: 1000, reason: "" });
});

test("options that are undefined are the defaults", async () => {
  await using server = await serveOddly(refuse);
  const options = { minDelayMs: undefined, maxQueuedMessages: undefined } as unknown as ConnectOptions;
  using client = { session: connect(server.url, options), [Symbol.dispose]: () => client.session.close() };
  await reaches(client.session, "waiting");
  expect((client.session.retryAt ?? 0) - Date.now()).toBeGreaterThan(50);
  expect(client.session.send("x")).toBe(true);
});

test("connect() takes addresses of every kind, and throws for none", async () => {
  await using server = await serveOddly(accept());
  for (const url of [server.url, new URL(server.url), server.url.replace("http", "ws"), `${server.url}?a=1#part`]) {
    using client = open(String(url));
    await reaches(client.session, "open");
  }
  expect(server.requests.at(-1)).toStartWith("GET /chat?a=1 HTTP/1.1");
  expect(() => connect("/chat")).toThrow();
});
