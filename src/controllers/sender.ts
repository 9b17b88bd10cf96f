import { Fault, nameKind } from "../core/errors.ts";
import { isPromise } from "../core/promise.ts";
import { encodeMessage, type EncodedMessage } from "../groups/message.ts";
import { describeIssues } from "./schema-issues.ts";
import { isSchema, type StandardSchema } from "./standard-schema.ts";

export type SendOptions<Sent = unknown> = {
  /** What the message must match; what the schema makes of it is sent, as JSON. */
  schema?: StandardSchema<unknown, Sent>;
};

export type GroupSendOptions<Sent = unknown> = SendOptions<Sent> & {
  /** The session that does not get it. */
  except?: string;
  /**
   * Milliseconds, 0 to 1000, instead of `--coalesce`: if the group was written less than this ago, the message waits for the end
   * of that time and goes out with the others.
   */
  coalesce?: number;
};

/** `send` and `sendToGroup` for what one schema takes. */
export type Sender<Sent> = {
  readonly send: (id: string, message: Sent) => boolean;
  readonly sendToGroup: (
    group: string | number,
    message: Sent,
    options?: Pick<GroupSendOptions, "except" | "coalesce">,
  ) => void;
};

/** Where a definition with `sends` has its sender. */
export const sending: unique symbol = Symbol("hubbub.sending");

/** `send` and `sendToGroup` as controllers import them. */
type Sends = {
  send(id: string, message: unknown, options: SendOptions): boolean;
  sendToGroup(group: string | number, message: unknown, options: GroupSendOptions): void;
};

/** Gives `sends` a schema for all that goes through it. */
export function createSender(schema: StandardSchema, sends: Sends): Sender<unknown> {
  const options = { schema };
  return {
    send: (id, message) => sends.send(id, message, options),
    sendToGroup: (group, message, own) =>
      sends.sendToGroup(group, message, own === undefined ? options : { ...own, schema }),
  };
}

/**
 * What `schema` makes of `message`, as JSON; a text too is JSON, in quotes.
 *
 * @throws {Fault} `MESSAGE_SCHEMA` if the message does not match, or the schema is asynchronous.
 */
export function encodeTyped(message: unknown, schema: StandardSchema): EncodedMessage {
  if (!isSchema(schema)) throw schemaFault(message, `its schema is ${nameKind(schema)}, expected a Standard Schema`);
  const result = schema["~standard"].validate(message);
  if (isPromise(result)) {
    result.then(undefined, () => {});
    throw schemaFault(message, "its schema is asynchronous, expected one that answers at once");
  }
  if (result.issues !== undefined)
    throw schemaFault(message, `${describeIssues(result.issues)}, expected what its schema takes`);
  const { value } = result;
  return typeof value === "string" ? JSON.stringify(value) : encodeMessage(value);
}

function schemaFault(message: unknown, what: string): Fault {
  return new Fault("MESSAGE_SCHEMA", `Cannot send ${nameKind(message)}: ${what}`);
}
