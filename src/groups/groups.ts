import { Fault, nameKind } from "../core/errors.ts";

/** The longest name of a group, in bytes of UTF-8. */
const MAX_GROUP_NAME_BYTES = 200;

/** Keeps the groups' topics apart from any other use of the runtime's publish and subscribe. */
const PREFIX = "g:";

/** What a session's socket gives to be a member. */
export type Member = {
  subscribe(topic: string): unknown;
  unsubscribe(topic: string): unknown;
  isSubscribed(topic: string): boolean;
  publish(topic: string, message: string | Uint8Array<ArrayBuffer>, compress: boolean): unknown;
  readonly subscriptions: string[];
};

/** What the server gives: native topics. */
export type Publisher = {
  publish(topic: string, message: string | Uint8Array<ArrayBuffer>, compress: boolean): unknown;
  subscriberCount(topic: string): number;
};

/**
 * Named sets of this node's sessions, as the runtime's native topics.
 *
 * No state of its own: the runtime knows who is in which topic, and forgets a socket that closes.
 */
export class Groups {
  readonly #publisher: () => Publisher | undefined;

  /** @param publisher absent before the server listens */
  constructor(publisher: () => Publisher | undefined) {
    this.#publisher = publisher;
  }

  add(group: string, member: Member): void {
    member.subscribe(PREFIX + group);
  }

  remove(group: string, member: Member): void {
    member.unsubscribe(PREFIX + group);
  }

  /** Delivers to every member, or to all but `except`. */
  send(group: string, message: string | Uint8Array<ArrayBuffer>, except?: Member): void {
    const topic = PREFIX + group;
    if (except?.isSubscribed(topic)) except.publish(topic, message, false);
    else this.#publisher()?.publish(topic, message, false);
  }

  size(group: string): number {
    return this.#publisher()?.subscriberCount(PREFIX + group) ?? 0;
  }

  /** The names of the groups that `member` is in, sorted. */
  of(member: Member): string[] {
    return member.subscriptions.map((topic) => topic.slice(PREFIX.length)).sort();
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
