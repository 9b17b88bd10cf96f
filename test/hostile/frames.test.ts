import { expect, test } from "bun:test";
import { formatClose, formatFrame as frame, openRaw } from "../support/raw.ts";
import { attack, expectAlive, readOutcome, startWitness } from "../support/witness.ts";
import { waitFor } from "../support/session.ts";

const DATA_OPCODES = [0, 1, 2] as const;
const CONTROL_OPCODES = [8, 9, 10] as const;
const RESERVED_OPCODES = [3, 4, 5, 6, 7, 11, 12, 13, 14, 15] as const;

/** What breaks RFC 6455 section 5 from its first frame on: nothing of it may reach the controller. */
const violations: [what: string, bytes: Buffer, reason: string][] = [
  ["a frame without a mask", frame(1, "hi", { mask: false }), "Received an incorrectly masked frame"],
  ["a ping without a mask", frame(9, "", { mask: false }), "Received an incorrectly masked frame"],
  ["a close frame without a mask", frame(8, "", { mask: false }), "Received an incorrectly masked frame"],
  ...[1, 2, 3].flatMap((rsv) =>
    [1, 2, 9].map((opcode): [string, Buffer, string] => [
      `RSV bits ${rsv.toString(2).padStart(3, "0")} on opcode ${opcode}`,
      frame(opcode, "hi", { rsv }),
      "Received unexpected RSV2 or RSV3 bit",
    ]),
  ),
  ...[4, 5, 6, 7].flatMap((rsv) =>
    [1, 2, 9].map((opcode): [string, Buffer, string] => [
      `RSV bits ${rsv.toString(2)} on opcode ${opcode}`,
      frame(opcode, "hi", { rsv }),
      "Received unexpected RSV1 bit",
    ]),
  ),
  [
    "RSV1 on a continuation",
    Buffer.concat([frame(1, "a", { fin: false }), frame(0, "b", { rsv: 4 })]),
    "Received unexpected RSV1 bit",
  ],
  ...RESERVED_OPCODES.map((opcode): [string, Buffer, string] => [
    `the reserved opcode ${opcode}`,
    frame(opcode, "hi"),
    "Received invalid opcode",
  ]),
  ...CONTROL_OPCODES.map((opcode): [string, Buffer, string] => [
    `a fragmented control frame ${opcode}`,
    frame(opcode, "", { fin: false }),
    "Received fragmented control frame",
  ]),
  ...CONTROL_OPCODES.map((opcode): [string, Buffer, string] => [
    `a control frame ${opcode} of 126 bytes`,
    frame(opcode, Buffer.alloc(126, 0x61)),
    "Received too big control frame",
  ]),
  ...CONTROL_OPCODES.map((opcode): [string, Buffer, string] => [
    `a control frame ${opcode} whose length takes 16 bits`,
    frame(opcode, "abcd", { lengthBits: 16 }),
    "Received too big control frame",
  ]),
  ...[true, false].map((fin): [string, Buffer, string] => [
    `a continuation of nothing, fin ${fin}`,
    frame(0, "x", { fin }),
    "Received continuation frame outside a fragmented message",
  ]),
  ...([1, 2] as const).map((opcode): [string, Buffer, string] => [
    `a new message ${opcode} inside a fragmented one`,
    Buffer.concat([frame(1, "a", { fin: false }), frame(opcode, "b")]),
    "Received new message inside a fragmented message",
  ]),
  ["HTTP after the upgrade", Buffer.from("GET / HTTP/1.1\r\n\r\n"), "Received an incorrectly masked frame"],
  ["random bytes", Buffer.alloc(10, 0xff), "Received unexpected RSV1 bit"],
];

test.each(violations)("a session ends with 1002 for %s", async (_, bytes, reason) => {
  await using server = await startWitness();
  const outcome = await attack(server, bytes);
  expect(outcome).toEqual({ echoes: [], pongs: 0, close: { code: 1002, reason } });
  expect(await server.settled()).toEqual([
    { name: "", opens: 1, messages: 0, bytes: 0, errors: [reason], closes: [[1002, reason]], misplaced: [] },
  ]);
  await expectAlive(server);
});

test("a session that breaks the protocol after messages has them echoed first", async () => {
  await using server = await startWitness();
  const bytes = [frame(1, "one"), frame(1, "tw", { fin: false }), frame(0, "o"), frame(0, "three"), frame(1, "four")];
  const reason = "Received continuation frame outside a fragmented message";
  expect(await attack(server, bytes)).toEqual({ echoes: ["one", "two"], pongs: 0, close: { code: 1002, reason } });
  expect(await server.settled()).toMatchObject([{ messages: 2, errors: [reason], closes: [[1002, reason]] }]);
});

test("a session may have control frames between fragments", async () => {
  await using server = await startWitness();
  const bytes = [frame(1, "a", { fin: false }), frame(9, "ping"), frame(10, "pong"), frame(0, "b"), formatClose(1000)];
  expect(await attack(server, bytes)).toEqual({ echoes: ["ab"], pongs: 1, close: { code: 1000, reason: "" } });
});

test.each(DATA_OPCODES)("a session that ends inside a fragmented message %d has no message", async (opcode) => {
  await using server = await startWitness();
  const start = opcode === 0 ? [frame(1, "a", { fin: false }), frame(0, "b", { fin: false })] : [];
  const bytes = [...start, ...(opcode === 0 ? [] : [frame(opcode, "a", { fin: false })]), formatClose(1000, "enough")];
  expect(await attack(server, bytes)).toEqual({ echoes: [], pongs: 0, close: { code: 1000, reason: "enough" } });
  expect(await server.settled()).toMatchObject([{ messages: 0, errors: [], closes: [[1000, "enough"]] }]);
});

test("a session's frames may come one byte at a time, with a mask", async () => {
  await using server = await startWitness();
  const maskKey = Buffer.from([0xde, 0xad, 0xbe, 0xef]);
  const frames = [
    frame(1, "hello ", { fin: false, maskKey }),
    frame(9, "?", { maskKey }),
    frame(0, "wörld", { maskKey }),
  ];
  using raw = await openRaw(server.url("/echo"));
  for (const byte of Buffer.concat([...frames, formatClose(1000)])) {
    await new Promise((resolve) => raw.socket.write(Buffer.of(byte), resolve));
  }
  await waitFor(() => raw.ended(), "end of the connection");
  expect(readOutcome(raw.received())).toEqual({
    echoes: ["hello wörld"],
    pongs: 1,
    close: { code: 1000, reason: "" },
  });
});
