import { nameKind } from "../core/errors.ts";
import { type Exports, shapeFault } from "./exports.ts";
import type { OnInvalid } from "./invalid-message.ts";
import { isSchema, type StandardSchema } from "./standard-schema.ts";

/** What a controller says of its messages and its parameters. */
export type ControllerSchemas = {
  /** What those that come in must match. */
  readonly takes: StandardSchema | undefined;
  readonly onInvalid: OnInvalid;
  /** What those that its sender sends must match. */
  readonly sends: StandardSchema | undefined;
  /** What the parameters of an upgrade must match. */
  readonly params: StandardSchema | undefined;
};

const none: ControllerSchemas = { takes: undefined, onInvalid: "reply", sends: undefined, params: undefined };

/**
 * The schemas that `defineController` was given; in other exports their names mean nothing.
 *
 * @throws {Fault} `CONTROLLER_SHAPE`
 */
export function takeSchemas(file: string, exports: Exports, isDefined: boolean): ControllerSchemas {
  const { message, onMessage, webSocketEvent } = exports;
  if (!isDefined) {
    if (isSchema(message))
      throw shapeFault(file, '"message" is a schema, expected it in defineController({ message, … })');
    return none;
  }
  const sends = takeSchema(file, exports, "sends");
  const params = takeSchema(file, exports, "params");
  const onInvalid = takeOnInvalid(file, exports);
  if (isSchema(message)) {
    if (onMessage === undefined && webSocketEvent === undefined)
      throw shapeFault(file, '"message" is a schema and nothing hears messages, expected onMessage or webSocketEvent');
    return { takes: message, onInvalid: onInvalid ?? "reply", sends, params };
  }
  if (message !== undefined && typeof message !== "function")
    throw shapeFault(file, `"message" is ${nameKind(message)}, expected a function or a schema`);
  const alone = ["onMessage", "onInvalid"].find((name) => exports[name] !== undefined);
  if (alone !== undefined)
    throw shapeFault(file, `it has "${alone}" and no schema in "message", expected both or a handler in "message"`);
  return { ...none, sends, params };
}

function takeSchema(file: string, exports: Exports, name: "sends" | "params"): StandardSchema | undefined {
  const schema = exports[name];
  if (schema === undefined || isSchema(schema)) return schema;
  throw shapeFault(file, `"${name}" is ${nameKind(schema)}, expected a schema`);
}

function takeOnInvalid(file: string, { onInvalid }: Exports): OnInvalid | undefined {
  if (onInvalid === undefined || onInvalid === "reply" || onInvalid === "close") return onInvalid;
  const what = typeof onInvalid === "string" ? `"${onInvalid}"` : nameKind(onInvalid);
  throw shapeFault(file, `"onInvalid" is ${what}, expected "reply" or "close"`);
}
