import { formatFrame } from "../test/support/raw.ts";
import type { Inflater } from "./inflater.ts";
import { type MessageShape, NUMBER_DIGITS, SENDER_DIGITS } from "./shape.ts";

/**
 * The masked frames of one sender, in one buffer: only the digits change from one message to the next.
 *
 * The mask is zero, so the payload is plain; a server unmasks it all the same.
 */
export class FrameWriter {
  readonly #buffer: Uint8Array;
  readonly #frameBytes: number;
  readonly #digitsAt: number;

  /** @param capacity frames that are written at once */
  constructor({ before, after }: MessageShape, sender: number, capacity: number) {
    const digits = String(sender).padStart(SENDER_DIGITS, "0") + "0".repeat(NUMBER_DIGITS);
    const payload = Buffer.from(before + digits + after);
    const frame = formatFrame(0x1, payload);
    this.#frameBytes = frame.length;
    this.#digitsAt = frame.length - payload.length + Buffer.byteLength(before) + SENDER_DIGITS;
    this.#buffer = Buffer.concat(Array.from({ length: capacity }, () => frame));
  }

  /** The frames of the messages from `first` on; valid until the next call. */
  format(first: number, count: number): Uint8Array {
    for (let index = 0; index < count; index += 1) {
      let rest = first + index;
      const start = index * this.#frameBytes + this.#digitsAt;
      for (let at = start + NUMBER_DIGITS - 1; at >= start; at -= 1) {
        const next = Math.floor(rest / 10);
        this.#buffer[at] = 48 + rest - next * 10;
        rest = next;
      }
    }
    return this.#buffer.subarray(0, count * this.#frameBytes);
  }
}

/** Hears of each message, by its sender and its number; and of a close frame, by its code. */
export type FrameListener = { message(sender: number, number: number): void; closed(code: number): void };

export type FrameReaderOptions = {
  listener: FrameListener;
  /** Where the digits begin in a payload. */
  digitsAt: number;
  /** Reads compressed messages; without it none may come. */
  inflater?: Inflater | undefined;
  /** So many messages come first that have no digits. */
  greetings?: number;
  /** Called after the last of these. */
  greeted?: () => void;
};

/**
 * Counts the frames that a server sends (RFC 6455 section 5.2), wherever the stream is cut.
 *
 * Of a payload it reads the digits and skips the rest, so that it costs next to nothing.
 *
 * @throws {Error} in `read`, for a frame that no server may send here: masked, fragmented, of unknown kind, compressed
 * without agreement
 */
export class FrameReader {
  readonly #listener: FrameListener;
  readonly #inflater: Inflater | undefined;
  readonly #greeted: () => void;
  readonly #senderAt: number;
  readonly #numberAt: number;
  readonly #end: number;
  #greetings: number;
  /** Bytes of the header that have come; -1 inside of a payload. */
  #header = 0;
  #opcode = 0;
  #size = 0;
  /** Bytes of an extended length that are still to come. */
  #sizeLeft = 0;
  /** Bytes of the payload that have come. */
  #payload = 0;
  #sender = 0;
  #number = 0;
  /** The pieces of a compressed payload. */
  #compressed: Uint8Array[] | undefined;

  constructor({ listener, digitsAt, inflater, greetings = 0, greeted = () => {} }: FrameReaderOptions) {
    this.#listener = listener;
    this.#inflater = inflater;
    this.#greetings = greetings;
    this.#greeted = greeted;
    this.#senderAt = digitsAt;
    this.#numberAt = digitsAt + SENDER_DIGITS;
    this.#end = this.#numberAt + NUMBER_DIGITS;
  }

  read(bytes: Uint8Array): void {
    let at = 0;
    while (at < bytes.length) at = this.#header >= 0 ? this.#readHeader(bytes, at) : this.#readPayload(bytes, at);
  }

  #readHeader(bytes: Uint8Array, start: number): number {
    let at = start;
    if (this.#header === 0) {
      this.#startFrame(bytes[at++] as number);
      if (at === bytes.length) return at;
    }
    if (this.#header === 1) {
      const size = bytes[at++] as number;
      if (size > 127) throw new Error("The server sent a masked frame");
      this.#header = 2;
      this.#sizeLeft = size === 127 ? 8 : size === 126 ? 2 : 0;
      this.#size = size > 125 ? 0 : size;
    }
    while (this.#sizeLeft > 0 && at < bytes.length) {
      this.#size = this.#size * 256 + (bytes[at++] as number);
      this.#sizeLeft -= 1;
    }
    if (this.#sizeLeft === 0) {
      this.#header = -1;
      this.#payload = 0;
      this.#sender = 0;
      this.#number = 0;
      if (this.#size === 0) this.#endFrame();
    }
    return at;
  }

  #startFrame(first: number): void {
    const isCompressed = (first & 0x70) === 0x40 && this.#inflater !== undefined;
    if ((first & 0x70) !== 0 && !isCompressed)
      throw new Error("The server sent a frame with reserved bits, though none was agreed on");
    if ((first & 0x80) === 0) throw new Error("The server sent a fragment, expected whole messages");
    this.#opcode = first & 0x0f;
    if (![0x1, 0x2, 0x8, 0x9, 0xa].includes(this.#opcode))
      throw new Error(`The server sent a frame of the unknown kind ${this.#opcode}`);
    this.#compressed = isCompressed ? [] : undefined;
    this.#header = 1;
  }

  #readPayload(bytes: Uint8Array, start: number): number {
    const end = Math.min(bytes.length, start + this.#size - this.#payload);
    // Where the payload's first byte is, or would be, in `bytes`.
    const zero = start - this.#payload;
    if (this.#compressed !== undefined) this.#compressed.push(bytes.slice(start, end));
    else if (this.#opcode === 0x8) {
      // The close code is the first two bytes.
      for (let at = start; at < Math.min(end, zero + 2); at += 1)
        this.#number = this.#number * 256 + (bytes[at] as number);
    } else if (this.#payload < this.#end) this.#readDigits(bytes, start, end, zero);
    this.#payload += end - start;
    if (this.#payload === this.#size) this.#endFrame();
    return end;
  }

  /** Reads those digits that lie between `start` and `end`. */
  #readDigits(bytes: Uint8Array, start: number, end: number, zero: number): void {
    const last = Math.min(end, zero + this.#end);
    const numberAt = zero + this.#numberAt;
    let at = Math.max(start, zero + this.#senderAt);
    for (; at < last && at < numberAt; at += 1) this.#sender = this.#sender * 10 + (bytes[at] as number) - 48;
    for (; at < last; at += 1) this.#number = this.#number * 10 + (bytes[at] as number) - 48;
  }

  #endFrame(): void {
    this.#header = 0;
    if (this.#opcode === 0x1 || this.#opcode === 0x2) this.#endMessage();
    else if (this.#opcode === 0x8) this.#listener.closed(this.#size < 2 ? 1005 : this.#number);
  }

  #endMessage(): void {
    if (this.#greetings > 0) {
      this.#greetings -= 1;
      if (this.#greetings === 0) this.#greeted();
      return;
    }
    if (this.#compressed !== undefined && this.#inflater !== undefined) {
      const plain = this.#inflater.inflate(Buffer.concat(this.#compressed));
      this.#size = plain.length;
      this.#readDigits(plain, 0, plain.length, 0);
    }
    if (this.#size < this.#end) throw new Error(`The server sent a message of ${this.#size} bytes, without its digits`);
    this.#listener.message(this.#sender, this.#number);
  }
}
