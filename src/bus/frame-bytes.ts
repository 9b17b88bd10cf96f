/** What travels in a frame for a session: text, or the bytes of a binary message. */
export type Payload = string | Uint8Array<ArrayBuffer>;

const FIRST_CAPACITY = 16 * 1024;

/** Larger room is given back once a frame is done. */
const LARGEST_KEPT_CAPACITY = 1024 * 1024;

/** A UTF-16 unit takes at most so many bytes of UTF-8. */
const MAX_UNIT_BYTES = 3;

/** Writes one frame after another into room that is used again. */
export class FrameWriter {
  #room = Buffer.allocUnsafeSlow(FIRST_CAPACITY);
  #at = 0;

  byte(value: number): void {
    this.#reserve(1);
    this.#room[this.#at++] = value;
  }

  /** A whole number from 0 to 2^53 - 1, seven bits a byte, the lowest first. */
  number(value: number): void {
    this.#reserve(8);
    let rest = value;
    while (rest >= 0x80) {
      this.#room[this.#at++] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    this.#room[this.#at++] = rest;
  }

  /** The hexadecimal digits of a node's id. */
  node(id: string): void {
    this.#reserve(NODE_BYTES);
    this.#room.write(id, this.#at, "hex");
    this.#at += NODE_BYTES;
  }

  /** A name, an id, a reason: what takes less than 64 KiB. */
  text(value: string): void {
    this.#reserve(2 + value.length * MAX_UNIT_BYTES);
    const size = this.#room.write(value, this.#at + 2, "utf8");
    this.#room.writeUInt16LE(size, this.#at);
    this.#at += 2 + size;
  }

  payload(value: Payload): void {
    if (typeof value === "string") {
      // Long texts are measured, so that their room is not three times as large as they are.
      const most = value.length > FIRST_CAPACITY ? Buffer.byteLength(value) : value.length * MAX_UNIT_BYTES;
      this.#reserve(4 + most);
      const size = this.#room.write(value, this.#at + 4, "utf8");
      this.#room.writeUInt32LE(size, this.#at);
      this.#at += 4 + size;
      return;
    }
    this.#reserve(4 + value.length);
    this.#room.writeUInt32LE(value.length, this.#at);
    this.#room.set(value, this.#at + 4);
    this.#at += 4 + value.length;
  }

  /** What was written, as bytes of its own; what is written next begins a new frame. */
  take(): Buffer {
    const frame = Buffer.allocUnsafeSlow(this.#at);
    this.#room.copy(frame, 0, 0, this.#at);
    this.#at = 0;
    if (this.#room.length > LARGEST_KEPT_CAPACITY) this.#room = Buffer.allocUnsafeSlow(FIRST_CAPACITY);
    return frame;
  }

  #reserve(size: number): void {
    if (this.#at + size <= this.#room.length) return;
    const room = Buffer.allocUnsafeSlow(Math.max(this.#room.length * 2, this.#at + size));
    room.set(this.#room.subarray(0, this.#at));
    this.#room = room;
  }
}

/** The same bytes; asking an array for its buffer costs more than the rest of reading a short frame. */
export function toBuffer(bytes: Uint8Array): Buffer {
  return bytes instanceof Buffer ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Bytes that a node's id takes. */
export const NODE_BYTES = 6;

/** Reads what `FrameWriter` wrote; every function throws a `RangeError` where the bytes end too soon. */
export class FrameReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = toBuffer(bytes);
  }

  byte(): number {
    return this.#bytes.readUInt8(this.#skip(1));
  }

  number(): number {
    let value = 0;
    let unit = 1;
    for (;;) {
      const byte = this.byte();
      value += (byte & 0x7f) * unit;
      if (value > Number.MAX_SAFE_INTEGER) throw new RangeError("A number is too large");
      if (byte < 0x80) return value;
      unit *= 0x80;
    }
  }

  node(): string {
    const start = this.#skip(NODE_BYTES);
    return this.#bytes.toString("hex", start, start + NODE_BYTES);
  }

  text(): string {
    const size = this.#bytes.readUInt16LE(this.#skip(2));
    const start = this.#skip(size);
    return this.#bytes.toString("utf8", start, start + size);
  }

  /** Text, or a copy of the bytes. */
  payload(isBinary: boolean): Payload {
    const size = this.#bytes.readUInt32LE(this.#skip(4));
    const start = this.#skip(size);
    if (!isBinary) return this.#bytes.toString("utf8", start, start + size);
    return new Uint8Array(this.#bytes.subarray(start, start + size));
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  /** Goes on by `size`; returns where that began. */
  #skip(size: number): number {
    const start = this.#at;
    if (size > this.#bytes.length - start) throw new RangeError("The frame ends too soon");
    this.#at = start + size;
    return start;
  }
}
