import type { EncodedMessage } from "./message.ts";
import type { Amount, Traffic } from "./traffic.ts";

/** A named set of sessions that has at least one. */
export type Group = {
  readonly name: string;
  /** The runtime's topic that it is delivered through. */
  readonly topic: string;
  size: number;
  /** How many of its members are in another group too. */
  shared: number;
  /** When it was written last, by the clock. */
  writtenAt: number;
  /** What was sent to it since it exists. */
  readonly sent: Amount;
  /** What waits for it, while its members are in no other group. */
  queue: Queue | undefined;
};

/** Messages that wait to go out together, in the order in which they were sent. */
export type Queue = {
  waiting: WaitingMessage[];
  /** Characters or bytes of all of them. */
  size: number;
  /** When they go out at the latest, by the clock. */
  dueAt: number;
};

export type WaitingMessage = { group: Group; message: EncodedMessage; except: Member | undefined };

/** What a session's socket gives to be a member. */
export type MemberSocket = {
  subscribe(topic: string): unknown;
  unsubscribe(topic: string): unknown;
  isSubscribed(topic: string): boolean;
  publish(topic: string, message: EncodedMessage, compress: boolean): unknown;
};

/** What a server gives: native topics. */
export type Publisher = {
  publish(topic: string, message: EncodedMessage, compress: boolean): unknown;
};

/** What can be in groups: a session. */
export type Member = {
  /** The server that its socket belongs to. */
  readonly publisher: Publisher;
  /** Absent once it has ended. */
  readonly socket: MemberSocket | undefined;
  /** The groups that it is in, kept by `Groups`; absent as long as it was in none. */
  memberships: Group[] | undefined;
  /** What it received and was sent; absent if nobody wants to know. */
  readonly traffic?: Traffic | undefined;
};
