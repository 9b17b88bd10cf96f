/** What a worker tells another: who it is, what it wants to hear, and frames. */
const kinds = ["frame", "node", "subscribe", "unsubscribe"] as const;

export type BatchKind = (typeof kinds)[number];

/** Before each content: its kind in one byte, its length in four. */
const HEAD_BYTES = 5;

const FIRST_BYTES = 4096;

/** Larger ones are not kept for the next batch. */
const MAX_KEPT_BYTES = 1024 * 1024;

/** Collects what goes to another worker as one text, a character for each byte. */
export class BatchWriter {
  #bytes = Buffer.allocUnsafe(FIRST_BYTES);
  #size = 0;

  /** In bytes. */
  get size(): number {
    return this.#size;
  }

  add(kind: BatchKind, content: string | Uint8Array): void {
    const length = typeof content === "string" ? Buffer.byteLength(content) : content.length;
    this.#reserve(HEAD_BYTES + length);
    this.#bytes[this.#size] = kinds.indexOf(kind);
    this.#bytes.writeUInt32LE(length, this.#size + 1);
    const start = this.#size + HEAD_BYTES;
    if (typeof content === "string") this.#bytes.write(content, start);
    else this.#bytes.set(content, start);
    this.#size = start + length;
  }

  /** The batch; another one begins. */
  take(): string {
    const batch = this.#bytes.toString("latin1", 0, this.#size);
    this.#size = 0;
    if (this.#bytes.length > MAX_KEPT_BYTES) this.#bytes = Buffer.allocUnsafe(FIRST_BYTES);
    return batch;
  }

  #reserve(more: number): void {
    if (this.#size + more <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(2 * this.#bytes.length, this.#size + more));
    this.#bytes.copy(larger, 0, 0, this.#size);
    this.#bytes = larger;
  }
}

/** Calls `take` with each content of a batch, in order; its bytes are good until it returns. */
export function readBatch(batch: string, take: (kind: BatchKind, content: Buffer) => void): void {
  const bytes = Buffer.from(batch, "latin1");
  for (let start = 0; start < bytes.length;) {
    const kind = kinds[bytes[start] ?? 0] ?? "frame";
    const end = start + HEAD_BYTES + bytes.readUInt32LE(start + 1);
    take(kind, bytes.subarray(start + HEAD_BYTES, end));
    start = end;
  }
}
