import { describeError } from "../core/errors.ts";
import { isPromise } from "../core/promise.ts";
import type { Message, MessageEvent, SessionEvent } from "../sessions/event.ts";
import { InvalidMessage, type OnInvalid } from "./invalid-message.ts";
import type { SchemaResult, StandardSchema } from "./standard-schema.ts";

type OnEvent = (event: SessionEvent) => unknown;

/**
 * Puts `schema` before `onEvent`: a message is parsed as JSON and validated, and `onEvent` gets what the schema makes of it.
 *
 * Without a promise, unless the schema makes one. Throws an `InvalidMessage` for what the schema does not take.
 */
export function typeMessages(schema: StandardSchema, onEvent: OnEvent, onInvalid: OnInvalid): OnEvent {
  const standard = schema["~standard"];
  return (event) => {
    if (event.type !== "message") return onEvent(event);
    const value = parse(event.message, onInvalid);
    let result: ReturnType<typeof standard.validate>;
    try {
      result = standard.validate(value);
    } catch (error) {
      throw toInvalid(error, onInvalid);
    }
    if (!isPromise(result)) return hear(event, result);
    return result.then(
      (settled) => hear(event, settled),
      (error: unknown) => {
        throw toInvalid(error, onInvalid);
      },
    );
  };

  function hear(event: MessageEvent, result: SchemaResult): unknown {
    if (result.issues !== undefined)
      throw new InvalidMessage("not-valid", "The message does not match the schema", onInvalid, result.issues);
    (event as MessageEvent<unknown, unknown, unknown>).message = result.value;
    return onEvent(event);
  }
}

function parse(message: Message, onInvalid: OnInvalid): unknown {
  if (typeof message !== "string")
    throw new InvalidMessage("not-text", "The message is binary, expected JSON as text", onInvalid);
  try {
    return JSON.parse(message);
  } catch (error) {
    throw new InvalidMessage("not-json", `The message is not JSON: ${describeError(error)}`, onInvalid);
  }
}

/** A schema that refers to itself runs out of stack when a message is nested deeply enough; all else is its own fault. */
function toInvalid(thrown: unknown, onInvalid: OnInvalid): unknown {
  const isOutOfStack = thrown instanceof RangeError && thrown.message.startsWith("Maximum call stack size exceeded");
  return isOutOfStack ? new InvalidMessage("not-valid", "The message is nested too deeply", onInvalid) : thrown;
}
