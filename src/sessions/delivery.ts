import { AsyncLocalStorage } from "node:async_hooks";
import type { Cluster } from "../bus/cluster.ts";
import type { Clock } from "../core/clock.ts";
import { Fault } from "../core/errors.ts";
import type { Metrics } from "../core/metrics.ts";
import { Coalescer, type Publish } from "../groups/coalescer.ts";
import type { Group } from "../groups/group.ts";
import type { Groups } from "../groups/groups.ts";
import type { EncodedMessage } from "../groups/message.ts";
import type { Backlog } from "./backlog.ts";
import type { Session } from "./session.ts";

/** So many messages to one session are written without waiting for the end of the turn. */
const MAX_OUTBOX_MESSAGES = 256;

export type DeliveryParts = {
  groups: Groups;
  /** The other nodes, if there can be some. */
  cluster?: Cluster | undefined;
  backlog: Backlog;
  metrics: Metrics;
  /** Groups that one session may be in; 0 for no limit. */
  maxGroups: number;
  /** Shorter messages are not compressed; `Infinity` for none. */
  compressMinBytes: number;
  clock?: Clock | undefined;
};

/**
 * Everything that goes out to sessions, so that each gets `send`, `sendToGroup` and `close` in the order in which they
 * were called, with as few system calls as that allows.
 *
 * What a handler sends to its own session is written when the handler returns. What is sent from elsewhere waits in the
 * session's outbox until this turn of the event loop ends. Messages to a busy group wait in the coalescer.
 */
export class Delivery {
  readonly #groups: Groups;
  readonly #cluster: Cluster | undefined;
  readonly #backlog: Backlog;
  readonly #metrics: Metrics;
  readonly #maxGroups: number;
  readonly #compressMinBytes: number;
  readonly #coalescer: Coalescer;
  readonly #asHost = AsyncLocalStorage.snapshot();
  /** Sessions whose outbox waits for the end of the turn. */
  #outboxes: Session[] = [];
  /** Its socket hands it an event: the runtime collects what it is sent, and writes it when the handler has returned. */
  #corked: Session | undefined;
  #isUncorkDue = false;

  constructor({ groups, cluster, backlog, metrics, maxGroups, compressMinBytes, clock }: DeliveryParts) {
    this.#groups = groups;
    this.#cluster = cluster;
    this.#backlog = backlog;
    this.#metrics = metrics;
    this.#maxGroups = maxGroups;
    this.#compressMinBytes = compressMinBytes;
    const publish: Publish = (group, message, except) => this.#publish(group, message, except as Session);
    this.#coalescer = new Coalescer(publish, clock);
  }

  /**
   * Adds `session` to the group of that name; nothing if it is in it or has ended.
   *
   * @throws {Fault} `GROUP_LIMIT` if it is in as many groups as it may be.
   */
  addToGroup(name: string, session: Session): void {
    if (session.socket === undefined || this.#groups.has(name, session)) return;
    const count = session.memberships?.length ?? 0;
    if (this.#maxGroups > 0 && count >= this.#maxGroups) {
      this.#metrics.groupsRefused += 1;
      throw new Fault(
        "GROUP_LIMIT",
        `Cannot add a session to group "${name}": it is in ${count} groups, expected fewer than --max-groups`,
      );
    }
    const group = this.#groups.find(name);
    if (group !== undefined) this.#coalescer.flushGroup(group);
    this.#coalescer.flushFor(session);
    this.#groups.add(name, session);
  }

  removeFromGroup(name: string, session: Session): void {
    this.#coalescer.flushFor(session);
    this.#groups.remove(name, session);
  }

  /** Takes a session that has ended out of its groups. */
  forget(session: Session): void {
    const { memberships } = session;
    if (memberships === undefined) return;
    if (memberships.length > 1) this.#coalescer.flushFor(session);
    this.#groups.removeFromAll(session);
  }

  /** The socket of `session` begins to hand it an event. */
  enter(session: Session): void {
    this.#corked = session;
  }

  /**
   * The event has been handed over.
   *
   * The runtime goes on collecting while the microtasks of an asynchronous handler run; they are done when the turn ends.
   */
  leave(session: Session): void {
    if (!session.isBusy) {
      this.#corked = undefined;
    } else if (!this.#isUncorkDue) {
      this.#isUncorkDue = true;
      setImmediate(() => {
        this.#isUncorkDue = false;
        this.#corked = undefined;
      });
    }
  }

  /** Sends to one session; false if it has ended. */
  send(session: Session, message: EncodedMessage): boolean {
    if (session.socket === undefined || session.closingAs !== undefined) return false;
    this.#metrics.messagesSent += 1;
    this.#metrics.sizeSent += message.length;
    session.traffic?.countSent(message.length);
    this.#coalescer.flushFor(session);
    if (session === this.#corked && session.outbox === undefined) return this.#write(session, message);
    this.#keep(session, message);
    return true;
  }

  /** The session whose socket hands it an event, if its id is `id`: the one that is sent to most. */
  findCorked(id: unknown): Session | undefined {
    const session = this.#corked;
    return session !== undefined && session.info.id === id ? session : undefined;
  }

  /**
   * Sends to every session in the group of that name, or to all but `except`: on this node now, on the others when this turn
   * of the event loop ends.
   *
   * @param windowMs if the group was written less than this ago, the message waits for the end of that time
   * @param exceptId the id of the session that is left out, if another node has it
   */
  sendToGroup(
    name: string,
    message: EncodedMessage,
    windowMs: number,
    except: Session | undefined,
    exceptId?: string,
  ): void {
    this.sendToOwnGroup(name, message, windowMs, except);
    this.#cluster?.publish(name, { message, windowMs, except: exceptId });
  }

  /** The same for the sessions of this node alone. */
  sendToOwnGroup(name: string, message: EncodedMessage, windowMs: number, except: Session | undefined): void {
    const group = this.#groups.find(name);
    if (group !== undefined) this.#coalescer.send(group, message, windowMs, except);
  }

  /** Closes a session after everything that was sent to it; returns how many of its messages were not handled. */
  close(session: Session, code: number, reason: string): number {
    this.#coalescer.flushFor(session);
    if (session.outbox !== undefined) this.#writeOutbox(session);
    return session.close(code, reason);
  }

  /** Cuts a session for which too much waits. */
  checkBacklog(session: Session): void {
    this.#backlog.check(session, "");
  }

  /** Hands all that waits to the runtime. */
  flush(): void {
    this.#coalescer.flush();
    this.#writeOutboxes();
  }

  #publish(group: Group, message: EncodedMessage, except: Session | undefined): void {
    if (this.#outboxes.length > 0) this.#writeOutboxes();
    const compress = message.length >= this.#compressMinBytes;
    const count = this.#groups.publish(group, message, compress, except);
    this.#metrics.messagesSent += count;
    this.#metrics.sizeSent += count * message.length;
    this.#backlog.published(message);
  }

  #keep(session: Session, message: EncodedMessage): void {
    const { outbox } = session;
    if (outbox !== undefined) {
      outbox.push(message);
      if (outbox.length >= MAX_OUTBOX_MESSAGES) this.#writeOutbox(session);
      return;
    }
    session.outbox = [message];
    this.#outboxes.push(session);
    // The callback is the server's: one of a controller's generation would end with it.
    if (this.#outboxes.length === 1) this.#asHost(() => setImmediate(() => this.#writeOutboxes()));
  }

  #writeOutboxes(): void {
    const sessions = this.#outboxes;
    this.#outboxes = [];
    for (const session of sessions) this.#writeOutbox(session);
  }

  #writeOutbox(session: Session): void {
    const { outbox, socket } = session;
    session.outbox = undefined;
    if (outbox === undefined || socket === undefined) return;
    const [first] = outbox;
    if (outbox.length === 1 && first !== undefined) this.#write(session, first);
    else {
      socket.cork(() => {
        for (const message of outbox) this.#write(session, message);
      });
    }
  }

  #write(session: Session, message: EncodedMessage): boolean {
    const { socket } = session;
    if (socket === undefined || session.closingAs !== undefined) return false;
    const sent = socket.send(message, message.length >= this.#compressMinBytes);
    if (sent > 0) return true;
    // -1: it waits in the session's backlog; 0: the runtime took no more, or the message is empty.
    if (sent === 0 && message.length === 0) return socket.readyState === WebSocket.OPEN;
    this.#backlog.check(session, message);
    return sent === -1;
  }
}
