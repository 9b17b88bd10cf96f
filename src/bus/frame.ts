import { FrameReader, FrameWriter, NODE_BYTES } from "./frame-bytes.ts";
import { readFrame } from "./frame-read.ts";
import type { Frame } from "./frame-types.ts";
import { writeFrame } from "./frame-write.ts";

export type { Payload } from "./frame-bytes.ts";
export type * from "./frame-types.ts";

/** The first byte of every frame: another layout is another number. */
const VERSION = 0xb1;

/** The order is that of the kinds' numbers on the wire: new ones come at the end. */
const kinds = [
  "messages",
  "send",
  "close",
  "join",
  "leave",
  "gone",
  "hello",
  "alive",
  "bye",
  "sizes",
  "state",
  "ask-state",
  "ask-members",
  "members",
  "buried",
  "returned",
] as const;

const writer = new FrameWriter();

/** The bytes of a frame that `node` sends. */
export function formatFrame(node: string, frame: Frame): Uint8Array {
  writer.byte(VERSION);
  writer.node(node);
  writer.byte(kinds.indexOf(frame.kind));
  writeFrame(writer, frame);
  return writer.take();
}

/** Who sent a frame, and what; undefined if the bytes are no frame. */
export function parseFrame(bytes: Uint8Array): { node: string; frame: Frame } | undefined {
  if (bytes[0] !== VERSION) return undefined;
  try {
    const reader = new FrameReader(bytes);
    reader.byte();
    const node = reader.node();
    const frame = readFrame(reader, kinds[reader.byte()]);
    return frame === undefined || !reader.isAtEnd ? undefined : { node, frame };
  } catch {
    return undefined;
  }
}

/** Tells of a frame, without reading it, whether `node` has sent it. */
export function createIsFrameOf(node: string): (frame: Uint8Array) => boolean {
  const own = Buffer.from(node, "hex");
  return (frame) => {
    for (let index = 0; index < NODE_BYTES; index += 1) if (frame[index + 1] !== own[index]) return false;
    return true;
  };
}
