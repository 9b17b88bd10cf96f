import { expect, test } from "bun:test";
import { formatClose, formatFrame as frame } from "../support/raw.ts";
import { attack, expectAlive, startWitness, type Witness } from "../support/witness.ts";

const invalidText = "Received invalid UTF-8";

/** Texts that are not UTF-8 (the Unicode Standard, table 3-7). */
const invalid: [what: string, bytes: number[]][] = [
  ["a lone continuation byte", [0x80]],
  ["a lone continuation byte after a text", [0x61, 0xbf]],
  ["the byte FE", [0xfe]],
  ["the byte FF", [0xff]],
  ["an overlong slash of two bytes", [0xc0, 0xaf]],
  ["an overlong slash of three bytes", [0xe0, 0x80, 0xaf]],
  ["an overlong slash of four bytes", [0xf0, 0x80, 0x80, 0xaf]],
  ["an overlong NUL", [0xc0, 0x80]],
  ["the largest overlong of two bytes", [0xc1, 0xbf]],
  ["the largest overlong of three bytes", [0xe0, 0x9f, 0xbf]],
  ["the largest overlong of four bytes", [0xf0, 0x8f, 0xbf, 0xbf]],
  ["the first surrogate", [0xed, 0xa0, 0x80]],
  ["the last surrogate", [0xed, 0xbf, 0xbf]],
  ["a pair of surrogates", [0xed, 0xa0, 0xbd, 0xed, 0xb8, 0x80]],
  ["a character beyond U+10FFFF", [0xf4, 0x90, 0x80, 0x80]],
  ["a sequence of five bytes", [0xf8, 0x88, 0x80, 0x80, 0x80]],
  ["a sequence of six bytes", [0xfc, 0x84, 0x80, 0x80, 0x80, 0x80]],
  ["half a character of two bytes", [0xc3]],
  ["a third of a character", [0xe2]],
  ["two thirds of a character", [0xe2, 0x82]],
  ["three quarters of a character", [0xf0, 0x9f, 0x98]],
  ["half a character, then a letter", [0xc3, 0x41]],
  ["a long text with its last byte wrong", [...Buffer.from("x".repeat(300)), 0xff]],
];

/** `bytes` as one message, its fragments cut at each of `cuts`. */
function fragment(bytes: Buffer, cuts: number[]): Buffer[] {
  const ends = [...cuts, bytes.length];
  return ends.map((end, index) =>
    frame(index === 0 ? 1 : 0, bytes.subarray(index === 0 ? 0 : ends[index - 1], end), {
      fin: index === ends.length - 1,
    }),
  );
}

async function expectRefused(server: Witness, frames: Buffer[]): Promise<void> {
  await server.forget();
  const outcome = await attack(server, frames);
  expect(outcome).toEqual({ echoes: [], pongs: 0, close: { code: 1007, reason: invalidText } });
  expect(await server.settled()).toMatchObject([{ messages: 0, errors: [invalidText], closes: [[1007, invalidText]] }]);
}

test.each(invalid)("a text message with %s ends the session with 1007, whole and cut at each byte", async (_, list) => {
  await using server = await startWitness();
  const bytes = Buffer.from(list);
  await expectRefused(server, fragment(bytes, []));
  // A long text is cut around its wrong byte only.
  for (let cut = Math.max(0, bytes.length - 6); cut <= bytes.length; cut += 1) {
    await expectRefused(server, fragment(bytes, [cut]));
  }
  await expectRefused(
    server,
    fragment(
      bytes,
      Array.from({ length: bytes.length }, (_, index) => index),
    ),
  );
  await expectAlive(server);
});

test("a text message may be cut inside of characters: at each byte, and at all of them", async () => {
  await using server = await startWitness();
  const text = "\ufeffa\0ß€😀\u{10ffff}\ufeff\ufffe";
  const bytes = Buffer.from(text);
  const cuts = Array.from({ length: bytes.length + 1 }, (_, cut) => cut);
  const frames = [...cuts.flatMap((cut) => fragment(bytes, [cut])), ...fragment(bytes, cuts)];
  const outcome = await attack(server, [...frames, formatClose(1000)]);
  expect(outcome.echoes).toEqual(Array.from({ length: cuts.length + 1 }, () => text));
  expect(outcome.close).toEqual({ code: 1000, reason: "" });
});

test.each(invalid)("a binary message may have %s", async (_, list) => {
  await using server = await startWitness();
  const bytes = Buffer.from(list);
  const outcome = await attack(server, [frame(2, bytes), formatClose(1000)]);
  expect(outcome).toEqual({ echoes: [bytes], pongs: 0, close: { code: 1000, reason: "" } });
});
