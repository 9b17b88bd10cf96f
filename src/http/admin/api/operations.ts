import type * as v from "valibot";
import { Fault } from "../../../core/errors.ts";
import { encodeMessage, type EncodedMessage } from "../../../groups/message.ts";
import { toGroupName } from "../../../groups/groups.ts";
import type { Backend } from "../backend.ts";
import type { InputSchema } from "./read-input.ts";
import * as schemas from "./schemas.ts";

/** What an operation answers instead of its result. */
export class Refusal {
  readonly status: 400 | 404;
  readonly message: string;

  constructor(status: 400 | 404, message: string) {
    this.status = status;
    this.message = message;
  }
}

/** One thing that the API does: it is routed, validated and described by this. */
export type Operation<Input = unknown, Output = unknown> = {
  method: "GET" | "POST";
  /** Below `/-/api`, with parameters as `:id`. */
  path: string;
  /** Its name in the description. */
  id: string;
  summary: string;
  /** The body of a POST, the query of a GET. */
  takes: InputSchema<Input> | undefined;
  answers: v.GenericSchema<unknown, Output>;
  /** What it may refuse beside a wrong input. */
  refuses?: Partial<Record<Refusal["status"], string>>;
  run(backend: Backend, input: Input, id: string): Output | Refusal | Promise<Output | Refusal>;
};

function operation<Input, Output>(given: Operation<Input, Output>): Operation {
  return given as unknown as Operation;
}

const noSession = { 404: "No session with this id is open" };

const notOpen = () => new Refusal(404, noSession[404]);

/** All of them, in the order in which they are described. */
export const operations: readonly Operation[] = [
  operation({
    method: "POST",
    path: "/publish",
    id: "publish",
    summary: "Send a message to every session in a group",
    takes: schemas.publishBody,
    answers: schemas.published,
    async run(backend, { group, except, ...given }) {
      const name = readGroupName(group);
      if (name instanceof Refusal) return name;
      const message = readMessage(given);
      return message instanceof Refusal ? message : { members: await backend.publish(name, message, except) };
    },
  }),
  operation({
    method: "POST",
    path: "/send",
    id: "send",
    summary: "Send a message to one session",
    takes: schemas.sendBody,
    answers: schemas.sent,
    refuses: noSession,
    async run(backend, { session, ...given }) {
      const message = readMessage(given);
      if (message instanceof Refusal) return message;
      return (await backend.send(session, message)) ? { sent: true as const } : notOpen();
    },
  }),
  operation({
    method: "POST",
    path: "/close",
    id: "close",
    summary: "Close a session with a close code",
    takes: schemas.closeBody,
    answers: schemas.closed,
    refuses: noSession,
    run: async (backend, { session, code, reason }) =>
      (await backend.close(session, code, reason)) ? { closed: true as const } : notOpen(),
  }),
  operation({
    method: "GET",
    path: "/groups",
    id: "listGroups",
    summary: "List groups and their sizes",
    takes: schemas.groupQuery,
    answers: schemas.groupPage,
    async run(backend, query) {
      const { total, rows } = await backend.listGroups(query);
      return { total, groups: rows };
    },
  }),
  operation({
    method: "GET",
    path: "/sessions",
    id: "listSessions",
    summary: "List open sessions",
    takes: schemas.sessionQuery,
    answers: schemas.sessionPage,
    async run(backend, { path, group, ...query }) {
      const { total, rows } = await backend.listSessions({ ...query, path, group });
      return { total, sessions: rows };
    },
  }),
  operation({
    method: "GET",
    path: "/sessions/:id",
    id: "getSession",
    summary: "Describe an open session",
    takes: undefined,
    answers: schemas.sessionDetails,
    refuses: noSession,
    run: async (backend, _, id) => (await backend.findSession(id)) ?? notOpen(),
  }),
  operation({
    method: "GET",
    path: "/health",
    id: "getHealth",
    summary: "Tell how the server is",
    takes: undefined,
    answers: schemas.health,
    run: (backend) => backend.readHealth(),
  }),
];

type GivenMessage = { message: unknown; encoding: "json" | "base64" };

function readMessage({ message, encoding }: GivenMessage): EncodedMessage | Refusal {
  if (encoding === "json") return encodeMessage(message);
  return typeof message === "string" && message.length % 4 === 0 && /^[A-Za-z\d+/]*={0,2}$/.test(message)
    ? Uint8Array.from(Buffer.from(message, "base64"))
    : new Refusal(400, 'The field "message" must be base64');
}

function readGroupName(group: string): string | Refusal {
  try {
    return toGroupName(group);
  } catch (error) {
    if (error instanceof Fault) return new Refusal(400, error.message);
    throw error;
  }
}
