import type { SessionEvent } from "../sessions/event.ts";
import { type Exports, shapeFault, takeFunction } from "./exports.ts";
import type { ControllerSchemas } from "./controller-schemas.ts";
import type { Sender } from "./sender.ts";
import { typeMessages } from "./typed-messages.ts";

/** Hears an event of a session; what it returns is awaited if it is a promise. */
export type OnEvent = (event: SessionEvent) => unknown;

/**
 * One function for all events of a controller; undefined if it hears none.
 *
 * @param sender what a controller with `sends` is given beside the event
 * @throws {Fault} `CONTROLLER_SHAPE`
 */
export function toOnEvent(
  file: string,
  exports: Exports,
  { takes, onInvalid }: ControllerSchemas,
  sender: Sender<unknown> | undefined,
): OnEvent | undefined {
  const onEvent = joinHandlers(file, exports, takes === undefined ? "message" : "onMessage");
  if (onEvent === undefined) return undefined;
  const called: OnEvent = sender === undefined ? onEvent : (event) => onEvent(event, sender);
  return takes === undefined ? called : typeMessages(takes, called, onInvalid);
}

type Handler = (event: SessionEvent, sender?: Sender<unknown>) => unknown;

function joinHandlers(file: string, exports: Exports, message: "message" | "onMessage"): Handler | undefined {
  const every = takeFunction(file, exports, "webSocketEvent") as Handler | undefined;
  const handlers = {
    open: takeFunction(file, exports, "open") as Handler | undefined,
    message: takeFunction(file, exports, message) as Handler | undefined,
    close: takeFunction(file, exports, "close") as Handler | undefined,
    error: takeFunction(file, exports, "error") as Handler | undefined,
  };
  const single = Object.entries(handlers).find(([, handler]) => handler !== undefined)?.[0];
  if (single === undefined) return every;
  if (every !== undefined) {
    const name = single === "message" ? message : single;
    throw shapeFault(file, `it has "webSocketEvent" and "${name}", expected one or the other`);
  }
  return (event, sender) => {
    switch (event.type) {
      case "message":
        return handlers.message?.(event, sender);
      case "open":
        return handlers.open?.(event, sender);
      case "close":
        return handlers.close?.(event, sender);
      case "error":
        return handlers.error?.(event, sender);
    }
  };
}
