import type { Bytes, ConnectOptions } from "./connect.d.ts";

type Format = NonNullable<ConnectOptions["format"]>;

/** Bytes go as they are, all else as `format` says. */
export function encode(message: unknown, format: Format): string | Bytes {
  if (message instanceof ArrayBuffer || ArrayBuffer.isView(message) || message instanceof Blob) return message as Bytes;
  const text: unknown = format === "json" ? JSON.stringify(message) : message;
  if (typeof text === "string") return text;
  throw new TypeError(
    `Cannot send a message of type "${typeof message}": expected bytes or what the format ${format} can hold`,
  );
}

export function decode(data: unknown, format: Format): unknown {
  if (format === "text" || typeof data !== "string") return data;
  try {
    return JSON.parse(data);
  } catch (cause) {
    throw new Error(`Cannot read "${data.slice(0, 40)}": it is not JSON, expected that or the format "text"`, {
      cause,
    });
  }
}
