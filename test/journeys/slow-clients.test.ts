import { join } from "node:path";
import { expect, test } from "bun:test";
import { startBinary } from "../support/binary.ts";
import { createCertificate } from "../support/certificates.ts";
import { createFolder } from "../support/folder.ts";
import { connectRaw, formatFrame, openRaw, type RawConnection } from "../support/raw.ts";
import { startServer } from "../support/server.ts";
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

/** Ended connections, by what was sent on them: how many seconds that took, and what was answered. */
type Ends = Record<string, { ended: boolean; answer: string }>;

/** Sends each of `starts` and then drips, until the server ends the connection, `patience` seconds at most. */
async function dripUntilEnd(url: string, starts: Record<string, string | Buffer>, patience: number): Promise<Ends> {
  const startedAt = performance.now();
  const ends = Object.entries(starts).map(async ([what, start]) => {
    using raw = await connectRaw(url, start);
    using _dripping = drip(raw, Buffer.alloc(start.length === 0 ? 0 : 5000, "a"), 100);
    while (!raw.ended() && performance.now() - startedAt < patience * 1000) await Bun.sleep(50);
    return [what, { ended: raw.ended(), answer: raw.received().toString() }] as const;
  });
  return Object.fromEntries(await Promise.all(ends));
}

const cut = { ended: true, answer: "" };

/** What is counted here is how often a controller was called. */
const calls = `import { kept } from "hubbub";
const calls = kept("calls", () => ({ count: 0 }));
export const all = () => ({ body: String(++calls.count) });`;

/** Headers have ten seconds, whatever --http-timeout says: the runtime's clock for them ticks every four seconds. */
test.concurrent(
  "a connection that drips its headers is ended by the runtime within 14 seconds, and calls no controller",
  async () => {
    await using server = await startWitness({ "http-timeout": "1" }, { "calls.js": calls });
    const starts = {
      nothing: "",
      "half a request line": "GET /ca",
      "a header": "GET /calls HTTP/1.1\r\nHost: x\r\nX-A: ",
    };
    expect(await dripUntilEnd(server.url("/"), starts, 18)).toEqual({
      nothing: cut,
      "half a request line": cut,
      "a header": cut,
    });
    expect(await (await server.fetch("/calls")).text()).toBe("1");
  },
  30_000,
);

test.concurrent(
  "a connection that drips its TLS handshake is ended by the runtime within 14 seconds",
  async () => {
    const { certificate, key } = createCertificate("own");
    using files = createFolder({ "cert.pem": certificate, "key.pem": key });
    const flags = { "tls-cert": join(files.path, "cert.pem"), "tls-key": join(files.path, "key.pem") };
    await using server = await startServer({ "a.js": "export const get = () => ({});" }, flags);
    // A record that says it has a ClientHello of 508 bytes.
    const hello = "\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\u00fc\u0003\u0003";
    const starts = { nothing: "", "half a hello": Buffer.from(hello, "latin1") };
    expect(await dripUntilEnd(server.url("/").replace("https", "http"), starts, 18)).toEqual({
      nothing: cut,
      "half a hello": cut,
    });
    expect((await server.fetch("/a", { tls: { ca: certificate } })).status).toBe(200);
  },
  30_000,
);

/** The runtime's clock ticks every four seconds, and gives a body another tick for 16 KiB a second. */
test.concurrent(
  "a request whose body its controller reads, or whose answer does not come, is ended after --http-timeout",
  async () => {
    using folder = createFolder({
      "slow.js": `export const post = async ({ raw }) => ({ body: await raw.text() });
export const get = () => new Promise((resolve) => setTimeout(resolve, 60_000));`,
    });
    await using server = await startBinary([folder.path, "--no-watch", "--http-timeout", "1"], { cwd: folder.path });
    const head = "POST /slow HTTP/1.1\r\nHost: x\r\nContent-Type: application/octet-stream\r\n";
    const starts = {
      "a body": `${head}Content-Length: 10000\r\n\r\n`,
      "a chunked body": `${head}Transfer-Encoding: chunked\r\n\r\n2710\r\n`,
      "no answer": "GET /slow HTTP/1.1\r\nHost: x\r\n\r\n",
    };
    expect(await dripUntilEnd(server.origin, starts, 12)).toEqual({
      "a body": cut,
      "a chunked body": cut,
      "no answer": cut,
    });
    expect(server.log().filter(({ level }) => level !== "INFO")).toEqual([]);
  },
  30_000,
);
