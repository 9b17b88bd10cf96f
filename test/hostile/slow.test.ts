import { expect, test } from "bun:test";
import { connectRaw, formatFrame, openRaw, type RawConnection } from "../support/raw.ts";
import { waitFor } from "../support/session.ts";
import { expectAlive, readOutcome, startWitness } from "../support/witness.ts";

/** Writes one byte of `bytes` after another, a few milliseconds apart, until the connection has ended. */
function drip(raw: RawConnection, bytes: Uint8Array, everyMs: number): Disposable & { dripped: () => number } {
  let dripped = 0;
  const timer = setInterval(() => {
    if (raw.ended() || dripped === bytes.length) clearInterval(timer);
    else raw.socket.write(bytes.subarray(dripped, (dripped += 1)));
  }, everyMs);
  return { dripped: () => dripped, [Symbol.dispose]: () => clearInterval(timer) };
}

const PING_AND_TIMEOUT = { timeout: "1", ping: "0" };

test.concurrent.each([
  ["a message", formatFrame(1, "x".repeat(60_000))],
  ["a fragmented message", Buffer.concat([formatFrame(1, "x", { fin: false }), formatFrame(0, "x".repeat(60_000))])],
  ["a ping", formatFrame(9, "x".repeat(125)).subarray(0, 100)],
])(
  "a session that drips %s byte by byte ends with 1001 at its timeout: a part of a frame is no sign of life",
  async (_, bytes) => {
    await using server = await startWitness(PING_AND_TIMEOUT);
    using raw = await openRaw(server.url("/echo"));
    using dripping = drip(raw, bytes, 20);
    await waitFor(() => raw.ended(), "end of the connection");
    expect(dripping.dripped()).toBeGreaterThan(10);
    expect(readOutcome(raw.received())).toEqual({
      echoes: [],
      pongs: 0,
      close: { code: 1001, reason: "idle timeout" },
    });
    expect(await server.settled()).toMatchObject([{ messages: 0, errors: [], closes: [[1001, "idle timeout"]] }]);
    await expectAlive(server);
  },
);

test.concurrent("a session that drips a frame cannot answer pings, and ends at its timeout", async () => {
  await using server = await startWitness({ timeout: "2", ping: "1" });
  using raw = await openRaw(server.url("/echo"));
  using _dripping = drip(raw, formatFrame(1, "x".repeat(60_000)), 20);
  await waitFor(() => raw.ended(), "end of the connection");
  expect(readOutcome(raw.received()).close).toEqual({ code: 1001, reason: "idle timeout" });
});

test.concurrent("a session that sends whole frames slowly stays", async () => {
  await using server = await startWitness(PING_AND_TIMEOUT);
  using slow = await openRaw(server.url("/echo?name=slow"));
  using silent = await openRaw(server.url("/echo?name=silent"));
  using _dripping = drip(slow, Buffer.alloc(7 * 100, formatFrame(1, "x")), 50);
  await waitFor(() => silent.ended(), "end of the silent session");
  expect(slow.ended()).toBe(false);
  expect(readOutcome(slow.received()).echoes.length).toBeGreaterThan(1);
});

/**
 * What the runtime does by itself with a connection that is slow in HTTP: it ends it without an answer, and no
 * controller is called. The headers have ten seconds in all, and so has a body that comes with less than 16 KiB a
 * second; its clock ticks every four seconds, so ten are ten to fourteen.
 */
test.concurrent(
  "a connection that drips its request is ended by the runtime within 14 seconds, and calls no controller",
  async () => {
    const calls = `import { kept } from "hubbub";
const calls = kept("calls", () => ({ count: 0 }));
export const all = () => ({ body: String(++calls.count) });`;
    await using server = await startWitness({}, { "calls.js": calls });
    const head = "POST /calls HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\n";
    const starts = {
      nothing: "",
      "half a request line": "GET /ca",
      "a header": `${head}X-A: `,
      "a body": `${head}Content-Length: 10000\r\n\r\n`,
      "a chunked body": `${head}Transfer-Encoding: chunked\r\n\r\n2710\r\n`,
    };
    const startedAt = performance.now();
    const seen = await Promise.all(
      Object.entries(starts).map(async ([what, start]) => {
        using raw = await connectRaw(server.url("/"), start);
        using dripping = drip(raw, Buffer.alloc(what === "nothing" ? 0 : 5000, "a"), 100);
        while (!raw.ended() && performance.now() - startedAt < 18_000) await Bun.sleep(50);
        return { what, ended: raw.ended(), answer: raw.received().toString(), dripped: dripping.dripped() > 50 };
      }),
    );
    expect(seen).toEqual(
      Object.keys(starts).map((what) => ({ what, ended: true, answer: "", dripped: what !== "nothing" })),
    );
    expect(await (await server.fetch("/calls")).text()).toBe("1");
  },
  30_000,
);
