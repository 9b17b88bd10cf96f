import { expect, test } from "bun:test";
import { exchange } from "../support/exchange.ts";
import { connectRaw, formatFrame, handshake, parseStatuses } from "../support/raw.ts";
import { waitFor } from "../support/session.ts";
import { expectAlive, startWitness } from "../support/witness.ts";

/** `/post` says what body it got; `/smuggled` must not be reached by what is a body; the others are slow or refuse. */
const controllers = {
  "post.js": `
export const post = async ({ body, raw }) => ({ body: "GOT[" + (body ?? (await raw.text())) + "]" });
export const get = () => ({ body: "PLAIN" });`,
  "smuggled.js": `export const get = () => ({ body: "SMUGGLED" });`,
  "slow.js": `
import { kept } from "hubbub";
const gates = kept("gates", () => []);
export const get = ({ webSocket }) =>
  new Promise((resolve) => gates.push(() => resolve(webSocket ? { webSocket: {} } : { body: "SLOW" })));
export const post = () => {
  const { length } = gates;
  for (const open of gates.splice(0)) open();
  return { body: length };
};`,
  "refuse.js": `export const get = () => ({ status: 403, body: "REFUSED" });`,
};

const inner = "GET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n";
const get = (path: string, headers = "") => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n${headers}\r\n`;
const post = (headers: string, body: string) =>
  `POST /post HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\n${headers}\r\n\r\n${body}`;
const chunked = (body: string) => post("Transfer-Encoding: chunked", body);

const got = (text: string): string[] => text.match(/GOT\[[^\]]*\]|PLAIN|SMUGGLED|SLOW|REFUSED/g) ?? [];

/** Two proxies could disagree where these end: refused with 400, the connection closed, what follows never read. */
const ambiguous: [what: string, request: string][] = [
  ["Content-Length and Transfer-Encoding", post("Content-Length: 4\r\nTransfer-Encoding: chunked", "0\r\n\r\n")],
  ["Transfer-Encoding and Content-Length", post("Transfer-Encoding: chunked\r\nContent-Length: 4", "0\r\n\r\n")],
  ["two Content-Lengths", post("Content-Length: 3\r\nContent-Length: 45", "abc")],
  ["a Content-Length list", post("Content-Length: 3, 3", "abc")],
  ...["+3", "-3", "-0", "0x3", "3.0", "3e0", "3a", "a3", "3;x", "3 3", "", "\u00b3", "9".repeat(20)].map(
    (length): [string, string] => [`the Content-Length "${length}"`, post(`Content-Length: ${length}`, "abc")],
  ),
  ["the Content-Length 2^64", post("Content-Length: 18446744073709551616", "")],
  ["the Content-Length 2^64 + 3", post("Content-Length: 18446744073709551619", "abc")],
  ["a space before the colon of Content-Length", post("Content-Length : 3", "abc")],
  ["a space before the colon of Transfer-Encoding", post("Transfer-Encoding : chunked", "0\r\n\r\n")],
  ...[
    "chunked, chunked",
    "identity, chunked",
    "gzip, chunked",
    "chunked, identity",
    "identity",
    "xchunked",
    "chunkedx",
    "chunked;q=1",
    "chunked\x0b",
    "\x0bchunked",
    '"chunked"',
    "",
  ].map((coding): [string, string] => [
    `the Transfer-Encoding ${JSON.stringify(coding)}`,
    post(`Transfer-Encoding: ${coding}`, "3\r\nabc\r\n0\r\n\r\n"),
  ]),
  ["two Transfer-Encodings", post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", "0\r\n\r\n")],
  ["two different Transfer-Encodings", post("Transfer-Encoding: identity\r\nTransfer-Encoding: chunked", "0\r\n\r\n")],
  ...[
    "-3",
    "+3",
    "0x3",
    "g",
    "",
    " 3",
    "3 ",
    "3\t",
    "f".repeat(17),
    "1" + "0".repeat(15) + "3",
    "7" + "f".repeat(15),
  ].map((size): [string, string] => [`the chunk size "${size}"`, chunked(`${size}\r\nabc\r\n0\r\n\r\n`)]),
  ["a chunk extension with LF", chunked("3;a\nb\r\nabc\r\n0\r\n\r\n")],
  ["chunk lines that end in LF", chunked("3\nabc\n0\n\n")],
  ["a chunk that is longer than its size", chunked("3\r\nabcd\r\n0\r\n\r\n")],
  ["a folded header", get("/post", "X-A: b\r\n c\r\n")],
  ["a header folded with a tab", get("/post", "X-A: b\r\n\tc\r\n")],
  ["a first header that is folded", "GET /post HTTP/1.1\r\n Host: localhost\r\nHost: localhost\r\n\r\n"],
  ["a CR in a header", get("/post", "X-A: b\rX-B: c\r\n")],
  ["an LF in a header", get("/post", "X-A: b\nX-B: c\r\n")],
  ["a NUL in a header", get("/post", "X-A: b\0c\r\n")],
  ["a NUL in a header's name", get("/post", "X\0A: b\r\n")],
  ["a control character in a header", get("/post", "X-A: \x01\x7f\r\n")],
  ["a space before a colon", get("/post", "X-A : b\r\n")],
  ["a tab before a colon", get("/post", "X-A\t: b\r\n")],
  ["a space in a header's name", get("/post", "X A: b\r\n")],
  ["a header's name beyond ASCII", get("/post", "X\xff: b\r\n")],
  ["a header without a colon", get("/post", "XA\r\n")],
  ["a header without a name", get("/post", ": b\r\n")],
  ["two spaces in its first line", get(" /post")],
  ["a target without a slash", get("post")],
  ["an empty line before it", `\r\n${get("/post")}`],
  ["an LF before it", `\n${get("/post")}`],
  ["a space before it", ` ${get("/post")}`],
  ["the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0"],
  ["the greeting of TLS", "\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03"],
  ["the PROXY protocol", `PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n${get("/post")}`],
];

test.each(ambiguous)("a request with %s ends with 400, and nothing after it is read", async (_, bytes) => {
  await using server = await startWitness({}, controllers);
  const answer = await exchange(server.url("/"), bytes + inner);
  expect(answer).toMatchObject({ statuses: [400], isCut: true });
  expect(got(answer.text)).toEqual([]);
  await expectAlive(server);
});

test.each([
  ["a space in its target", get("/po st")],
  ["a tab in its target", get("/po\tst")],
  ["a CR in its target", get("/po\rst")],
  ["a NUL in its target", get("/po\0st")],
  ["tabs in its first line", "GET\t/post\tHTTP/1.1\r\nHost: localhost\r\n\r\n"],
  ["more in its first line", "GET /post HTTP/1.1 x\r\nHost: localhost\r\n\r\n"],
  ["LF at each end of a line", get("/post").replaceAll("\r\n", "\n")],
])("a request with %s ends with 505, and nothing after it is read", async (_, bytes) => {
  await using server = await startWitness({}, controllers);
  const answer = await exchange(server.url("/"), bytes + inner);
  expect(answer).toMatchObject({ statuses: [505], isCut: true });
  expect(got(answer.text)).toEqual([]);
});

test.each<[string, string, string[]]>([
  ["Content-Length", post("Content-Length: 3", "abc"), ["GOT[abc]"]],
  ["the same Content-Length twice", post("Content-Length: 3\r\nContent-Length: 3", "abc"), ["GOT[abc]"]],
  ["zeros before Content-Length", post("Content-Length: 0003", "abc"), ["GOT[abc]"]],
  ["spaces around Content-Length", post("Content-Length: \t3 ", "abc"), ["GOT[abc]"]],
  ["a request as its body", post(`Content-Length: ${inner.length}`, inner), [`GOT[${inner}]`]],
  ["a request as the body of a GET", get("/post", `Content-Length: ${inner.length}\r\n`) + inner, ["PLAIN"]],
  ["a request as its chunk", chunked(`${inner.length.toString(16)}\r\n${inner}\r\n0\r\n\r\n`), [`GOT[${inner}]`]],
  ["two chunks", chunked("1\r\na\r\n2\r\nbc\r\n0\r\n\r\n"), ["GOT[abc]"]],
  ["a chunk extension", chunked("3;a=b\r\nabc\r\n0\r\n\r\n"), ["GOT[abc]"]],
  ["a hundred zeros before a chunk size", chunked(`${"0".repeat(100)}3\r\nabc\r\n0\r\n\r\n`), ["GOT[abc]"]],
  ["Chunked in other letters", post("transfer-encoding:\tCHUNKED", "3\r\nabc\r\n0\r\n\r\n"), ["GOT[abc]"]],
  ["a name with an underscore", get("/post", "Content_Length: 9\r\n"), ["PLAIN"]],
])("a request with %s ends where it says, and the next is its own", async (_, bytes, bodies) => {
  await using server = await startWitness({}, controllers);
  const one = await exchange(server.url("/"), bytes);
  expect(one).toMatchObject({ statuses: [200], isCut: false });
  expect(got(one.text)).toEqual(bodies);
});

test("a request in a body that was cut short is read as a request, as Content-Length says", async () => {
  await using server = await startWitness({}, controllers);
  const answer = await exchange(server.url("/"), post("Content-Length: 3", "abc") + inner, 2);
  expect(answer.statuses).toEqual([200, 200]);
  expect(got(answer.text)).toEqual(["GOT[abc]", "SMUGGLED"]);
});

// The runtime knows no trailers (RFC 9112 section 7.1.2): it answers the request, and refuses what follows.
test.each([
  ["a header", "X-Evil: 1\r\n\r\n"],
  ["a Content-Length", "Content-Length: 9\r\n\r\n"],
  ["a request", inner],
])("a trailer that is %s ends the connection", async (_, trailer) => {
  await using server = await startWitness({}, controllers);
  const answer = await exchange(server.url("/"), chunked(`3\r\nabc\r\n0\r\n${trailer}`) + inner, 2);
  expect(answer).toMatchObject({ statuses: [200, 400], isCut: true });
  expect(got(answer.text)).toEqual(["GOT[abc]"]);
});

test("plain requests may be pipelined before an upgrade", async () => {
  await using server = await startWitness({}, controllers);
  const answer = await exchange(server.url("/"), get("/post") + get("/post") + handshake("/echo"), 3);
  expect(answer.statuses).toEqual([200, 200, 101]);
  expect(await server.settled()).toMatchObject([{ opens: 1, closes: [[1000, ""]] }]);
});

test.each([
  ["a request", get("/smuggled")],
  ["another upgrade request", handshake("/echo?name=second")],
])("%s pipelined behind an upgrade request is no request but a broken frame", async (_, second) => {
  await using server = await startWitness({}, controllers);
  using raw = await connectRaw(server.url("/"), handshake("/echo?name=first") + second);
  await waitFor(() => raw.ended(), "end of the connection");
  expect(parseStatuses(raw.received())).toEqual([101]);
  expect(got(raw.received().toString())).toEqual([]);
  expect(await server.settled()).toMatchObject([
    { name: "first", messages: 0, closes: [[1002, "Received an incorrectly masked frame"]] },
  ]);
});

test.each([
  ["refused by its controller", handshake("/refuse"), 403],
  ["refused for its body", handshake("/echo", { "Content-Length": String(inner.length) }) + inner, 400],
  ["refused for its chunked body", `${handshake("/echo", { "Transfer-Encoding": "chunked" })}0\r\n\r\n`, 400],
  ["refused for its version", handshake("/echo", { "Sec-WebSocket-Version": "8" }), 426],
  ["refused for its origin", handshake("/echo", { Origin: "http://evil.example" }), 403],
])("after an upgrade request %s the next request is answered once", async (_, refused, status) => {
  await using server = await startWitness({}, controllers);
  const answer = await exchange(server.url("/"), refused + get("/post"), 2);
  expect(answer.statuses).toEqual([status, 200]);
  expect(got(answer.text).filter((text) => text !== "REFUSED")).toEqual(["PLAIN"]);
  expect(await server.heard()).toEqual([]);
});

test("frames behind a refused upgrade request are not heard as anything", async () => {
  await using server = await startWitness({}, controllers);
  const answer = await exchange(
    server.url("/"),
    Buffer.concat([Buffer.from(handshake("/refuse")), formatFrame(1, "hello"), Buffer.from(inner)]),
    2,
  );
  expect(answer).toMatchObject({ statuses: [403, 400], isCut: true });
  expect(got(answer.text)).toEqual(["REFUSED"]);
});

// The runtime ends a connection on which more comes while an answer is still awaited: nobody gets the wrong one.
test.each([
  ["a request", get("/slow"), get("/smuggled"), []],
  ["an upgrade request", get("/slow"), handshake("/echo"), []],
  ["a request behind an upgrade", handshake("/slow"), get("/smuggled"), []],
  ["a frame behind an upgrade", handshake("/slow"), formatFrame(1, "early").toString("latin1"), [400]],
])(
  "%s pipelined while an async controller answers ends the connection, and no session opens",
  async (_, first, then, statuses) => {
    await using server = await startWitness({}, controllers);
    const answer = await exchange(server.url("/"), first + then);
    expect(answer).toMatchObject({ statuses, isCut: true });
    expect(await (await server.fetch("/slow", { method: "POST" })).text()).toBe("1");
    expect(await server.heard()).toEqual([]);
    expect(server.app.sessionCount).toBe(0);
    await expectAlive(server);
  },
);
