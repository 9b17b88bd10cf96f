import { expect, test } from "bun:test";
import { formatClose, formatFrame, openRaw } from "../support/raw.ts";
import { waitFor } from "../support/session.ts";
import { attack, expectAlive, startWitness } from "../support/witness.ts";

test.each([1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999])(
  "a close frame with %d is answered with the same, and its controller is told",
  async (code) => {
    await using server = await startWitness();
    expect((await attack(server, formatClose(code, "my reason"))).close).toEqual({ code, reason: "my reason" });
    expect(await server.settled()).toMatchObject([{ errors: [], closes: [[code, "my reason"]] }]);
  },
);

test("a close frame without a code is answered without one, and its controller is told 1005", async () => {
  await using server = await startWitness();
  expect((await attack(server, formatClose())).close).toEqual({ code: 1005, reason: "" });
  expect(await server.settled()).toMatchObject([{ errors: [], closes: [[1005, ""]] }]);
});

test("a close frame may have a reason of 123 bytes", async () => {
  await using server = await startWitness();
  const reason = "€".repeat(41);
  expect((await attack(server, formatClose(1000, reason))).close).toEqual({ code: 1000, reason });
  expect(await server.settled()).toMatchObject([{ errors: [], closes: [[1000, reason]] }]);
});

const reserved = [0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 1999, 2000, 2999, 5000, 32_768, 65_535];

test.each([
  ...reserved.map((code): [string, Buffer, number, string] => [
    `with the code ${code}`,
    formatClose(code, "r"),
    1002,
    "Received invalid close code",
  ]),
  ["of one byte", formatFrame(8, Buffer.of(3)), 1002, "Received invalid close payload"],
  ["with a reason of 124 bytes", formatClose(1000, "x".repeat(124)), 1002, "Received too big control frame"],
  ["whose reason is not UTF-8", formatClose(1000, Buffer.of(0xff, 0xfe)), 1007, "Received invalid UTF-8"],
  ["whose reason ends in half a character", formatClose(1000, Buffer.of(0xe2, 0x82)), 1007, "Received invalid UTF-8"],
  ["whose reason has a surrogate", formatClose(4000, Buffer.of(0xed, 0xa0, 0x80)), 1007, "Received invalid UTF-8"],
])("a close frame %s ends the session with its fault", async (_, bytes, code, reason) => {
  await using server = await startWitness();
  expect(await attack(server, bytes)).toEqual({ echoes: [], pongs: 0, close: { code, reason } });
  expect(await server.settled()).toMatchObject([{ errors: [reason], closes: [[code, reason]] }]);
  await expectAlive(server);
});

test.each([
  ["a message", formatFrame(1, "after")],
  ["another close frame", formatClose(4001, "second")],
  ["a ping", formatFrame(9, "")],
  ["what breaks the protocol", formatFrame(3, "x", { mask: false, rsv: 7 })],
  ["a megabyte of pings", Buffer.alloc(1024 ** 2, formatFrame(9, "12"))],
])("a close frame is the last that is heard: %s after it is not", async (_, after) => {
  await using server = await startWitness();
  const bytes = [formatFrame(1, "before"), formatClose(1000, "first"), after];
  using raw = await openRaw(server.url("/echo"));
  raw.socket.write(Buffer.concat(bytes));
  await waitFor(() => raw.ended(), "end of the connection");
  expect(await server.settled()).toMatchObject([{ messages: 1, errors: [], closes: [[1000, "first"]] }]);
  await expectAlive(server);
});
