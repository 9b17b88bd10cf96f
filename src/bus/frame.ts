import { FrameReader, FrameWriter, NODE_BYTES, type Payload } from "./frame-bytes.ts";

export type { Payload } from "./frame-bytes.ts";

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

/** One message to a group, as its own node handles it too. */
export type GroupMessage = {
  message: Payload;
  /** How long it may wait to go out together with others, in milliseconds. */
  windowMs: number;
  /** The id of the session that does not get it, if another node has that. */
  except: string | undefined;
};

/** A session in a group, and what its controller lets others know of it, as JSON. */
export type FrameMember = { id: string; public: string | undefined };

/** That a session is in a group, told to the whole cluster; `path` is its controller's. */
export type WatchedMember = { id: string; path: string; group: string };

export type MemberChange = WatchedMember & { isIn: boolean };

/** How many sessions of a node some groups have, 0 for none any more; and of some sessions in which groups they are, or are no more. */
export type Changes = { sizes: [group: string, size: number][]; members: MemberChange[] };

/** What nodes tell each other. */
export type Frame =
  /** Messages to one group, in order. `number` counts the frames of this node to this group, from 1. */
  | { kind: "messages"; group: string; number: number; messages: GroupMessage[] }
  /** To a session of the node that gets it. */
  | { kind: "send"; id: string; message: Payload }
  | { kind: "close"; id: string; code: number; reason: string }
  /** A session of the node that gets it is added to a group, or taken out. */
  | { kind: "join" | "leave"; id: string; group: string }
  /** The node that gets it sent to a session that has ended. */
  | { kind: "gone"; id: string }
  /** The node is there; `number` counts its `sizes` so far. After `hello` the others are to say the same. */
  | { kind: "hello" | "alive"; number: number }
  /** The node leaves in order. */
  | { kind: "bye" }
  | ({ kind: "sizes"; number: number } & Changes)
  /** All that its `sizes` have told, in one part or several, as it was after that number of them. */
  | ({ kind: "state"; number: number; part: number; isLast: boolean } & Changes)
  | { kind: "ask-state" }
  /** Which sessions of the node that gets it are in a group? */
  | { kind: "ask-members"; request: number; group: string }
  | { kind: "members"; request: number; isLast: boolean; members: FrameMember[] }
  /** A node is gone, and it was told that its sessions have left their groups. */
  | { kind: "buried"; node: string }
  /** The node that gets it had been buried. */
  | { kind: "returned" };

/** Windows are written in these parts of a millisecond. */
const WINDOW_PARTS = 64;

const IS_BINARY = 1;
const HAS_EXCEPT = 2;

const writer = new FrameWriter();

/** The bytes of a frame that `node` sends. */
export function formatFrame(node: string, frame: Frame): Uint8Array {
  writer.byte(VERSION);
  writer.node(node);
  writer.byte(kinds.indexOf(frame.kind));
  write(frame);
  return writer.take();
}

/** Who sent a frame, and what; undefined if the bytes are no frame. */
export function parseFrame(bytes: Uint8Array): { node: string; frame: Frame } | undefined {
  if (bytes[0] !== VERSION) return undefined;
  try {
    const reader = new FrameReader(bytes);
    reader.byte();
    const node = reader.node();
    const frame = read(reader, kinds[reader.byte()]);
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

function write(frame: Frame): void {
  switch (frame.kind) {
    case "messages":
      writer.text(frame.group);
      writer.number(frame.number);
      writer.number(frame.messages.length);
      for (const message of frame.messages) writeMessage(message);
      return;
    case "send":
      writer.text(frame.id);
      writer.byte(typeof frame.message === "string" ? 0 : IS_BINARY);
      writer.payload(frame.message);
      return;
    case "close":
      writer.text(frame.id);
      writer.number(frame.code);
      writer.text(frame.reason);
      return;
    case "join":
    case "leave":
      writer.text(frame.id);
      writer.text(frame.group);
      return;
    case "gone":
      writer.text(frame.id);
      return;
    case "hello":
    case "alive":
      writer.number(frame.number);
      return;
    case "sizes":
      writer.number(frame.number);
      writeChanges(frame);
      return;
    case "state":
      writer.number(frame.number);
      writer.number(frame.part);
      writer.byte(frame.isLast ? 1 : 0);
      writeChanges(frame);
      return;
    case "ask-members":
      writer.number(frame.request);
      writer.text(frame.group);
      return;
    case "members":
      writer.number(frame.request);
      writer.byte(frame.isLast ? 1 : 0);
      writer.number(frame.members.length);
      for (const member of frame.members) {
        writer.text(member.id);
        writer.byte(member.public === undefined ? 0 : 1);
        if (member.public !== undefined) writer.payload(member.public);
      }
      return;
    case "buried":
      writer.node(frame.node);
      return;
    case "bye":
    case "ask-state":
    case "returned":
  }
}

function writeMessage({ message, windowMs, except }: GroupMessage): void {
  writer.byte((typeof message === "string" ? 0 : IS_BINARY) | (except === undefined ? 0 : HAS_EXCEPT));
  writer.number(Math.round(windowMs * WINDOW_PARTS));
  if (except !== undefined) writer.text(except);
  writer.payload(message);
}

function writeChanges({ sizes, members }: Changes): void {
  writer.number(sizes.length);
  for (const [group, size] of sizes) {
    writer.text(group);
    writer.number(size);
  }
  writer.number(members.length);
  for (const { isIn, id, path, group } of members) {
    writer.byte(isIn ? 1 : 0);
    writer.text(id);
    writer.text(path);
    writer.text(group);
  }
}

function read(reader: FrameReader, kind: Frame["kind"] | undefined): Frame | undefined {
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
