import type { ServerWebSocket } from "bun";
import type { Message, SessionEvent, SessionInfo } from "./event.ts";
import type { Group, Publisher } from "../groups/group.ts";
import type { EncodedMessage } from "../groups/message.ts";
import type { Traffic } from "../groups/traffic.ts";
import type { Identity } from "./identity.ts";
import { Inbox, type InboxLimits } from "./inbox.ts";
import { type Credit, unlimited } from "./rate-limits.ts";
import type { Slot } from "./timeouts.ts";

/** What a session needs of its socket: Bun's own, which carries the session as its data. */
export type SessionSocket = ServerWebSocket<Session>;

/**
 * Runs one event of a session and contains every fault.
 *
 * True if the event is done; false if `session.finishEvent()` follows.
 */
export type RunEvent = (session: Session, event: SessionEvent) => boolean;

/** What the sessions of one controller have in common. */
export type SessionRoute = {
  /** The path pattern of the controller. */
  path: string;
  run: RunEvent;
  inboxLimits: InboxLimits;
};

export type SessionOptions = {
  info: SessionInfo;
  route: SessionRoute;
  /** What the controller's `get` gave: one object for life. */
  data: unknown;
  /** Seconds without a sign of life before it is closed; 0 for never. */
  timeoutSeconds: number;
  /** The remote address, as far as trusted proxies tell. */
  address: string;
  /** The server that its socket belongs to. */
  publisher: Publisher;
};

/**
 * One client's connection: from the accepted upgrade to its one `close` event.
 *
 * Its events run one after another: while one runs, the next wait in the inbox, and a full inbox pauses the socket.
 */
export class Session {
  // What each message needs comes first: it then lies in two lines of the processor's cache.
  readonly info: SessionInfo;
  readonly route: SessionRoute;
  readonly data: unknown;
  #isBusy = false;
  #socket: SessionSocket | undefined;
  /** What waits for the running event; absent if nothing does. */
  #inbox: Inbox | undefined;
  /** The time of `Timeouts` at which something was last heard. */
  heardAt = 0;
  /** What it received and was sent; absent if nobody wants to know. */
  traffic: Traffic | undefined = undefined;
  /** The groups that it is in, kept by `Groups`. */
  memberships: Group[] | undefined = undefined;
  /** What `Delivery` writes to it when this turn of the event loop ends. */
  outbox: EncodedMessage[] | undefined = undefined;
  /** The connection is being cut: what the controller is told instead of what the runtime reports. */
  closingAs: { code: number; reason: string } | undefined = undefined;
  /** What it may send, kept by `RateLimits`. */
  credit: Credit = unlimited;
  readonly timeoutMs: number;
  readonly address: string;
  readonly publisher: Publisher;
  /** The slot of `Timeouts` that looks at this session next, and its place there. */
  dueSlot: Slot | undefined = undefined;
  duePlace = 0;
  /** Who its client is; absent if it came without a token. */
  identity: Identity | undefined = undefined;

  constructor({ info, route, data, timeoutSeconds, address, publisher }: SessionOptions) {
    this.info = info;
    this.route = route;
    this.data = data;
    this.timeoutMs = timeoutSeconds * 1000;
    this.address = address;
    this.publisher = publisher;
  }

  /** Says who its client is: `user` stands in all of its events from now on. */
  identify(identity: Identity): void {
    this.identity = identity;
    Object.assign(this.info, { user: identity.user });
  }

  /** Absent once the session has ended. */
  get socket(): SessionSocket | undefined {
    return this.#socket;
  }

  open(socket: SessionSocket): void {
    this.#socket = socket;
    socket.binaryType = "uint8array";
    this.#handle({ type: "open", session: this.info, data: this.data });
  }

  receive(message: Message): void {
    this.#handle({ type: "message", session: this.info, data: this.data, message });
  }

  /** The socket has ended: `close` is the session's last event, after an `error` if the client was at `fault`. */
  end(closeReason: number, reason: string, fault?: string): void {
    this.#socket = undefined;
    if (fault !== undefined) this.#handle({ type: "error", session: this.info, data: this.data, error: fault });
    this.#handle({ type: "close", session: this.info, data: this.data, closeReason, reason });
  }

  /**
   * Closes the session from this side; its `close` event follows once the running event is done.
   *
   * Messages that still wait are dropped, as after `close()` in a browser; returns how many.
   */
  close(code: number, reason: string): number {
    const dropped = this.#inbox?.dropMessages() ?? 0;
    this.#socket?.close(code, reason);
    return dropped;
  }

  /**
   * Cuts the connection without a close frame when this turn of the event loop ends, and tells the controller `code` and
   * `reason`: its `close` event never runs inside of another session's send.
   */
  cut(code: number, reason: string): void {
    this.closingAs = { code, reason };
    setImmediate(() => this.#socket?.terminate());
  }

  /** The running event is done: the next that waits begins. */
  finishEvent(): void {
    const inbox = this.#inbox;
    if (inbox !== undefined) {
      for (let event = this.#takeEvent(inbox); event !== undefined; event = this.#takeEvent(inbox)) {
        if (!this.route.run(this, event)) return;
      }
      this.#inbox = undefined;
    }
    this.#isBusy = false;
    inbox?.settle();
  }

  /** An event runs. */
  get isBusy(): boolean {
    return this.#isBusy;
  }

  /** Resolves when no event runs or waits. */
  settle(): Promise<void> {
    if (!this.#isBusy) return Promise.resolve();
    this.#inbox ??= new Inbox(this.route.inboxLimits);
    return this.#inbox.settled;
  }

  #takeEvent(inbox: Inbox): SessionEvent | undefined {
    const event = inbox.shift();
    if (inbox.isLow && this.#socket?.isPaused) this.#socket.resume();
    return event;
  }

  #handle(event: SessionEvent): void {
    if (this.#isBusy) return this.#keep(event);
    this.#isBusy = true;
    if (!this.route.run(this, event)) return;
    if (this.#inbox === undefined) this.#isBusy = false;
    else this.finishEvent();
  }

  /** Another event runs. */
  #keep(event: SessionEvent): void {
    this.#inbox ??= new Inbox(this.route.inboxLimits);
    this.#inbox.push(event);
    const socket = this.#socket;
    if (socket !== undefined && this.#inbox.isFull && !socket.isPaused) {
      this.route.inboxLimits.filled();
      socket.pause();
    }
  }
}
