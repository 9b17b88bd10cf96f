import { expect, test } from "bun:test";
import { serveFiles } from "../support/binary.ts";
import { exchange } from "../support/exchange.ts";
import { connectRaw } from "../support/raw.ts";
import { waitFor } from "../support/session.ts";
import { startWitness } from "../support/witness.ts";

test.each([
  ["8,000 bytes in one header", `X-A: ${"a".repeat(8000)}\r\n`, 200],
  ["15,000 bytes in two headers", `X-A: ${"a".repeat(7500)}\r\nX-B: ${"b".repeat(7500)}\r\n`, 200],
  ["17,000 bytes in one header", `X-A: ${"a".repeat(17_000)}\r\n`, 431],
  [
    "17,000 bytes in many headers",
    Array.from({ length: 170 }, (_, n) => `X-${n}: ${"a".repeat(95)}\r\n`).join(""),
    431,
  ],
  ["a megabyte in one header", `X-A: ${"a".repeat(1024 ** 2)}\r\n`, 431],
  ["a megabyte in a header's name", `${"a".repeat(1024 ** 2)}: 1\r\n`, 431],
  ["300 headers", Array.from({ length: 300 }, (_, n) => `X-${n}: a\r\n`).join(""), 431],
  ["a megabyte of cookies", `Cookie: ${"a=b; ".repeat(200_000)}\r\n`, 431],
])("a request with %s is answered with its limit in mind", async (_, headers, status) => {
  await using own = await startWitness();
  const answer = await exchange(own.url("/"), `GET /heard HTTP/1.1\r\nHost: localhost\r\n${headers}\r\n`);
  expect(answer.statuses).toEqual([status]);
  expect((await own.fetch("/heard")).status).toBe(200);
});

test("a target of 20,000 bytes is refused", async () => {
  await using own = await startWitness();
  const answer = await exchange(own.url("/"), `GET /${"a".repeat(20_000)} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
  expect(answer.statuses).toEqual([431]);
});

const reader = `
export const post = async ({ body, raw, params }) => {
  if (params.as === "stream") {
    let length = 0;
    for await (const part of raw.body) length += part.length;
    return { body: "GOT " + length };
  }
  return { body: "GOT " + (body ?? (await raw.text())).length };
};`;

/** How a controller may read a body: its own text, the raw text, a stream. */
const ways = [
  ["text", "/reader", "text/plain"],
  ["raw text", "/reader", "application/octet-stream"],
  ["a stream", "/reader?as=stream", "application/octet-stream"],
] as const;

const toPost = (target: string, type: string, rest: string) =>
  `POST ${target} HTTP/1.1\r\nHost: localhost\r\nContent-Type: ${type}\r\n${rest}`;

test.each(ways)(
  "a body of --max-message that is read as %s is taken, one byte more is a 413",
  async (_, target, type) => {
    await using server = await startWitness({ "max-message": "1KiB" }, { "reader.js": reader });
    const send = (length: number) =>
      exchange(server.url("/"), toPost(target, type, `Content-Length: ${length}\r\n\r\n${"x".repeat(length)}`));
    const taken = await send(1024);
    expect(taken.statuses).toEqual([200]);
    expect(taken.text).toContain("\r\n\r\nGOT 1024");
    expect(await send(1025)).toMatchObject({ statuses: [413], isCut: true });
  },
);

test.each(ways)(
  "a chunked body that is read as %s is a 413 once it is larger than --max-message",
  async (_, target, type) => {
    await using server = await startWitness({ "max-message": "1KiB" }, { "reader.js": reader });
    const chunk = `200\r\n${"x".repeat(512)}\r\n`;
    const send = (chunks: string) =>
      exchange(server.url("/"), toPost(target, type, `Transfer-Encoding: chunked\r\n\r\n${chunks}`));
    expect((await send(`${chunk}${chunk}0\r\n\r\n`)).text).toContain("\r\n\r\nGOT 1024");
    expect(await send(`${chunk}${chunk}1\r\nx\r\n0\r\n\r\n`)).toMatchObject({ statuses: [413], isCut: true });
    // A size that is only claimed: nothing is kept for what does not come.
    expect(await send(`${chunk}7fffffff\r\n${"x".repeat(600)}`)).toMatchObject({ statuses: [413], isCut: true });
  },
);

test.each(ways)(
  "a body that ends too early while it is read as %s is no fault of its controller",
  async (_, target, type) => {
    const flags = ["--no-watch", "--max-message", "1KiB", "--log-level", "debug"];
    await using server = await serveFiles({ "reader.js": reader }, flags);
    const chunked = "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n";
    for (const end of ["reset", "destroy"] as const) {
      using raw = await connectRaw(server.origin, toPost(target, type, chunked));
      await waitFor(() => raw.socket.writableLength === 0, "bytes to leave");
      if (end === "reset") raw.reset();
      else raw.socket.destroy();
    }
    for (const rest of ["zz\r\n", `800\r\n${"x".repeat(2048)}\r\n`]) {
      const answer = await exchange(server.origin, toPost(target, type, chunked + rest));
      expect(answer).toMatchObject({ statuses: [rest === "zz\r\n" ? 400 : 413], isCut: true });
    }
    const whole = await exchange(server.origin, toPost(target, type, `${chunked}0\r\n\r\n`));
    expect(whole.text).toContain("\r\n\r\nGOT 3");
    const logged = server.log().filter(({ level }) => level === "ERROR" || level === "WARNING");
    expect(logged.map(({ message }) => message)).toEqual(["Refused a request: its body is larger than --max-message"]);
  },
);
