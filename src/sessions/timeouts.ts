import { type Clock, type ClockTimer, systemClock } from "../core/clock.ts";
import type { Session } from "./session.ts";

/** How long one slot is, in milliseconds: a timeout is late by two slots at most. */
const SLOT_MS = 250;

/** A step longer than this was no time in which a session could be heard: the process slept or was blocked. */
const LONGEST_STEP_MS = 4 * SLOT_MS;

/** The sessions that are looked at at one moment. */
export type Slot = {
  /** In slots since the start. */
  readonly number: number;
  readonly sessions: Session[];
};

export type TimeoutsOptions = {
  /** How often a silent session is pinged; 0 for never. */
  pingSeconds: number;
  /** Closes a session that was not heard in time. */
  expire: (session: Session) => void;
  clock?: Clock;
};

/**
 * Closes sessions that fall silent, and pings them so that live ones do not.
 *
 * A timer wheel: a session sits in the slot in which it must next be looked at, so an event costs one store
 * (`session.heardAt`) and a slot costs only its own sessions. Its time is made of steps of the interval, so a
 * blocked or sleeping process expires nobody, and a clock that jumps does nothing.
 */
export class Timeouts {
  readonly #pingMs: number;
  readonly #expire: (session: Session) => void;
  readonly #clock: Clock;
  readonly #slots = new Map<number, Slot>();
  #now = 0;
  #slot = 0;
  /** The time of the last step, by the clock. */
  #steppedAt = 0;
  #heldMs = 0;
  #timer: ClockTimer | undefined;

  constructor({ pingSeconds, expire, clock = systemClock }: TimeoutsOptions) {
    this.#clock = clock;
    this.#pingMs = pingSeconds * 1000;
    this.#expire = expire;
  }

  /** Starts the wheel. */
  start(): void {
    this.#steppedAt = this.#clock.now();
    this.#timer = this.#clock.setInterval(() => {
      const heldMs = this.#readHeldMs();
      const now = this.#clock.now();
      this.advance(now - this.#steppedAt - heldMs);
      this.#heldMs += heldMs;
      this.#steppedAt = now;
    }, SLOT_MS);
  }

  stop(): void {
    this.#clock.clear(this.#timer);
  }

  /** Begins to watch `session`, if it has a timeout or is to be pinged. */
  watch(session: Session): void {
    this.hear(session);
    this.#schedule(session);
  }

  /** Something came from `session`: a message, a ping or a pong. */
  hear(session: Session): void {
    session.heardAt = this.#now;
  }

  forget(session: Session): void {
    const { dueSlot: slot, duePlace } = session;
    if (slot === undefined) return;
    session.dueSlot = undefined;
    const last = slot.sessions.pop();
    if (last !== undefined && last !== session) {
      slot.sessions[duePlace] = last;
      last.duePlace = duePlace;
    }
    if (slot.sessions.length === 0) this.#slots.delete(slot.number);
  }

  /** Milliseconds since the start, made of the wheel's steps. */
  get now(): number {
    return this.#now;
  }

  /** Milliseconds in which the process slept or was blocked: what `now` leaves out. */
  get heldMs(): number {
    return this.#heldMs + this.#readHeldMs();
  }

  /** How long it has slept or been blocked since the last step. */
  #readHeldMs(): number {
    const stepMs = this.#clock.now() - this.#steppedAt;
    return stepMs > LONGEST_STEP_MS ? stepMs - SLOT_MS : 0;
  }

  /** Moves time forward by `ms` and looks at every session that is due. */
  advance(ms: number): void {
    this.#now += ms;
    const end = Math.floor(this.#now / SLOT_MS);
    for (; this.#slot <= end; this.#slot += 1) {
      const due = this.#slots.get(this.#slot);
      if (due === undefined) continue;
      this.#slots.delete(this.#slot);
      // What ends meanwhile is left out by the slot itself.
      for (let session = due.sessions.at(-1); session !== undefined; session = due.sessions.at(-1)) {
        this.forget(session);
        this.#look(session);
      }
    }
  }

  #look(session: Session): void {
    const { socket, timeoutMs } = session;
    if (socket === undefined) return;
    // A paused socket cannot be heard: that is its controller's doing, not the client's.
    if (socket.isPaused) this.hear(session);
    const silentMs = this.#silence(session);
    if (timeoutMs > 0 && silentMs >= timeoutMs) return this.#expire(session);
    if (this.#pingMs > 0 && silentMs >= this.#pingMs) {
      socket.ping();
      return this.#schedule(session, this.#pingMs);
    }
    this.#schedule(session);
  }

  /** Puts `session` into the slot of its next ping or of its timeout, whichever comes first. */
  #schedule(session: Session, untilPing = this.#pingMs > 0 ? this.#pingMs - this.#silence(session) : Infinity): void {
    const untilTimeout = session.timeoutMs > 0 ? session.timeoutMs - this.#silence(session) : Infinity;
    const until = Math.min(untilTimeout, untilPing);
    if (until === Infinity) return;
    const number = Math.max(this.#slot, Math.ceil((this.#now + until) / SLOT_MS));
    let slot = this.#slots.get(number);
    if (slot === undefined) this.#slots.set(number, (slot = { number, sessions: [] }));
    session.dueSlot = slot;
    session.duePlace = slot.sessions.push(session) - 1;
  }

  /** The least time that `session` can have been silent: `heardAt` may be a whole slot old. */
  #silence(session: Session): number {
    return this.#now - session.heardAt - SLOT_MS;
  }
}
