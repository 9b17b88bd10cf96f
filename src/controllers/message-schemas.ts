import { nameKind } from "../core/errors.ts";
import { type Exports, shapeFault } from "./exports.ts";
import type { OnInvalid } from "./invalid-message.ts";
import { isSchema, type StandardSchema } from "./standard-schema.ts";

/** What a controller says of its messages. */
export type MessageSchemas = {
  /** What those that come in must match. */
  readonly takes: StandardSchema | undefined;
  readonly onInvalid: OnInvalid;
  /** What those that its sender sends must match. */
  readonly sends: StandardSchema | undefined;
};

/**
 * The schemas that `defineController` was given; in other exports their names mean nothing.
 *
 * @throws {Fault} `CONTROLLER_SHAPE`
 */
export function takeMessageSchemas(file: string, exports: Exports, isDefined: boolean): MessageSchemas {
  const { message, onMessage, webSocketEvent } = exports;
  if (!isDefined) {
    if (isSchema(message))
      throw shapeFault(file, '"message" is a schema, expected it in defineController({ message, … })');
    return { takes: undefined, onInvalid: "reply", sends: undefined };
  }
  const sends = takeSends(file, exports);
  const onInvalid = takeOnInvalid(file, exports);
  if (isSchema(message)) {
    if (onMessage === undefined && webSocketEvent === undefined)
      throw shapeFault(file, '"message" is a schema and nothing hears messages, expected onMessage or webSocketEvent');
    return { takes: message, onInvalid: onInvalid ?? "reply", sends };
  }
  if (message !== undefined && typeof message !== "function")
    throw shapeFault(file, `"message" is ${nameKind(message)}, expected a function or a schema`);
  const alone = ["onMessage", "onInvalid"].find((name) => exports[name] !== undefined);
  if (alone !== undefined)
    throw shapeFault(file, `it has "${alone}" and no schema in "message", expected both or a handler in "message"`);
  return { takes: undefined, onInvalid: "reply", sends };
}

function takeSends(file: string, { sends }: Exports): StandardSchema | undefined {
  if (sends === undefined || isSchema(sends)) return sends;
  throw shapeFault(file, `"sends" is ${nameKind(sends)}, expected a schema`);
}

function takeOnInvalid(file: string, { onInvalid }: Exports): OnInvalid | undefined {
  if (onInvalid === undefined || onInvalid === "reply" || onInvalid === "close") return onInvalid;
  const what = typeof onInvalid === "string" ? `"${onInvalid}"` : nameKind(onInvalid);
  throw shapeFault(file, `"onInvalid" is ${what}, expected "reply" or "close"`);
}
