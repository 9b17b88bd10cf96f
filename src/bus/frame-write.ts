import type { Changes, Frame, GroupMessage } from "./frame-types.ts";
import type { FrameWriter } from "./frame-bytes.ts";
import { HAS_EXCEPT, IS_BINARY, WINDOW_PARTS } from "./frame-flags.ts";

/** Writes what follows the kind of a frame. */
export function writeFrame(writer: FrameWriter, frame: Frame): void {
  switch (frame.kind) {
    case "messages":
      writer.text(frame.group);
      writer.number(frame.number);
      writer.number(frame.messages.length);
      for (const message of frame.messages) writeMessage(writer, message);
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
      writeChanges(writer, frame);
      return;
    case "state":
      writer.number(frame.number);
      writer.number(frame.part);
      writer.byte(frame.isLast ? 1 : 0);
      writeChanges(writer, frame);
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

function writeMessage(writer: FrameWriter, { message, windowMs, except }: GroupMessage): void {
  writer.byte((typeof message === "string" ? 0 : IS_BINARY) | (except === undefined ? 0 : HAS_EXCEPT));
  writer.number(Math.round(windowMs * WINDOW_PARTS));
  if (except !== undefined) writer.text(except);
  writer.payload(message);
}

function writeChanges(writer: FrameWriter, { sizes, members }: Changes): void {
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
