import { describeError, toShowable } from "../core/errors.ts";
import type { EventTimer, EventType } from "../core/event-times.ts";
import { isPromise, takeFulfilled } from "../core/promise.ts";
import { log } from "../core/log.ts";
import type { Metrics } from "../core/metrics.ts";
import type { Watchdog } from "../core/watchdog.ts";
import type { SessionEvent } from "../sessions/event.ts";
import type { RunEvent, Session } from "../sessions/session.ts";
import type { EndReason } from "../sessions/sessions.ts";
import type { OnEvent } from "./event-handlers.ts";
import type { Generation } from "./generation.ts";
import { InvalidMessage } from "./invalid-message.ts";
import { type PendingEvent, PendingHandlers } from "./pending-handlers.ts";
import { describeThrown } from "./thrown.ts";

/** What a session is told when its controller throws. */
const failed: EndReason = { code: 1011, text: "controller error" };

/** What it is told when it sends an invalid message and the controller says `onInvalid: "close"`. */
const invalid: EndReason = { code: 4400, text: "invalid message" };

/** What the events of one type are measured with: their timer, and what stands for them in the watchdog. */
type Meter = { timer: EventTimer; number: number };

export type RunEventOptions = {
  /** The generation that serves. */
  current: () => Generation;
  close: (session: Session, reason: EndReason) => void;
  /** Tells a session that its message was not taken. */
  refuse: (session: Session, message: InvalidMessage) => void;
  metrics: Metrics;
  /** Told what runs, if there is one. */
  watchdog: Watchdog | undefined;
};

/**
 * Makes what runs the events of the sessions at `path`: each event in the generation that is current when it comes.
 *
 * A fault in open or message is logged, told to the controller in one `error` event, and closes the session with 1011;
 * one in close or error is logged.
 * An invalid message is answered, told to the controller in an `error` event, and closes the session only if the controller says so.
 */
export function createRunEvent(path: string, { current, close, refuse, metrics, watchdog }: RunEventOptions): RunEvent {
  const timers = metrics.eventTimes.of(path);
  const meterOf = (type: EventType): Meter => ({ timer: timers[type], number: watchdog?.numberOf(path, type) ?? 0 });
  const meters = { open: meterOf("open"), close: meterOf("close"), error: meterOf("error") };
  const messageMeter = meterOf("message");
  let serving: Generation | undefined;
  let onEvent: OnEvent | undefined;
  const pendingHandlers = new PendingHandlers(fail);
  return (session, event) => run(session, event, finishEvent);

  /** Runs `event`; true if it is done, false if `finish` is called once it is. */
  function run(session: Session, event: SessionEvent, finish: (session: Session) => void): boolean {
    const generation = current();
    if (generation !== serving) {
      serving = generation;
      const heard = generation.controllers.get(path)?.onEvent;
      onEvent = heard && generation.bind(heard);
    }
    if (onEvent === undefined) return true;
    const { timer, number } = event.type === "message" ? messageMeter : meters[event.type];
    const weight = timer.take();
    const ended = weight > 0 ? startTimer(timer, weight) : undefined;
    let settled: Promise<unknown>;
    const before = watchdog?.enter(number) ?? 0;
    try {
      const result = takeFulfilled(onEvent(event));
      if (!isPromise(result)) {
        ended?.();
        return true;
      }
      settled = Promise.resolve(result);
    } catch (error) {
      ended?.();
      return fail({ session, event, generation, finish }, error);
    } finally {
      watchdog?.leave(before);
    }
    pendingHandlers.follow(settled, { session, event, generation, finish, ended });
    return false;
  }

  function fail(pending: PendingEvent, thrown: unknown): boolean {
    const { session, event, generation } = pending;
    const cause = toShowable(thrown);
    if (cause instanceof InvalidMessage) {
      refuse(session, cause);
      const { text, issues, onInvalid } = cause;
      const told: SessionEvent = { type: "error", session: session.info, data: session.data, error: text, issues };
      return tell(pending, told, onInvalid === "close" ? invalid : undefined);
    }
    metrics.countEventError(path);
    logFault(session, event, cause, generation, path);
    if (event.type === "close" || event.type === "error") return true;
    const error = describeError(cause);
    return tell(pending, { type: "error", session: session.info, data: session.data, error, cause }, failed);
  }

  /** Runs an `error` event, and then closes the session with `reason`, if there is one. */
  function tell({ session, finish }: PendingEvent, event: SessionEvent, reason: EndReason | undefined): boolean {
    const end = () => {
      if (reason !== undefined) close(session, reason);
    };
    const isDone = run(session, event, () => {
      end();
      finish(session);
    });
    if (isDone) end();
    return isDone;
  }
}

/** What is to be called when an event that is timed has ended. */
function startTimer(timer: EventTimer, weight: number): () => void {
  const startedAt = performance.now();
  return () => timer.end(startedAt, weight);
}

function finishEvent(session: Session): void {
  session.finishEvent();
}

function logFault(
  session: Session,
  event: SessionEvent,
  cause: unknown,
  { controllers, folder }: Generation,
  path: string,
): void {
  const file = controllers.get(path)?.file ?? path;
  const { where, properties } = describeThrown(cause, folder);
  log.error(`Controller "${file}" failed in ${event.type}${where}: ${describeError(cause)}`, {
    session: session.info.id,
    path: session.info.path,
    controller: file,
    ...properties,
  });
}
