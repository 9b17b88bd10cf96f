import { Fault, nameKind } from "../core/errors.ts";
import type { Group, Member, Publisher } from "./group.ts";
import type { EncodedMessage } from "./message.ts";

/** The longest name of a group, in bytes of UTF-8. */
const MAX_GROUP_NAME_BYTES = 200;

/** Keeps the groups' topics apart from any other use of the runtime's publish and subscribe. */
const PREFIX = "g:";

/** Told that `member` has joined a group, or left it (`by` is -1); the group's size is the one after it. */
export type OnChange = (group: Group, member: Member, by: 1 | -1) => void;

/**
 * Named sets of this node's sessions, delivered to as the runtime's native topics.
 *
 * Its own books say only how many are in a group, and which groups one session is in; who gets a message is up to the
 * runtime.
 */
export class Groups {
  readonly #publishers: () => readonly Publisher[];
  readonly #onChange: OnChange | undefined;
  readonly #groups = new Map<string, Group>();

  /**
   * @param publishers every server that has sockets; the topics of each are its own
   * @param onChange told each change of a group, if anybody wants to know
   */
  constructor(publishers: () => readonly Publisher[], onChange?: OnChange) {
    this.#publishers = publishers;
    this.#onChange = onChange;
  }

  /** Every group with its size. */
  *sizes(): Generator<[group: string, size: number]> {
    for (const { name, size } of this.#groups.values()) yield [name, size];
  }

  /** The group of that name; undefined if nobody is in it. */
  find(name: string): Group | undefined {
    return this.#groups.get(name);
  }

  /** How many there are. */
  get count(): number {
    return this.#groups.size;
  }

  /** Whether `member` is in the group of that name. */
  has(name: string, { socket }: Member): boolean {
    return socket?.isSubscribed(PREFIX + name) === true;
  }

  /** Adds a member that is not in the group yet. */
  add(name: string, member: Member): void {
    const { socket } = member;
    if (socket === undefined) return;
    let group = this.#groups.get(name);
    if (group === undefined) {
      const sent = { messages: 0, size: 0 };
      group = { name, topic: PREFIX + name, size: 0, shared: 0, writtenAt: -Infinity, sent, queue: undefined };
      this.#groups.set(name, group);
    }
    socket.subscribe(group.topic);
    group.size += 1;
    this.#onChange?.(group, member, 1);
    member.traffic?.join(group.sent);
    if (member.memberships === undefined) {
      member.memberships = [group];
      return;
    }
    const others = member.memberships;
    if (others.length > 0) group.shared += 1;
    if (others.length === 1 && others[0] !== undefined) others[0].shared += 1;
    others.push(group);
  }

  /** Takes out a member that is in the group. */
  remove(name: string, member: Member): void {
    const group = this.#groups.get(name);
    const memberships = member.memberships;
    const index = group === undefined ? -1 : (memberships?.indexOf(group) ?? -1);
    if (group === undefined || memberships === undefined || index < 0) return;
    member.socket?.unsubscribe(group.topic);
    member.traffic?.leave(group.sent);
    if (memberships.length > 1) group.shared -= 1;
    memberships.splice(index, 1);
    if (memberships.length === 1 && memberships[0] !== undefined) memberships[0].shared -= 1;
    this.#shrink(group, member);
  }

  /** Takes a member out of every group; the runtime itself forgets a socket that has closed. */
  removeFromAll(member: Member): void {
    const { memberships } = member;
    if (memberships === undefined) return;
    member.memberships = undefined;
    const isShared = memberships.length > 1;
    for (const group of memberships) {
      if (isShared) group.shared -= 1;
      this.#shrink(group, member);
    }
  }

  /**
   * Hands `message` to every member, or to all but `except`, to be written when this turn of the event loop ends.
   *
   * Returns how many members get it.
   */
  publish({ topic, size, sent }: Group, message: EncodedMessage, compress: boolean, except?: Member): number {
    const socket = except?.socket;
    const isLeftOut = socket?.isSubscribed(topic) === true;
    const done = isLeftOut ? except?.publisher : undefined;
    if (isLeftOut) socket.publish(topic, message, compress);
    for (const publisher of this.#publishers()) {
      if (publisher !== done) publisher.publish(topic, message, compress);
    }
    sent.messages += 1;
    sent.size += message.length;
    if (!isLeftOut) return size;
    except?.traffic?.leaveOut(message.length);
    return size - 1;
  }

  #shrink(group: Group, member: Member): void {
    group.size -= 1;
    this.#onChange?.(group, member, -1);
    if (group.size === 0) this.#groups.delete(group.name);
  }
}

/**
 * The group name that `value` stands for: numbers are taken as text.
 *
 * @throws {Fault} `GROUP_NAME` if it is empty, longer than 200 bytes, or neither text nor number.
 */
export function toGroupName(value: unknown): string {
  const name = typeof value === "number" ? String(value) : value;
  if (typeof name !== "string") {
    throw new Fault("GROUP_NAME", `Cannot use a group: its name is ${nameKind(value)}, expected a text or a number`);
  }
  if (name === "")
    throw new Fault(
      "GROUP_NAME",
      `Cannot use group "": its name is empty, expected 1 to ${MAX_GROUP_NAME_BYTES} bytes`,
    );
  // One character is at most three bytes: only long names need to be measured.
  if (name.length * 3 > MAX_GROUP_NAME_BYTES) {
    const bytes = Buffer.byteLength(name);
    if (bytes > MAX_GROUP_NAME_BYTES) {
      const start = `${name.slice(0, 20)}…`;
      throw new Fault(
        "GROUP_NAME",
        `Cannot use group "${start}": its name has ${bytes} bytes, expected at most ${MAX_GROUP_NAME_BYTES}`,
      );
    }
  }
  return name;
}
