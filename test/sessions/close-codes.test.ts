import { expect, test } from "bun:test";
import { closeCodes, isSendableCode, MAX_REASON_BYTES, toSentCode } from "../../src/sessions/close-codes.ts";
import { formatFrame, openRaw, parseClose } from "../support/raw.ts";
import { waitFor } from "../support/session.ts";

test.each([1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4008, 4400, 4999])(
  "isSendableCode() takes %d",
  (code) => {
    expect(isSendableCode(code)).toBe(true);
  },
);

test.each([0, -1, 999, 1004, 1005, 1006, 1015, 1016, 2000, 2999, 5000, 65_536, 1000.5, Number.NaN, Infinity])(
  "isSendableCode() refuses %d",
  (code) => {
    expect(isSendableCode(code)).toBe(false);
  },
);

test("isSendableCode() takes no text, not even of digits", () => {
  expect(isSendableCode("1000" as unknown as number)).toBe(false);
});

test("closeCodes says never of a code that is only reported that it is sent", () => {
  for (const [code, { meaning }] of Object.entries(closeCodes)) {
    expect({ code, isNeverSent: meaning.includes("never sent") }).toEqual({
      code,
      isNeverSent: !isSendableCode(Number(code)),
    });
  }
});

test("closeCodes keeps the promise of its ranges", () => {
  for (const [code, { reconnect }] of Object.entries(closeCodes)) {
    if (Number(code) >= 4000)
      expect({ code, reconnect: Boolean(reconnect) }).toEqual({ code, reconnect: Number(code) < 4100 });
  }
});

test("MAX_REASON_BYTES is what a control frame holds beside the code", async () => {
  const reason = "r".repeat(MAX_REASON_BYTES);
  await using server = startBare((socket) => socket.close(4000, reason));
  using raw = await openRaw(server.url.href);
  await waitFor(() => parseClose(raw.received()) !== undefined, "close frame");
  expect(parseClose(raw.received())).toEqual({ code: 4000, reason });
  expect(raw.received()[1]).toBe(125);
});

const faults: [string, Buffer, number][] = [
  ["text that is not UTF-8", formatFrame(1, new Uint8Array([0xff])), 1007],
  ["a truncated character", formatFrame(1, new Uint8Array([0xe2, 0x82])), 1007],
  ["a message over the limit", formatFrame(2, new Uint8Array(1025)), 1009],
  [
    "fragments over the limit",
    Buffer.concat([formatFrame(2, new Uint8Array(1000), { fin: false }), formatFrame(0, new Uint8Array(1000))]),
    1009,
  ],
  ["a reserved bit", formatFrame(1, "x", { rsv: 4 }), 1002],
  ["a frame without a mask", formatFrame(1, "x", { mask: false }), 1002],
  ["an unknown opcode", formatFrame(3, "x"), 1002],
  ["a continuation of nothing", formatFrame(0, "x"), 1002],
  ["a fragmented ping", formatFrame(9, "x", { fin: false }), 1002],
  ["a ping of 126 bytes", formatFrame(9, "x".repeat(126)), 1002],
  ["a close code that may not be sent", formatFrame(8, new Uint8Array([0x03, 0xed])), 1002],
  ["half a close code", formatFrame(8, new Uint8Array([3])), 1002],
  ["a close reason that is not UTF-8", formatFrame(8, new Uint8Array([0x03, 0xe8, 0xff])), 1007],
];

/** A server without Hubbub, whose limit is 1024 bytes. */
function startBare(onOpen?: (socket: Bun.ServerWebSocket<undefined>) => void) {
  const closed: { code: number; reason: string }[] = [];
  const server = Bun.serve<undefined>({
    hostname: "127.0.0.1",
    port: 0,
    fetch: (request, self) => (self.upgrade(request, { data: undefined }) ? undefined : new Response(null)),
    websocket: {
      maxPayloadLength: 1024,
      open: onOpen ?? (() => {}),
      message() {},
      close: (_, code, reason) => void closed.push({ code, reason }),
    },
  });
  return { url: server.url, closed, [Symbol.asyncDispose]: () => server.stop(true) };
}

test.each(faults)("toSentCode() tells what the client of the runtime was sent for %s", async (_, bytes, code) => {
  await using server = startBare();
  using raw = await openRaw(server.url.href);
  raw.socket.write(bytes);
  await waitFor(() => raw.ended() && server.closed.length > 0, "close");
  expect(parseClose(raw.received())?.code).toBe(code);
  expect(server.closed).toMatchObject([{ code: 1006 }]);
  expect(toSentCode(server.closed[0]?.reason ?? "")).toBe(code);
});
