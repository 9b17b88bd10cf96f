import { constants, inflateRawSync } from "node:zlib";

/** What ends every compressed message and is left out of its frame (RFC 7692 section 7.2.1). */
const TAIL = Buffer.from([0x00, 0x00, 0xff, 0xff]);

/** So many messages are remembered: each is sent to many members, compressed to the same bytes. */
const CAPACITY = 1024;

/** Inflates messages, each of them once, however many sessions get it. */
export class Inflater {
  readonly #known = new Map<string, Uint8Array>();

  inflate(compressed: Buffer): Uint8Array {
    const key = compressed.toString("latin1");
    let plain = this.#known.get(key);
    if (plain === undefined) {
      plain = inflateRawSync(Buffer.concat([compressed, TAIL]), { finishFlush: constants.Z_SYNC_FLUSH });
      if (this.#known.size === CAPACITY) this.#known.clear();
      this.#known.set(key, plain);
    }
    return plain;
  }
}
