import { afterAll, beforeAll, expect, test } from "bun:test";
import { serveFiles, type TestProcess } from "../support/binary.ts";
import { exchange } from "../support/exchange.ts";
import { handshake } from "../support/raw.ts";

/** A careless controller: it puts what the client says into every place of an answer. */
const reflect = `
const places = {
  redirect: (v) => ({ redirect: v }),
  header: (v) => ({ headers: { "X-A": v } }),
  "header of an error": (v) => ({ status: 404, headers: { "X-A": v } }),
  "list of a header": (v) => ({ headers: { "X-A": [v, "b"] } }),
  "name of a header": (v) => ({ headers: { [v]: "x" } }),
  contentType: (v) => ({ contentType: v, body: "x" }),
  status: (v) => ({ status: v }),
  "name of a cookie": (v) => ({ cookies: { [v]: "x" } }),
  "value of a cookie": (v) => ({ cookies: { a: v } }),
  "path of a cookie": (v) => ({ cookies: { a: { value: "1", path: v } } }),
  "domain of a cookie": (v) => ({ cookies: { a: { value: "1", domain: v } } }),
  "sameSite of a cookie": (v) => ({ cookies: { a: { value: "1", sameSite: v } } }),
  "maxAge of a cookie": (v) => ({ cookies: { a: { value: "1", maxAge: v } } }),
  "expires of a cookie": (v) => ({ cookies: { a: { value: "1", expires: v } } }),
  "header of a Response": (v) => new Response("x", { headers: { "X-A": v } }),
  "statusText of a Response": (v) => new Response("x", { statusText: v }),
  "webSocket.headers": (v) => ({ webSocket: { headers: { "X-A": v } } }),
  "name in webSocket.headers": (v) => ({ webSocket: { headers: { [v]: "x" } } }),
  "webSocket.subProtocols": (v) => ({ webSocket: { subProtocols: [v] } }),
};
export const get = ({ params }) => places[params.place](params.value);
`;

let server: TestProcess;

beforeAll(async () => {
  server = await serveFiles({
    "reflect.js": reflect,
    "echo.js": `import { send } from "hubbub";
export const get = () => ({ webSocket: {} });
export const webSocketEvent = ({ type, session, message }) => type === "message" && send(session.id, message);`,
    "framing.js": `export const get = ({ params: { name, value, kind }, webSocket }) => {
  const headers = { [name]: value };
  if (webSocket) return { webSocket: { headers } };
  return kind === "Response" ? new Response("BODY", { headers }) : { body: "BODY", headers };
};`,
  });
}, 60_000);

afterAll(() => server[Symbol.asyncDispose]());

const payloads: [what: string, value: string][] = [
  ["CR LF and a header", "a\r\nX-Evil: 1"],
  ["LF and a header", "a\nX-Evil: 1"],
  ["CR and a header", "a\rX-Evil: 1"],
  ["CR LF and an answer", "a\r\n\r\nHTTP/1.1 200 OK\r\nX-Evil: 1\r\n\r\n"],
  ["a header in front", "\r\nX-Evil: 1"],
  ["a fold", "a\r\n X-Evil: 1"],
  ["a NUL", "a\0X-Evil: 1"],
  ["characters whose low bytes are CR and LF", "a\u010d\u010aX-Evil: 1"],
  ["fullwidth and line separators", "a\u2028\u2029\u0085\uff0dX-Evil: 1"],
];

/** Spaces and line ends around a header's value are no part of it (the Fetch standard, "normalize"). */
const isFaultInside = (value: string) => /[\r\n\0\u0100-\uffff]/.test(value.trim());

/** What happens in a place: a fault, or the value in a form in which it is harmless. */
const places: [place: string, isFault: (value: string) => boolean][] = [
  // What is no ASCII is escaped; CR and LF are refused.
  ["redirect", (value) => /[\r\n]/.test(value.trim())],
  ["header", isFaultInside],
  ["header of an error", isFaultInside],
  ["list of a header", isFaultInside],
  ["name of a header", () => true],
  ["contentType", isFaultInside],
  ["status", () => true],
  ["name of a cookie", () => true],
  ["value of a cookie", () => false],
  ["path of a cookie", () => true],
  ["domain of a cookie", () => true],
  ["sameSite of a cookie", () => true],
  ["maxAge of a cookie", () => false],
  ["expires of a cookie", () => true],
  ["header of a Response", isFaultInside],
  // The runtime sends the status's own text whatever is said.
  ["statusText of a Response", () => false],
];

const toTarget = (place: string, value: string) => `/reflect?${new URLSearchParams({ place, value }).toString()}`;
const faults = () => server.log().filter(({ level, message }) => level === "ERROR" && message.includes("reflect.js"));

for (const [place, isFault] of places) {
  test.each(payloads)(`${place}: %s never splits the answer`, async (_, value) => {
    const before = faults().length;
    const answer = await exchange(server.origin, `GET ${toTarget(place, value)} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
    expect(answer.text).not.toMatch(/^X-Evil/im);
    if (isFault(value)) {
      expect(answer.statuses).toEqual([500]);
      expect(answer.text).toContain('{"status":500,"message":"Something went wrong"}');
      await server.logged("failed to answer GET /reflect");
      expect(faults().length).toBe(before + 1);
      expect(faults().at(-1)?.message).toStartWith('Controller "reflect.js" failed to answer GET /reflect');
    } else {
      expect(answer.statuses).toEqual([{ redirect: 303, "header of an error": 404 }[place] ?? 200]);
      expect(faults().length).toBe(before);
    }
  });
}

const upgradePlaces: typeof places = [
  ["webSocket.headers", isFaultInside],
  ["name in webSocket.headers", () => true],
];

for (const [place, isFault] of upgradePlaces) {
  test.each(payloads)(`${place}: %s never splits the answer, and a fault opens no session`, async (_, value) => {
    const before = faults().length;
    const answer = await exchange(server.origin, handshake(toTarget(place, value)));
    expect(answer.statuses).toEqual([isFault(value) ? 500 : 101]);
    expect(answer.text).not.toMatch(/^X-Evil/im);
    expect(faults().length).toBe(before + (isFault(value) ? 1 : 0));
  });
}

test.each(payloads)("webSocket.subProtocols: %s is never agreed, because no client can offer it", async (_, value) => {
  const offer = Buffer.from(value.replaceAll(/[\r\n\0]+ ?/g, ", ")).toString("latin1");
  const answer = await exchange(
    server.origin,
    handshake(toTarget("webSocket.subProtocols", value), { "Sec-WebSocket-Protocol": offer }),
  );
  expect(answer.statuses).toEqual([101]);
  expect(answer.text).not.toMatch(/^(?:X-Evil|Sec-WebSocket-Protocol)/im);
});

test.each([
  ["Content-Length", "1"],
  ["Content-Length", "999"],
  ["Content-Length", "-1"],
  ["Transfer-Encoding", "chunked"],
  ["Transfer-Encoding", "identity"],
])("a controller's own %s: %s does not change where its answer ends", async (name, value) => {
  for (const kind of ["object", "Response"]) {
    const target = `/framing?name=${name}&value=${value}&kind=${kind}`;
    const answer = await exchange(server.origin, `GET ${target} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
    expect(answer.statuses).toEqual([200]);
    expect(answer.text).toContain("\r\nContent-Length: 4\r\n");
    expect(answer.text).not.toContain("Transfer-Encoding");
    expect(answer.text).toContain("\r\n\r\nBODYHTTP/1.1 404 ");
  }
});

test.each([
  ["Sec-WebSocket-Accept", "evil"],
  ["Sec-WebSocket-Extensions", "permessage-deflate"],
  ["Sec-WebSocket-Protocol", "evil"],
  ["Connection", "close"],
  ["Upgrade", "evil"],
  ["Content-Length", "9"],
  ["Transfer-Encoding", "chunked"],
])("webSocket.headers cannot set the handshake's own %s: %s", async (name, value) => {
  const answer = await exchange(server.origin, handshake(`/framing?name=${name}&value=${value}`));
  expect(answer.statuses).toEqual([101]);
  const lines = answer.text.split("\r\n\r\n")[0]?.toLowerCase().split("\r\n") ?? [];
  expect(lines.filter((line) => line.startsWith(`${name.toLowerCase()}:`))).not.toContain(
    `${name}: ${value}`.toLowerCase(),
  );
  expect(lines).toContain("sec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo=");
});

test("a hostile path stays one line of the log, whatever it decodes to", async () => {
  const path = "/reflect%0d%0a%7B%22level%22:%22ERROR%22%7D%1b%5b2J";
  const target = `${path}?place=header&value=x`;
  expect((await exchange(server.origin, `GET ${target} HTTP/1.1\r\nHost: x\r\n\r\n`)).statuses).toEqual([404]);
  const refused = handshake("/echo?x=%0d%0aevil%1b", { Origin: "http://evil.example/\x1b[2J" });
  expect((await exchange(server.origin, refused)).statuses).toEqual([400]);
  // Each line of the log is JSON: `log()` would have thrown in parsing otherwise.
  expect(server.log().every(({ level }) => ["INFO", "WARNING", "ERROR", "DEBUG"].includes(level))).toBe(true);
  using session = await server.open("/echo");
  session.send("still here");
  expect(await session.next()).toBe("still here");
});
