import { beforeAll, expect, test } from "bun:test";
import { hasBrowser, openWindow, waitForPage } from "../support/browser.ts";
import { buildOnce, startBinary, type TestProcess } from "../support/binary.ts";
import { listExamples } from "../support/examples.ts";
import { createFolder } from "../support/folder.ts";
import { connectRaw, handshake } from "../support/raw.ts";
import { waitFor } from "../support/session.ts";
import { authorize, createSigner, inSeconds, startKeyServer, toProtocol } from "../support/tokens.ts";

beforeAll(buildOnce, 60_000);

const { sign, options } = await createSigner("HS256");

const guarded = (given: object, accept = "{}") => `
import { log, send } from "hubbub";
import { jwt, refresh } from "hubbub/auth";
const auth = jwt(${JSON.stringify({ clockTolerance: 0, ...given })});
export const get = auth(({ webSocket, user }) => (webSocket ? { webSocket: ${accept} } : { body: user }));
export const webSocketEvent = async ({ type, session, message }) => {
  if (type === "open") send(session.id, session.user);
  if (type === "message") send(session.id, { isTaken: await refresh(session.id, message), user: session.user });
};
`;

test("the executable verifies tokens of every kind of key, in an empty environment", async () => {
  const signers = {
    secret: await createSigner("HS512"),
    rsa: await createSigner("PS256"),
    ec: await createSigner("ES384"),
  };
  const edwards = await createSigner("EdDSA", "one");
  using keys = startKeyServer([edwards.jwk]);
  using folder = createFolder({
    "secret.ts": guarded(signers.secret.options),
    "rsa.ts": guarded(signers.rsa.options),
    "ec.ts": guarded(signers.ec.options),
    "set.ts": guarded({ jwks: keys.url }),
  });
  await using server = await startBinary(["."], { cwd: folder.path });
  for (const [name, signer] of Object.entries({ ...signers, set: edwards })) {
    const headers = authorize(await signer.sign({ name }));
    expect(await (await server.fetch(`/${name}`, { headers })).json()).toMatchObject({ sub: "ada", name });
    const forged = authorize(await (name === "rsa" ? signers.ec : signers.rsa).sign());
    expect((await server.fetch(`/${name}`, { headers: forged })).status).toBe(401);
  }
});

test("the executable closes a session with 4401 when its token expires, and not one that was refreshed", async () => {
  using folder = createFolder({ "chat.ts": guarded(options) });
  await using server = await startBinary(["."], { cwd: folder.path });
  const headers = authorize(await sign({ exp: inSeconds(2) }));
  using session = await server.open("/chat", { headers });
  using refreshed = await server.open("/chat", { headers });
  await refreshed.next();
  refreshed.send(await sign({ name: "newer" }));
  expect(await refreshed.nextJson()).toMatchObject({ isTaken: true, user: { name: "newer" } });
  expect(await session.closed).toEqual({ code: 4401, reason: "token expired" });
  refreshed.send("x");
  expect(await refreshed.nextJson()).toMatchObject({ isTaken: false, user: { name: "newer" } });
});

/** What a careless controller does with a request. */
const careless = `
import { log } from "hubbub";
export const get = (request) => {
  console.log(request);
  console.error([request], { request });
  log.info("%j %o %s", request, request, request);
  log.info(request);
  if (request.params.fail) throw new Error(\`\${JSON.stringify(request.headers)} \${Bun.inspect(request)}\`);
  return request.webSocket ? { webSocket: { subProtocols: String(request.headers["Sec-WebSocket-Protocol"]).split(", ") } } : { status: 403 };
};
export const webSocketEvent = (event) => { log.info("%j", event); console.log(event); };
`;

test("a token in a sub-protocol comes back in no answer, and is in nothing that the executable writes", async () => {
  const down = startKeyServer();
  down[Symbol.dispose]();
  using folder = createFolder({
    "careless.ts": careless,
    "chat.ts": guarded(options),
    "down.ts": guarded({ jwks: down.url }),
  });
  await using server = await startBinary([".", "--log-level", "debug"], { cwd: folder.path });
  const elsewhere = await createSigner("ES256");
  const tokens = [await sign({ name: "Ada" }), await sign({ exp: 1 }), await elsewhere.sign(), "no-token-at-all"];
  let answers = "";
  for (const token of tokens) {
    const protocol = toProtocol(token);
    for (const path of ["/chat", "/careless", "/careless?fail=1", "/down", "/nowhere"]) {
      for (const offered of [protocol, `chat, ${protocol}`, `${protocol},bearer`]) {
        for (const more of [
          {},
          { Accept: "text/html" },
          { Origin: "http://evil.example" },
          { "Sec-WebSocket-Version": "8" },
        ]) {
          const request = handshake(path, { "Sec-WebSocket-Protocol": offered, ...more });
          using raw = await connectRaw(server.origin, request);
          await waitFor(() => raw.received().includes("\r\n\r\n"), "answer");
          answers += raw.received().toString("latin1");
        }
      }
    }
    const plain = await server.fetch("/chat", { headers: authorize(token) });
    if (plain.status !== 200) answers += await plain.text();
  }
  server.signal("SIGTERM");
  expect(await server.exited).toBe(0);
  const printed = server.printed();
  const statuses = [...answers.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status));
  expect(new Set(statuses)).toEqual(new Set([101, 401, 403, 404, 426, 500, 503]));
  for (const text of ["Refused a request for /chat: The token has expired", "Cannot fetch the keys at", "rawPath"]) {
    expect({ text, isPrinted: printed.includes(text) }).toEqual({ text, isPrinted: true });
  }
  for (const token of tokens) {
    for (const part of [token, toProtocol(token), toProtocol(token).slice("bearer.".length), ...token.split(".")]) {
      // A JWT's header is the same for all, and no secret.
      if (part.length < 40 && part !== token) continue;
      expect({ part, isPrinted: printed.includes(part) }).toEqual({ part, isPrinted: false });
      expect({ part, isAnswered: answers.includes(part) }).toEqual({ part, isAnswered: false });
    }
  }
});

test.skipIf(!hasBrowser)(
  "a browser opens a session with a token as sub-protocol if one more that it offers is answered",
  async () => {
    using folder = createFolder({
      "plain.ts": guarded(options),
      "listed.ts": guarded(options, `{ subProtocols: ["chat"] }`),
      "public/page.html": "<!doctype html><title>Sessions</title>",
    });
    await using server = await startBinary(["."], { cwd: folder.path });
    await using window = openWindow(`${server.origin}/page.html`);
    await waitForPage(window, `document.title === "Sessions"`);
    const token = toProtocol(await sign());
    const tryOpening = (path: string, protocols: string[]) =>
      window.evaluate(`new Promise((resolve) => {
        const socket = new WebSocket(location.origin.replace("http", "ws") + "${path}", ${JSON.stringify(protocols)});
        socket.onmessage = ({ data }) => resolve([socket.protocol, JSON.parse(data).sub]);
        socket.onclose = ({ code }) => resolve(code);
      })`);
    expect(await tryOpening("/plain", ["bearer", token])).toEqual(["bearer", "ada"]);
    expect(await tryOpening("/plain", [token, "bearer"])).toEqual(["bearer", "ada"]);
    expect(await tryOpening("/listed", ["chat", token])).toEqual(["chat", "ada"]);
    expect(await tryOpening("/listed", ["bearer", "chat", token])).toEqual(["chat", "ada"]);
    expect(await tryOpening("/plain", [token])).toBe(1006);
    expect(await tryOpening("/plain", ["chat", token])).toBe(1006);
    expect(await tryOpening("/plain", ["bearer"])).toBe(1006);
  },
  30_000,
);

const signIn = async (server: TestProcess, id: string, password: string) => {
  const window = openWindow(`${server.origin}/chat.html`);
  await waitForPage(window, `document.querySelector("#status")?.textContent === "Signed out"`);
  await window.click("[name=id]");
  await window.type(id);
  await window.click("[name=password]");
  await window.type(password);
  await window.click("#sign-in button");
  return window;
};

const says = (text: string) => `document.body.innerText.includes(${JSON.stringify(text)})`;

test.skipIf(!hasBrowser)(
  "the page of the documentation signs in, chats, renews its token, and is told when that has failed",
  async () => {
    const examples = listExamples("docs/authentication.md");
    const shared = (examples["lib/auth.ts"] ?? "")
      .replace("LIFETIME_SECONDS = 300", "LIFETIME_SECONDS = 4")
      .replace("jwt({", "jwt({ clockTolerance: 0,");
    expect(shared).toContain("clockTolerance: 0");
    expect(shared).toContain("LIFETIME_SECONDS = 4;");
    using folder = createFolder({ ...examples, "lib/auth.ts": shared });
    await using server = await startBinary(["."], { cwd: folder.path });

    await using wrong = await signIn(server, "ada", "wrong");
    await waitForPage(wrong, says("The name or the password is wrong"));

    await using ada = await signIn(server, "ada", "lovelace");
    await waitForPage(ada, says("Signed in as Ada"));
    await using bob = await signIn(server, "bob", "builder");
    await waitForPage(bob, says("Signed in as Bob"));
    await bob.click("[name=text]");
    await bob.type("hello");
    await bob.press("Enter");
    await waitForPage(ada, says("Bob: hello"));

    // Bob, who signed in after Ada, gets no more tokens: when his has expired, hers would have.
    await bob.evaluate(`globalThis.fetch = () => Promise.resolve(new Response("", { status: 500 }))`);
    await waitForPage(bob, says("Your sign-in has expired"));
    expect(await ada.evaluate(says("Signed in as Ada"))).toBe(true);
    await ada.click("[name=text]");
    await ada.type("still here");
    await ada.press("Enter");
    await waitForPage(ada, says("Ada: still here"));
  },
  30_000,
);
