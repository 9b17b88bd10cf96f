import type { Payload } from "./frame-bytes.ts";

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
