import { type Clock, type ClockTimer, systemClock } from "../core/clock.ts";
import type { Session } from "./session.ts";

/** How often sessions whose token may have expired are looked for, in milliseconds: none is later than this. */
const STEP_MS = 250;

/** Sessions whose tokens expire within the same slot lie together. */
const SLOT_MS = 1000;

/** A step over more slots than this looks at those that there are instead. */
const LONGEST_WALK = 60;

/**
 * Closes sessions when their tokens expire.
 *
 * Unlike an idle timeout this is a moment on the clock: what `Timeouts` forgives, a process that slept or was blocked,
 * does not make a token last longer. Sessions lie in slots of that clock, so no time is too far off, a session without a
 * token costs nothing, and a slot costs only its own sessions.
 */
export class Expiries {
  readonly #expire: (session: Session) => void;
  readonly #slots = new Map<number, Set<Session>>();
  readonly #slotOf = new Map<Session, number>();
  /** The last slot that was looked at. */
  #slot = -Infinity;
  readonly #clock: Clock;
  #timer: ClockTimer | undefined;

  /** @param expire closes a session whose token has expired */
  constructor(expire: (session: Session) => void, clock = systemClock) {
    this.#clock = clock;
    this.#expire = expire;
  }

  start(): void {
    this.#timer = this.#clock.setInterval(() => this.advance(this.#clock.date()), STEP_MS);
  }

  stop(): void {
    this.#clock.clear(this.#timer);
  }

  /** Begins to watch `session` if it has a token that expires; once more if it has another one. */
  watch(session: Session): void {
    this.forget(session);
    const expiresAt = session.identity?.expiresAt ?? Infinity;
    if (expiresAt === Infinity) return;
    const slot = Math.max(Math.ceil(expiresAt / SLOT_MS), this.#slot + 1);
    this.#slotOf.set(session, slot);
    const others = this.#slots.get(slot);
    if (others === undefined) this.#slots.set(slot, new Set([session]));
    else others.add(session);
  }

  forget(session: Session): void {
    const slot = this.#slotOf.get(session);
    if (slot === undefined) return;
    this.#slotOf.delete(session);
    const others = this.#slots.get(slot);
    others?.delete(session);
    if (others?.size === 0) this.#slots.delete(slot);
  }

  /** Closes every session whose token has expired at `now`, in milliseconds since 1970. */
  advance(now: number): void {
    const from = this.#slot;
    const to = Math.floor(now / SLOT_MS);
    this.#slot = to;
    if (this.#slots.size === 0 || to === from) return;
    if (to < from || to - from > LONGEST_WALK) {
      for (const slot of this.#slots.keys()) if (slot <= to) this.#close(slot);
    } else {
      for (let slot = from + 1; slot <= to; slot += 1) this.#close(slot);
    }
  }

  #close(slot: number): void {
    const due = this.#slots.get(slot);
    if (due === undefined) return;
    this.#slots.delete(slot);
    for (const session of due) {
      this.#slotOf.delete(session);
      this.#expire(session);
    }
  }
}
