/** Messages, and the bytes of binary and characters of text in them. */
export type Amount = { messages: number; size: number };

/**
 * What one member of groups has received from its client and was sent, since it came.
 *
 * A message to a group is counted once, by the group: here only what the group had sent before the member joined is
 * taken off, and what it has sent is added when the member leaves.
 */
export class Traffic {
  /** Milliseconds since 1970. */
  readonly openedAt: number;
  messagesReceived = 0;
  sizeReceived = 0;
  #messagesSent = 0;
  #sizeSent = 0;

  constructor(openedAt: number) {
    this.openedAt = openedAt;
  }

  countReceived(size: number): void {
    this.messagesReceived += 1;
    this.sizeReceived += size;
  }

  countSent(size: number): void {
    this.#messagesSent += 1;
    this.#sizeSent += size;
  }

  /** A message to a group went to all but this member. */
  leaveOut(size: number): void {
    this.#messagesSent -= 1;
    this.#sizeSent -= size;
  }

  /** @param sent what was sent to the group until now */
  join(sent: Readonly<Amount>): void {
    this.#messagesSent -= sent.messages;
    this.#sizeSent -= sent.size;
  }

  /** @param sent what was sent to the group until now */
  leave(sent: Readonly<Amount>): void {
    this.#messagesSent += sent.messages;
    this.#sizeSent += sent.size;
  }

  /** All that it was sent, by itself and as a member of the groups that it is in now. */
  readSent(memberships: readonly { sent: Amount }[] = []): Amount {
    let messages = this.#messagesSent;
    let size = this.#sizeSent;
    for (const { sent } of memberships) {
      messages += sent.messages;
      size += sent.size;
    }
    return { messages, size };
  }
}
