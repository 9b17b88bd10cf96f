import type { FrameMember, GroupMessage, Payload, WatchedMember } from "./frame.ts";

/** Who hears of sessions of the whole cluster that they join groups and leave them. */
export type WatchedMembers = {
  /** The sessions of this node of which the others are to know in which groups they are. */
  list(): Iterable<WatchedMember>;
  /** Sessions have left their groups because their node is gone; `sizeOf` is how many are in a group now. */
  left(members: readonly WatchedMember[], sizeOf: (group: string) => number): void;
  /** The other nodes had taken this one for gone. */
  returned(sizeOf: (group: string) => number): void;
};

/** What other nodes have done here. The functions return false if there is no such session. */
export type ClusterHost = {
  /** Hands messages to this node's members of a group. */
  publish(group: string, messages: readonly GroupMessage[]): void;
  send(id: string, message: Payload): boolean;
  close(id: string, code: number, reason: string): boolean;
  addToGroup(id: string, group: string): boolean;
  removeFromGroup(id: string, group: string): boolean;
  /** How many sessions of this node are in a group. */
  sizeOf(group: string): number;
  /** Every group of this node with its size. */
  sizes(): Iterable<[group: string, size: number]>;
  /** The sessions of this node that are in a group. */
  listMembers(group: string): FrameMember[];
  readonly watched: WatchedMembers;
};
