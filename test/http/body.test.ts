import { expect, test } from "bun:test";
import { readBody } from "../../src/http/body.ts";
import { connectRaw, parseStatuses } from "../support/raw.ts";
import { startServer } from "../support/server.ts";
import { waitFor } from "../support/session.ts";

const options = { timeoutSeconds: 5 };

const post = (body: Bun.BodyInit, type?: string) =>
  new Request("http://inner/", { method: "POST", body, headers: type === undefined ? {} : { "content-type": type } });

test("readBody() reads nothing without a body or a type", async () => {
  expect(await readBody(new Request("http://inner/", { headers: { "content-type": "text/plain" } }), options)).toEqual(
    {},
  );
  expect(await readBody(post(new Uint8Array([1])), options)).toEqual({});
});

test.each([
  ["text/plain", "grüße", { type: "text/plain", text: "grüße" }],
  ["text/plain; charset=utf-8", "\ufeffwith a mark", { type: "text/plain; charset=utf-8", text: "with a mark" }],
  ["application/json", '{"a":1}', { type: "application/json", text: '{"a":1}' }],
  ["application/problem+json", "{}", { type: "application/problem+json", text: "{}" }],
  ["text/plain", "", { type: "text/plain", text: "" }],
  ["application/octet-stream", "bytes", {}],
  ["application/jsonx", "bytes", {}],
])("readBody() reads a body of the type %s", async (type, body, read) => {
  const raw = post(body, type);
  expect(await readBody(raw, options)).toEqual(read);
  expect(await raw.text()).toBe(body.replace("\ufeff", ""));
});

test("readBody() puts the parts of a text together, also within a character", async () => {
  const bytes = Buffer.from("€".repeat(1000));
  const parts = Array.from({ length: 100 }, (_, index) => bytes.subarray(index * 30, index * 30 + 30));
  const stream = new ReadableStream({
    async pull(controller) {
      await Bun.sleep(0);
      const part = parts.shift();
      if (part === undefined) controller.close();
      else controller.enqueue(part);
    },
  });
  expect(await readBody(post(stream, "text/plain"), options)).toEqual({ type: "text/plain", text: "€".repeat(1000) });
});

test("readBody() reads the fields of a form in their order", async () => {
  const form = new FormData();
  form.append("a", "1");
  form.append("b", "2");
  form.append("a", "3");
  const read = await readBody(new Request("http://inner/", { method: "POST", body: form }), options);
  expect("fields" in read && [...(read.fields ?? [])]).toEqual([
    ["a", "1"],
    ["b", "2"],
    ["a", "3"],
  ]);
});

test("readBody() refuses a form that is none with 400", async () => {
  await using server = await startServer({ "index.js": "export const post = () => ({ body: 'reached' });" });
  const answer = await server.fetch("/", {
    method: "POST",
    body: "no parts",
    headers: { "Content-Type": "multipart/form-data" },
  });
  expect(answer.status).toBe(400);
  expect(await answer.json()).toEqual({ status: 400, message: "The body is not what its Content-Type says" });
});

/** Its GET tells how often another method was called. */
const calls = `import { kept } from "hubbub";
const calls = kept("calls", () => ({ count: 0 }));
export const get = () => ({ body: calls.count });
export const post = ({ body, params }) => { calls.count += 1; return { body: "GOT " + (body ?? params.a ?? "").length }; };`;

const head = (type: string, framing: string) =>
  `POST /calls HTTP/1.1\r\nHost: x\r\nContent-Type: ${type}\r\n${framing}\r\n\r\n`;

test.concurrent.each([
  ["a text", head("text/plain", "Content-Length: 10000")],
  ["JSON in chunks", `${head("application/json", "Transfer-Encoding: chunked")}2710\r\n`],
  ["a form", `${head("application/x-www-form-urlencoded", "Content-Length: 10000")}a=`],
  ["parts", `${head("multipart/form-data; boundary=b", "Content-Length: 10000")}--b\r\n`],
])(
  "readBody() answers 408 when %s has not come within --http-timeout, and no controller is called",
  async (_, start) => {
    await using server = await startServer({ "calls.js": calls }, { "http-timeout": "1" });
    const startedAt = performance.now();
    using raw = await connectRaw(server.url("/"), start);
    const dripping = setInterval(() => raw.socket.write("a"), 50);
    await waitFor(() => raw.ended(), "end of the connection");
    clearInterval(dripping);
    const seconds = (performance.now() - startedAt) / 1000;
    expect(seconds).toBeGreaterThanOrEqual(0.99);
    expect(seconds).toBeLessThan(2);
    const answer = raw.received().toString();
    expect(parseStatuses(raw.received())).toEqual([408]);
    expect(answer).toContain('{"status":408,"message":"The body did not come in time"}');
    expect(answer).toContain("\r\nConnection: close\r\n");
    expect(server.app.metrics.requestsRefused).toMatchObject({
      "headers-too-large": 0,
      "body-too-large": 0,
      "body-too-slow": 1,
    });
    expect(await (await server.fetch("/calls")).text()).toBe("0");
  },
);

test.concurrent(
  "readBody() takes a body for longer than --http-timeout as long as it comes with 16 KiB a second",
  async () => {
    await using server = await startServer({ "calls.js": calls }, { "http-timeout": "1" });
    const size = 64 * 1024;
    using raw = await connectRaw(server.url("/"), head("text/plain", `Content-Length: ${size}`));
    const startedAt = performance.now();
    for (let sent = 0; sent < size; sent += 4096) {
      raw.socket.write("a".repeat(4096));
      await Bun.sleep(120);
    }
    expect(performance.now() - startedAt).toBeGreaterThan(1500);
    await waitFor(() => raw.received().length > 0, "answer");
    expect(raw.received().toString()).toEndWith("\r\n\r\nGOT 65536");
  },
);

test.concurrent(
  "a connection whose body was read is ended by --http-timeout when it is not used again",
  async () => {
    await using server = await startServer({ "calls.js": calls }, { "http-timeout": "1" });
    using raw = await connectRaw(server.url("/"), `${head("text/plain", "Content-Length: 3")}abc`);
    await waitFor(() => raw.received().toString().endsWith("GOT 3"), "answer");
    const deadline = performance.now() + 9000;
    while (!raw.ended() && performance.now() < deadline) await Bun.sleep(20);
    expect(raw.ended()).toBe(true);
    expect(parseStatuses(raw.received())).toEqual([200]);
  },
  15_000,
);

test("a chunked body that is too large is counted, whoever reads it", async () => {
  const files = { "calls.js": calls, "raw.js": "export const post = async ({ raw }) => ({ body: await raw.text() });" };
  await using server = await startServer(files, { "max-message": "1KiB" });
  for (const [path, type] of [
    ["calls", "text/plain"],
    ["raw", "application/octet-stream"],
  ]) {
    const start = `POST /${path} HTTP/1.1\r\nHost: x\r\nContent-Type: ${type}\r\nTransfer-Encoding: chunked\r\n\r\n`;
    using raw = await connectRaw(server.url("/"), `${start}3\r\nabc\r\n`);
    await waitFor(() => server.app.pendingRequests === 1, "request");
    raw.socket.write(`800\r\n${"x".repeat(2048)}\r\n0\r\n\r\n`);
    await waitFor(() => raw.ended(), "end of the connection");
    expect(parseStatuses(raw.received())).toEqual([413]);
  }
  expect(server.app.metrics.requestsRefused["body-too-large"]).toBe(2);
  expect(await (await server.fetch("/calls")).text()).toBe("0");
});
