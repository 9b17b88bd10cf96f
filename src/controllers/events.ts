import { describeError, describeStack, Fault } from "../core/errors.ts";
import { log } from "../core/log.ts";
import type { Watchdog } from "../core/watchdog.ts";
import type { SessionEvent } from "../sessions/event.ts";
import type { RunEvent, Session } from "../sessions/session.ts";
import type { Generation } from "./generation.ts";
import { formatLocation, locate } from "./location.ts";

export type RunEventOptions = {
  /** The generation that serves. */
  current: () => Generation;
  /** Closes a session; returns how many of its messages were not handled. */
  close: (session: Session, code: number, reason: string) => number;
  /** Told what runs, if there is one. */
  watchdog: Watchdog | undefined;
};

/**
 * Makes what runs the events of the sessions at `path`: each event in the generation that is current when it comes.
 *
 * A fault in open or message is logged, told to the controller in one `error` event, and closes the session with 1011;
 * one in close or error is logged.
 */
export function createRunEvent(path: string, { current, close, watchdog }: RunEventOptions): RunEvent {
  const numberOf = (type: SessionEvent["type"]) => watchdog?.numberOf(`the controller of ${path} in ${type}`) ?? 0;
  const numbers = {
    open: numberOf("open"),
    message: numberOf("message"),
    close: numberOf("close"),
    error: numberOf("error"),
  };
  return run;

  function run(session: Session, event: SessionEvent): Promise<void> | undefined {
    const generation = current();
    const onEvent = generation.controllers.get(path)?.onEvent;
    if (onEvent === undefined) return undefined;
    let result: unknown;
    const before = watchdog?.enter(numbers[event.type]) ?? 0;
    try {
      result = generation.run(onEvent, event);
    } catch (error) {
      return fail(session, event, error, generation);
    } finally {
      watchdog?.leave(before);
    }
    return isPromise(result) ? finish(session, event, result, generation) : undefined;
  }

  async function finish(
    session: Session,
    event: SessionEvent,
    result: PromiseLike<unknown>,
    generation: Generation,
  ): Promise<void> {
    try {
      await generation.follow(result);
    } catch (error) {
      if (error instanceof Fault && error.code === "CONTROLLER_ENDED")
        log.warning(error.message, { session: session.info.id });
      else await fail(session, event, error, generation);
    }
  }

  function fail(
    session: Session,
    event: SessionEvent,
    cause: unknown,
    generation: Generation,
  ): Promise<void> | undefined {
    const error = describeError(cause);
    logFault(session, event, cause, generation, path);
    if (event.type === "close" || event.type === "error") return undefined;
    const running = run(session, { type: "error", session: session.info, data: session.data, error, cause });
    if (running !== undefined) return running.then(() => endAfterFault(session));
    endAfterFault(session);
    return undefined;
  }

  function endAfterFault(session: Session): void {
    const dropped = close(session, 1011, "controller error");
    if (dropped === 0) return;
    log.warning(`Dropped ${dropped} waiting messages of a session that its controller failed`, {
      session: session.info.id,
      dropped,
    });
  }
}

/** Whether `value` must be awaited. */
export function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}

function logFault(
  session: Session,
  event: SessionEvent,
  cause: unknown,
  { controllers, folder }: Generation,
  path: string,
): void {
  const file = controllers.get(path)?.file ?? path;
  const place = locate(cause, folder);
  const where = place === undefined ? "" : ` at ${formatLocation(place)}`;
  log.error(`Controller "${file}" failed in ${event.type}${where}: ${describeError(cause)}`, {
    session: session.info.id,
    path: session.info.path,
    ...place,
    detail: describeStack(cause),
  });
}
