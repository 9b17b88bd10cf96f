import type { Frame, FrameMember, GroupMessage, MemberChange } from "./frame-types.ts";
import type { FrameReader } from "./frame-bytes.ts";
import { HAS_EXCEPT, IS_BINARY, WINDOW_PARTS } from "./frame-flags.ts";

/**
 * Reads what follows the kind of a frame; undefined for an unknown kind.
 *
 * @throws {RangeError} where the bytes end too soon
 */
export function readFrame(reader: FrameReader, kind: Frame["kind"] | undefined): Frame | undefined {
  switch (kind) {
    case "messages":
      return {
        kind,
        group: reader.text(),
        number: reader.number(),
        messages: readList(reader, readMessage),
      };
    case "send": {
      const id = reader.text();
      return { kind, id, message: reader.payload(reader.byte() === IS_BINARY) };
    }
    case "close":
      return { kind, id: reader.text(), code: reader.number(), reason: reader.text() };
    case "join":
    case "leave":
      return { kind, id: reader.text(), group: reader.text() };
    case "gone":
      return { kind, id: reader.text() };
    case "hello":
    case "alive":
      return { kind, number: reader.number() };
    case "bye":
    case "ask-state":
    case "returned":
      return { kind };
    case "buried":
      return { kind, node: reader.node() };
    case "sizes":
      return {
        kind,
        number: reader.number(),
        sizes: readList(reader, readSize),
        members: readList(reader, readMemberChange),
      };
    case "state":
      return {
        kind,
        number: reader.number(),
        part: reader.number(),
        isLast: reader.byte() === 1,
        sizes: readList(reader, readSize),
        members: readList(reader, readMemberChange),
      };
    case "ask-members":
      return { kind, request: reader.number(), group: reader.text() };
    case "members":
      return {
        kind,
        request: reader.number(),
        isLast: reader.byte() === 1,
        members: readList(reader, readMember),
      };
    case undefined:
      return undefined;
  }
}

function readList<T>(reader: FrameReader, readItem: (reader: FrameReader) => T): T[] {
  const items: T[] = [];
  // Each item takes a byte at least: a false count ends with the bytes.
  for (let left = reader.number(); left > 0; left -= 1) items.push(readItem(reader));
  return items;
}

function readMessage(reader: FrameReader): GroupMessage {
  const flags = reader.byte();
  const windowMs = reader.number() / WINDOW_PARTS;
  const except = (flags & HAS_EXCEPT) === 0 ? undefined : reader.text();
  return { message: reader.payload((flags & IS_BINARY) !== 0), windowMs, except };
}

function readSize(reader: FrameReader): [group: string, size: number] {
  return [reader.text(), reader.number()];
}

function readMemberChange(reader: FrameReader): MemberChange {
  return { isIn: reader.byte() === 1, id: reader.text(), path: reader.text(), group: reader.text() };
}

function readMember(reader: FrameReader): FrameMember {
  const id = reader.text();
  return { id, public: reader.byte() === 0 ? undefined : (reader.payload(false) as string) };
}
