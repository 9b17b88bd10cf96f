import { describeError, Fault, nameKind } from "../core/errors.ts";

/** What travels: text, or the bytes of a binary frame. */
export type EncodedMessage = string | Uint8Array<ArrayBuffer>;

/**
 * Text stays text, bytes stay bytes, and everything else that JSON knows is sent as JSON.
 *
 * @throws {Fault} `MESSAGE` for what neither is: undefined, a function, an object with a cycle.
 */
export function encodeMessage(message: unknown): EncodedMessage {
  if (typeof message === "string") return message;
  if (message instanceof Uint8Array) return message as Uint8Array<ArrayBuffer>;
  if (ArrayBuffer.isView(message))
    return new Uint8Array(message.buffer as ArrayBuffer, message.byteOffset, message.byteLength);
  if (message instanceof ArrayBuffer) return new Uint8Array(message);
  if (typeof message === "bigint") return String(message);
  let json: string | undefined;
  try {
    json = JSON.stringify(message);
  } catch (error) {
    throw new Fault(
      "MESSAGE",
      `Cannot send ${nameKind(message)}: ${describeError(error).replace(/\.$/, "")}, expected something that JSON can hold`,
      {
        cause: error,
      },
    );
  }
  if (json === undefined)
    throw new Fault(
      "MESSAGE",
      `Cannot send ${nameKind(message)}: expected a text, bytes or something that JSON can hold`,
    );
  return json;
}
