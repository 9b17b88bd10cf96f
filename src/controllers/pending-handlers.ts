import type { Fault } from "../core/errors.ts";
import { log } from "../core/log.ts";
import type { SessionEvent } from "../sessions/event.ts";
import type { Session } from "../sessions/session.ts";
import type { Generation, Waiting } from "./generation.ts";

/** So many are kept for the next events. */
const MAX_FREE = 256;

/** An event whose handler returned a promise. */
export type PendingEvent = {
  session: Session;
  event: SessionEvent;
  generation: Generation;
  /** Called when the handler has ended well or was given up. */
  finish: (session: Session) => void;
  /** Called as soon as the handler has ended or was given up, if anybody wants to know. */
  ended?: (() => void) | undefined;
};

/** Called when a handler has ended with `cause`; true if nothing runs for its event any more. */
export type Fail = (pending: PendingEvent, cause: unknown) => boolean;

/**
 * Follows asynchronous handlers to their end.
 *
 * What follows one is used again for the next, so that a handler that awaits something costs one promise of ours.
 */
export class PendingHandlers {
  readonly #fail: Fail;
  readonly #free: PendingHandler[] = [];

  constructor(fail: Fail) {
    this.#fail = fail;
  }

  /** Calls `pending.finish` once `result` is fulfilled, and `fail` before that if it is rejected. */
  follow(result: Promise<unknown>, pending: PendingEvent): void {
    const handler =
      this.#free.pop() ??
      new PendingHandler(this.#fail, (free) => {
        if (this.#free.length < MAX_FREE) this.#free.push(free);
      });
    handler.follow(result, pending);
  }
}

class PendingHandler implements Waiting {
  place = 0;
  readonly #fail: Fail;
  readonly #free: (handler: PendingHandler) => void;
  #pending: PendingEvent | undefined;

  constructor(fail: Fail, free: (handler: PendingHandler) => void) {
    this.#fail = fail;
    this.#free = free;
  }

  follow(result: Promise<unknown>, pending: PendingEvent): void {
    this.#pending = pending;
    pending.generation.begin(this);
    void result.then(this.#fulfilled, this.#rejected);
  }

  /** A handler that was given up may yet end: nobody hears it, and what followed it is used no more. */
  giveUp(fault: Fault): void {
    const pending = this.#pending;
    if (pending === undefined) return;
    this.#pending = undefined;
    pending.generation.end(this);
    pending.ended?.();
    log.warning(fault.message, { session: pending.session.info.id });
    pending.finish(pending.session);
  }

  readonly #fulfilled = (): void => {
    const pending = this.#end();
    pending?.finish(pending.session);
  };

  readonly #rejected = (cause: unknown): void => {
    const pending = this.#end();
    if (pending !== undefined && this.#fail(pending, cause)) pending.finish(pending.session);
  };

  #end(): PendingEvent | undefined {
    const pending = this.#pending;
    if (pending === undefined) return undefined;
    this.#pending = undefined;
    pending.generation.end(this);
    pending.ended?.();
    this.#free(this);
    return pending;
  }
}
