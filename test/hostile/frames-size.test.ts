import { expect, test } from "bun:test";
import { formatClose, formatFrame as frame } from "../support/raw.ts";
import { attack, expectAlive, startWitness } from "../support/witness.ts";

const LIMIT = 1024;
const flags = { "max-message": String(LIMIT) };
const tooBig = "Received too big message";

test.each<[string, Buffer | Buffer[]]>([
  ["a text one byte over --max-message", frame(1, "x".repeat(LIMIT + 1))],
  ["bytes one byte over --max-message", frame(2, Buffer.alloc(LIMIT + 1))],
  ["a text one byte over in UTF-8 though not in characters", frame(1, "ü".repeat(LIMIT / 2) + "x")],
  [
    "fragments that come to one byte over",
    [frame(1, "x".repeat(LIMIT - 24), { fin: false }), frame(0, "x".repeat(24), { fin: false }), frame(0, "y")],
  ],
  [
    "fragments that come to one byte over and do not end",
    [frame(1, "x".repeat(LIMIT), { fin: false }), frame(0, "y", { fin: false })],
  ],
  ["a thousand fragments of two bytes", Array.from({ length: 1000 }, (_, n) => frame(n ? 0 : 2, "xy", { fin: false }))],
  ...[31n, 32n, 53n, 62n, 63n].map((power): [string, Buffer] => [
    `a claimed length of 2^${power}, of which nothing comes`,
    frame(2, "", { length: 2n ** power }),
  ]),
  ["a claimed length of 2^64 - 1", frame(2, "x", { length: 2n ** 64n - 1n })],
  ["a continuation with a claimed length of 2^62", [frame(2, "", { fin: false }), frame(0, "", { length: 2n ** 62n })]],
  [
    "a continuation of 2^64 - 1024",
    [frame(2, "x".repeat(LIMIT), { fin: false }), frame(0, "", { length: 2n ** 64n - 1024n })],
  ],
])("a session ends with 1009 for %s", async (_, bytes) => {
  await using server = await startWitness(flags);
  expect(await attack(server, bytes)).toEqual({ echoes: [], pongs: 0, close: { code: 1009, reason: tooBig } });
  expect(await server.settled()).toMatchObject([{ messages: 0, errors: [tooBig], closes: [[1009, tooBig]] }]);
  await expectAlive(server);
});

const whole = "x".repeat(LIMIT);

test.each<[string, Buffer[], (string | Buffer)[]]>([
  ["of exactly --max-message", [frame(1, whole)], [whole]],
  ["of exactly --max-message in fragments", [frame(1, whole.slice(1), { fin: false }), frame(0, "x")], [whole]],
  ["that is empty", [frame(1, ""), frame(2, "")], ["", Buffer.alloc(0)]],
  ["of empty fragments", [frame(1, "", { fin: false }), frame(0, "", { fin: false }), frame(0, "")], [""]],
  // RFC 6455 section 5.2 wants the shortest form; the runtime takes the others too, and they mean the same.
  ["whose length takes 16 bits where 7 would do", [frame(1, "hi", { lengthBits: 16 })], ["hi"]],
  ["whose length takes 64 bits where 7 would do", [frame(1, "hi", { lengthBits: 64 })], ["hi"]],
  ["whose length takes 64 bits where 16 would do", [frame(1, whole, { lengthBits: 64 })], [whole]],
])("a session may send a message %s", async (_, frames, echoes) => {
  await using server = await startWitness(flags);
  const outcome = await attack(server, [...frames, formatClose(1000)]);
  expect(outcome).toEqual({ echoes, pongs: 0, close: { code: 1000, reason: "" } });
  expect(await server.settled()).toMatchObject([{ messages: echoes.length, errors: [], closes: [[1000, ""]] }]);
});

test("a message of 100,000 empty fragments is one message", async () => {
  await using server = await startWitness(flags);
  const nothing = Buffer.alloc(600_000, frame(0, "", { fin: false }));
  const outcome = await attack(server, [frame(1, "a", { fin: false }), nothing, frame(0, "b"), formatClose(1000)]);
  expect(outcome).toEqual({ echoes: ["ab"], pongs: 0, close: { code: 1000, reason: "" } });
  expect(await server.settled()).toMatchObject([{ messages: 1, bytes: 2 }]);
});

test("a compressed message is a protocol error: compression is not agreed, so nothing is inflated", async () => {
  await using server = await startWitness(flags);
  const bomb = Bun.deflateSync(Buffer.alloc(16 * 1024 ** 2));
  using session = await server.open("/echo", { headers: { "Sec-WebSocket-Extensions": "permessage-deflate" } });
  expect(session.socket.extensions).toBe("");
  const outcome = await attack(server, frame(2, bomb.subarray(0, LIMIT), { rsv: 4 }));
  expect(outcome).toEqual({ echoes: [], pongs: 0, close: { code: 1002, reason: "Received unexpected RSV1 bit" } });
});
