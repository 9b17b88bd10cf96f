/** What a server must make of a client's bytes, by RFC 6455: the fuzzer's second opinion. */
export type Reading = {
  /** The messages that are whole before the end, text as a string. */
  messages: (string | Buffer)[];
  /** The payloads of the pings before the end. */
  pings: Buffer[];
  /** The close codes that the server may send; more than one where a frame is wrong in two ways. Absent: it must wait. */
  end: number[] | undefined;
  /** Where the bytes stop inside a frame that is already wrong: the codes of an end that may come now or later. */
  mayEnd: number[];
};

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Reads the frames of a client, for a server that takes messages of at most `maxMessageBytes`. */
export function readAsServer(bytes: Buffer, maxMessageBytes: number): Reading {
  const reading: Reading = { messages: [], pings: [], end: undefined, mayEnd: [] };
  let started: { opcode: number; parts: Buffer[]; length: number } | undefined;
  let at = 0;
  const stop = (end: number[] | undefined, mayEnd: number[] = []): Reading => ({ ...reading, end, mayEnd });
  for (;;) {
    const head = readHead(bytes.subarray(at), started?.length, maxMessageBytes);
    if (!head.isWhole) return stop(undefined, head.faults);
    if (head.faults.length > 0) return stop(head.faults);
    const start = at + head.size;
    const end = start + head.length;
    if (end > bytes.length) return stop(undefined);
    const payload = unmask(bytes.subarray(start, end), bytes.subarray(start - 4, start));
    at = end;
    if (head.opcode === 8) return stop([readCloseCode(payload)]);
    if (head.opcode === 9) reading.pings.push(payload);
    if (head.opcode >= 8) continue;
    started ??= { opcode: head.opcode, parts: [], length: 0 };
    started.parts.push(payload);
    started.length += payload.length;
    if (!head.fin) continue;
    const whole = Buffer.concat(started.parts);
    const message = started.opcode === 1 ? decode(whole) : whole;
    if (message === undefined) return stop([1007]);
    reading.messages.push(message);
    started = undefined;
  }
}

type Head = { isWhole: boolean; faults: number[]; size: number; length: number; opcode: number; fin: boolean };

/** @param started the bytes of the message that is not finished, if there is one */
function readHead(bytes: Buffer, started: number | undefined, maxMessageBytes: number): Head {
  const [first = 0, second = 0x80] = bytes;
  const fin = first >= 0x80;
  const opcode = first & 15;
  const short = second & 127;
  const extra = short === 127 ? 8 : short === 126 ? 2 : 0;
  const size = 2 + extra + 4;
  const isWhole = bytes.length >= size;
  const wrong = [
    (first & 0x70) !== 0,
    [3, 4, 5, 6, 7, 11, 12, 13, 14, 15].includes(opcode),
    second < 0x80,
    opcode >= 8 && (!fin || short > 125),
    opcode === 0 && started === undefined,
    (opcode === 1 || opcode === 2) && started !== undefined,
  ];
  const faults = bytes.length > 0 && wrong.includes(true) ? [1002] : [];
  const length =
    bytes.length < 2 + extra
      ? 0
      : Number(extra === 8 ? bytes.readBigUInt64BE(2) : extra === 2 ? bytes.readUInt16BE(2) : short);
  // A frame that is too large is refused by its head, a message of several once more of it has come than may.
  const come = Math.min(length, Math.max(0, bytes.length - size));
  if (length > maxMessageBytes || (opcode < 8 && (started ?? 0) + come > maxMessageBytes)) faults.push(1009);
  return { isWhole, faults, size, length, opcode, fin };
}

function unmask(payload: Buffer, key: Buffer): Buffer {
  return Buffer.from(payload.map((byte, index) => byte ^ (key[index % 4] ?? 0)));
}

function decode(bytes: Buffer): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}

function readCloseCode(payload: Buffer): number {
  if (payload.length === 0) return 1005;
  if (payload.length === 1) return 1002;
  const code = payload.readUInt16BE(0);
  const isValid = (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999);
  if (!isValid) return 1002;
  return decode(payload.subarray(2)) === undefined ? 1007 : code;
}
