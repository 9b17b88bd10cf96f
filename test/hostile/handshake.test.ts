import { expect, test } from "bun:test";
import { exchange } from "../support/exchange.ts";
import { connectRaw, formatClose, formatFrame, handshake, openRaw } from "../support/raw.ts";
import { waitFor } from "../support/session.ts";
import { expectAlive, readOutcome, startWitness } from "../support/witness.ts";

const request = handshake("/echo");
const change = (headers: Record<string, string>) => handshake("/echo", headers);
const twice = (name: string, first: string, second = first) => change({ [name]: `${first}\r\n${name}: ${second}` });
const KEY = "dGhlIHNhbXBsZSBub25jZQ==";

/** Refused before any controller is asked; where no status stands, the runtime ends the connection without one. */
const refused: [what: string, request: string, statuses: number[]][] = [
  ["no Host", change({ Host: "" }), [400]],
  ["an empty Host", request.replace("Host: localhost", "Host:"), [400]],
  ["the same Host twice", twice("Host", "localhost"), [400]],
  ["two Hosts", twice("Host", "localhost", "evil.example"), [400]],
  ["a Host with a user", change({ Host: "evil@localhost" }), [400]],
  ["a Host with a path", change({ Host: "localhost/evil" }), [400]],
  ["a Host that is a list", change({ Host: "localhost, evil.example" }), [400]],
  ["a Host with a space", change({ Host: "local host" }), [400]],
  ["a Host with a NUL", change({ Host: "local\0host" }), [400]],
  ["half an IPv6 Host", change({ Host: "[::1" }), [400]],
  ["a Host with a port that is none", change({ Host: "localhost:99999" }), [400]],
  ["no Upgrade", change({ Upgrade: "" }), [426]],
  ["an Upgrade to something else", change({ Upgrade: "h2c" }), [426]],
  ["Upgrade twice", twice("Upgrade", "websocket"), [426]],
  ["two different Upgrades", twice("Upgrade", "h2c", "websocket"), [426]],
  ["an Upgrade list with WebSocket first", change({ Upgrade: "websocket, h2c" }), [426]],
  ["an Upgrade list with WebSocket last", change({ Upgrade: "h2c, websocket" }), [426]],
  ["an Upgrade with a version", change({ Upgrade: "websocket/13" }), [426]],
  ["an Upgrade in quotes", change({ Upgrade: '"websocket"' }), [426]],
  ["an Upgrade list of 2,000 names", change({ Upgrade: `websocket${",h2c".repeat(2000)}` }), [426]],
  ["an Upgrade of 20,000 bytes", change({ Upgrade: "websocket".repeat(2222) }), [431]],
  ["no Connection", change({ Connection: "" }), [426]],
  ["a Connection without Upgrade", change({ Connection: "keep-alive" }), [426]],
  ["a Connection whose list only resembles", change({ Connection: "xUpgrade, Upgradex" }), [426]],
  ["no version", change({ "Sec-WebSocket-Version": "" }), [426]],
  ...["0", "7", "8", "12", "14", "130", "013", "+13", "13.0", "0xd", "13, 8", "8, 13", "thirteen"].map(
    (version): [string, string, number[]] => [
      `the version ${version}`,
      change({ "Sec-WebSocket-Version": version }),
      [426],
    ],
  ),
  ["the version twice", twice("Sec-WebSocket-Version", "13"), [426]],
  ["two versions", twice("Sec-WebSocket-Version", "8", "13"), [426]],
  ["no key", change({ "Sec-WebSocket-Key": "" }), [400]],
  ["a key of 15 bytes", change({ "Sec-WebSocket-Key": Buffer.alloc(15, 7).toString("base64") }), [400]],
  ["a key of 17 bytes", change({ "Sec-WebSocket-Key": Buffer.alloc(17, 7).toString("base64") }), [400]],
  ["a key that is not base64", change({ "Sec-WebSocket-Key": "!".repeat(22) + "==" }), [400]],
  ["a key in URL base64", change({ "Sec-WebSocket-Key": "_-".repeat(11) + "==" }), [400]],
  ["a key of 8,000 bytes", change({ "Sec-WebSocket-Key": "A".repeat(8000) }), [400]],
  ["the key twice", twice("Sec-WebSocket-Key", KEY), [400]],
  ["a body", `${change({ "Content-Length": "3" })}abc`, [400]],
  ["a chunked body", `${change({ "Transfer-Encoding": "chunked" })}3\r\nabc\r\n0\r\n\r\n`, [400]],
  ["an empty chunked body", `${change({ "Transfer-Encoding": "chunked" })}0\r\n\r\n`, [400]],
  ...["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"].map((method): [string, string, number[]] => [
    `the method ${method}`,
    request.replace("GET", method),
    [405],
  ]),
  ["the method HEAD", request.replace("GET", "HEAD"), [426]],
  ...["get", "Get", "GETS", "WEBSOCKET"].map((method): [string, string, number[]] => [
    `the method ${method}`,
    request.replace("GET", method),
    [],
  ]),
  ...["HTTP/2.0", "HTTP/1.2", "HTTP/0.9", "HTTP/11", "HTTP/1.1.1", "http/1.1", "HTTPS/1.1", ""].map(
    (version): [string, string, number[]] => [
      `the protocol ${version === "" ? "of no name" : version}`,
      request.replace("HTTP/1.1", version),
      [505],
    ],
  ),
  ["the method *", request.replace("GET", "*"), [400]],
  ["the target *", request.replace("/echo", "*"), [400]],
  ["a target that is a host", request.replace("/echo", "localhost:80"), [400]],
  ["a target with a fragment", request.replace("/echo", "/echo#x"), [404]],
  ["lines that end in LF", request.replaceAll("\r\n", "\n"), [505]],
  ["an Origin of another site", change({ Origin: "http://evil.example" }), [403]],
  ["an Origin of another port", change({ Origin: "http://localhost:1" }), [403]],
  ["an Origin of another scheme", change({ Origin: "https://localhost" }), [403]],
  ["an Origin that only begins alike", change({ Origin: "http://localhost.evil.example" }), [403]],
  ["an Origin with a user", change({ Origin: "http://localhost@evil.example" }), [403]],
  ["the Origin null", change({ Origin: "null" }), [403]],
  ["an empty Origin", request.replace("Host", "Origin:\r\nHost"), [403]],
  ["two Origins", twice("Origin", "http://localhost", "http://evil.example"), [403]],
  [
    "a target that names the other Origin",
    request.replace("/echo", "http://evil.example/echo").replace("Host", "Origin: http://evil.example\r\nHost"),
    [403],
  ],
  [
    "a forwarded host that nobody trusts",
    change({ Origin: "http://evil.example", "X-Forwarded-Host": "evil.example" }),
    [403],
  ],
];

test.each(refused)("an upgrade request with %s is refused, and no session opens", async (_, text, statuses) => {
  await using server = await startWitness();
  expect((await exchange(server.url("/"), text)).statuses).toEqual(statuses);
  expect(await server.heard()).toEqual([]);
  await expectAlive(server);
});

const accepted: [what: string, request: string, statuses?: number[]][] = [
  ["names in other letters", request.replaceAll(/^[\w-]+:/gm, (name) => name.toUpperCase())],
  ["values in other letters", change({ Upgrade: "WebSocket", Connection: "uPGRADE" })],
  ["spaces and tabs around its values", request.replaceAll(": ", ":\t  ").replaceAll("\r\nUp", " \t\r\nUp")],
  ["a Connection list", change({ Connection: "keep-alive, Upgrade" })],
  ["a Connection list with close", change({ Connection: "close, Upgrade" })],
  ["two Connection headers", twice("Connection", "keep-alive", "Upgrade")],
  ["a Connection list of 3,000 names", change({ Connection: `${"a,".repeat(3000)}Upgrade` })],
  ["a Content-Length of 0", change({ "Content-Length": "0" })],
  ["Expect: 100-continue", change({ Expect: "100-continue" }), [100, 101]],
  ["a whole address as its target", request.replace("/echo", "http://localhost/echo")],
  // RFC 6455 wants HTTP/1.1 at least; the runtime does not tell the version, and answers with 1.1.
  ["HTTP/1.0", request.replace("HTTP/1.1", "HTTP/1.0")],
  ["extensions that it cannot have", change({ "Sec-WebSocket-Extensions": "permessage-deflate, x-evil; a=1" })],
];

test.each(accepted)("an upgrade request with %s opens one session", async (_, text, statuses = [101]) => {
  await using server = await startWitness();
  const answer = await exchange(server.url("/"), text, statuses.length);
  expect(answer.statuses).toEqual(statuses);
  expect(answer.text).toContain("\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n");
  expect(answer.text).not.toContain("Sec-WebSocket-Extensions");
  expect(await server.settled()).toMatchObject([{ opens: 1, errors: [], closes: [[1000, ""]] }]);
});

test("frames sent together with the upgrade request are the session's first messages", async () => {
  await using server = await startWitness();
  const early = Buffer.concat([formatFrame(1, "one"), formatFrame(1, "two"), formatClose(1000)]);
  using raw = await openRaw(server.url("/echo"), {}, early);
  await waitFor(() => raw.ended(), "end of the connection");
  expect(readOutcome(raw.received())).toEqual({ echoes: ["one", "two"], pongs: 0, close: { code: 1000, reason: "" } });
  expect(await server.settled()).toMatchObject([{ messages: 2 }]);
});

test("an upgrade request may come one byte at a time", async () => {
  await using server = await startWitness();
  const bytes = Buffer.from(request);
  using raw = await connectRaw(server.url("/"), bytes.subarray(0, 1));
  for (const byte of bytes.subarray(1)) await new Promise((resolve) => raw.socket.write(Buffer.of(byte), resolve));
  await waitFor(() => raw.received().includes("\r\n\r\n"), "answer");
  expect(raw.received().toString()).toStartWith("HTTP/1.1 101 ");
  raw.socket.write(formatClose(1000));
  expect(await server.settled()).toMatchObject([{ opens: 1, closes: [[1000, ""]] }]);
});
