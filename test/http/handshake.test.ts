import { expect, test } from "bun:test";
import { asksForWebSocket, checkHandshake, chooseSubProtocol, isValidHost } from "../../src/http/handshake.ts";
import { connectRaw, handshake } from "../support/raw.ts";
import { startServer } from "../support/server.ts";
import { waitFor } from "../support/session.ts";

const valid = {
  upgrade: "websocket",
  connection: "Upgrade",
  "sec-websocket-version": "13",
  "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
};

const request = (headers: Record<string, string | undefined> = {}, method = "GET") => {
  const given = Object.entries({ ...valid, ...headers }).filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  );
  return new Request("http://localhost/chat", { method, headers: given });
};

test("asksForWebSocket() looks at the method and the Upgrade header", () => {
  expect(asksForWebSocket(request())).toBe(true);
  expect(asksForWebSocket(request({ upgrade: "WebSocket" }))).toBe(true);
  expect(asksForWebSocket(request({ upgrade: "h2c" }))).toBe(false);
  expect(asksForWebSocket(request({ upgrade: undefined }))).toBe(false);
  expect(asksForWebSocket(request({}, "POST"))).toBe(false);
});

test.each(["Upgrade", "upgrade", "keep-alive, Upgrade", "Upgrade,keep-alive"])(
  "checkHandshake() accepts Connection: %s",
  (connection) => {
    expect(checkHandshake(request({ connection }))).toBeUndefined();
  },
);

test("checkHandshake() accepts a Content-Length of 0", () => {
  expect(checkHandshake(request({ "content-length": "0" }))).toBeUndefined();
});

const upgrade = { Upgrade: "websocket", Connection: "Upgrade" };

test.each([undefined, "keep-alive", "upgraded", ""])(
  "checkHandshake() refuses Connection: %p with 426",
  (connection) => {
    expect(checkHandshake(request({ connection }))).toEqual({
      status: 426,
      message: 'The header "Connection: Upgrade" is missing; a proxy in front of the server may have removed it',
      headers: upgrade,
    });
  },
);

test.each([undefined, "8", "12", "14", "13, 8", ""])(
  "checkHandshake() refuses Sec-WebSocket-Version %p with 426 and says which",
  (version) => {
    expect(checkHandshake(request({ "sec-websocket-version": version }))).toEqual({
      status: 426,
      message: 'The header "Sec-WebSocket-Version" must be 13',
      headers: { ...upgrade, "Sec-WebSocket-Version": "13" },
    });
  },
);

test.each([
  undefined,
  "",
  "short",
  "dGhlIHNhbXBsZSBub25jZQ",
  "dGhlIHNhbXBsZSBub25jZQ=x",
  `${valid["sec-websocket-key"]}=`,
])("checkHandshake() refuses Sec-WebSocket-Key %p with 400", (key) => {
  expect(checkHandshake(request({ "sec-websocket-key": key }))).toEqual({
    status: 400,
    message: 'The header "Sec-WebSocket-Key" must be 16 bytes in base64',
  });
});

test.each([{ "content-length": "3" }, { "transfer-encoding": "chunked" }])(
  "checkHandshake() refuses a body with 400: %p",
  (headers) => {
    expect(checkHandshake(request(headers))).toEqual({
      status: 400,
      message: "An upgrade request must have no body",
    });
  },
);

test.each(["localhost", "localhost:3000", "EXAMPLE.com", "127.0.0.1:80", "[::1]", "[::1]:65535", "a_b.local", "x:0"])(
  "isValidHost() takes %p",
  (host) => {
    expect(isValidHost(host)).toBe(true);
  },
);

test.each([
  null,
  "",
  " ",
  "a b",
  "a, b",
  "a,b",
  "[",
  "[::1",
  "::1",
  "x:99999",
  "x:65536",
  "x:123456",
  "x:-1",
  "x:y",
  "a/b",
  "a@b",
  "a?b",
  "a#b",
  "a\\b",
  '"',
])("isValidHost() refuses %p", (host) => {
  expect(isValidHost(host)).toBe(false);
});

test.each([
  ["a, b", ["b", "a"], "a"],
  ["a,b", ["b"], "b"],
  ["a", "a", "a"],
  ["A", "a", undefined],
  ["ab", "a", undefined],
  ["a", [], undefined],
  ["a", undefined, undefined],
  [null, ["a"], undefined],
  ["bearer.YWJj", ["bearer.YWJj"], undefined],
  ["bearer.YWJj, a", ["bearer.YWJj", "a"], "a"],
  ["bearer.YWJj, bearer", undefined, "bearer"],
  ["bearer, bearer.YWJj, a", ["a"], "a"],
  ["bearer, bearer.YWJj, b", ["a"], "bearer"],
  ["bearer", undefined, undefined],
  ["bearer", ["bearer"], "bearer"],
  ["Bearer, bearer.YWJj", undefined, undefined],
])("chooseSubProtocol() of %p offered and %p accepted is %p", (offered, accepted, chosen) => {
  expect(chooseSubProtocol(offered, accepted)).toBe(chosen);
});

test.each([
  ["a Host that is none", handshake("/chat", { Host: "[" }), 400],
  ["a Host with a space", handshake("/chat", { Host: "a b" }), 400],
  ["a port that is none", handshake("/chat", { Host: "x:99999" }), 400],
  ["two Host headers", handshake("/chat", { Host: "a\r\nHost: b" }), 400],
  ["no Connection", handshake("/chat", { Connection: "" }), 426],
  ["another version", handshake("/chat", { "Sec-WebSocket-Version": "8" }), 426],
  ["a short key", handshake("/chat", { "Sec-WebSocket-Key": "short" }), 400],
  ["a body", `${handshake("/chat", { "Content-Length": "3" })}abc`, 400],
])("checkHandshake() guards a real server: %s is %3$d, and the server goes on", async (_, text, status) => {
  await using server = await startServer({ "chat.ts": "export const get = () => ({ webSocket: {} });" });
  using raw = await connectRaw(server.url("/"), text);
  await waitFor(() => raw.received().includes("\r\n"), "answer");
  expect(raw.received().toString()).toStartWith(`HTTP/1.1 ${status} `);
  using session = await server.open("/chat");
  expect(session.socket.readyState).toBe(WebSocket.OPEN);
});
