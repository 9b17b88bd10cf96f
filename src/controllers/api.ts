import { AsyncLocalStorage } from "node:async_hooks";
import { format } from "node:util";
import type { Cluster } from "../bus/cluster.ts";
import type { FrameMember } from "../bus/frame.ts";
import { Fault, nameKind } from "../core/errors.ts";
import { controllerLog } from "../core/log.ts";
import { type Groups, toGroupName } from "../groups/groups.ts";
import { encodeMessage, type EncodedMessage } from "../groups/message.ts";
import { isSendableCode, MAX_REASON_BYTES } from "../sessions/close-codes.ts";
import type { Delivery } from "../sessions/delivery.ts";
import { listMembers } from "../sessions/members.ts";
import type { Registry } from "../sessions/registry.ts";
import { defineController } from "./controller.ts";
import type { Kept } from "./kept.ts";
import { createSender, encodeTyped, type GroupSendOptions, sending, type SendOptions } from "./sender.ts";
import { isSchema } from "./standard-schema.ts";

/** One line of `controllers()`. */
export type ControllerInfo = {
  path: string;
  file: string;
  /** Upper-case method names. */
  methods: string[];
  /** It hears the events of sessions. */
  webSocket: boolean;
};

/** One session of a group. */
export type GroupMember = {
  id: string;
  /** What its `data.public` is, if that is set: a copy, as JSON holds it. */
  public?: unknown;
};

/** Everything that a controller can import from `"hubbub"`. */
export type Api = {
  /** Adds a session to a group, which thereby exists; an unknown session is ignored. */
  addToGroup(group: string | number, id?: string): void;
  /** Takes a session out of a group; unknown ones are ignored. A session that ends leaves its groups by itself. */
  removeFromGroup(group: string | number, id?: string): void;
  /** Sends to one session: text as text, bytes as binary, anything else as JSON. False if it is not open. */
  send<Sent>(id: string, message: NoInfer<Sent>, options?: SendOptions<Sent>): boolean;
  /** Sends to every session in a group. */
  sendToGroup<Sent>(group: string | number, message: NoInfer<Sent>, options?: GroupSendOptions<Sent>): void;
  /** How many sessions are in a group, on all nodes. */
  getGroupSize(group: string | number): number;
  /** The sessions in a group, on all nodes; a node that does not answer within two seconds is left out. */
  getGroupMembers(group: string | number): Promise<GroupMember[]>;
  /** Ends a session with a close code (1000 to 1003, 1007 to 1014, 3000 to 4999). False if it is not open. */
  close(id: string, code?: number, reason?: string): boolean;
  isOpen(id: string): boolean;
  /** The names of the groups that a session is in, sorted. */
  getGroups(id: string): string[];
  /** A value that survives live edits: `init` makes it the first time that `name` is asked for. */
  kept<T>(name: string, init: () => T): T;
  /** Writes to the server's log, with `%s`-style arguments. */
  log: ControllerLog;
  defineController: typeof defineController;
  /** All controllers that are loaded, sorted by path. */
  controllers(): ControllerInfo[];
};

export type ControllerLog = Record<
  "debug" | "info" | "warning" | "error",
  (text: unknown, ...values: unknown[]) => void
>;

export type ApiParts = {
  registry: Registry;
  groups: Groups;
  delivery: Delivery;
  /** The other nodes, if there can be some. */
  cluster: Cluster | undefined;
  /** `--coalesce`. */
  coalesceMs: number;
  kept: Kept;
  listControllers: () => ControllerInfo[];
};

/**
 * Makes the functions that controllers import.
 *
 * Sends read nothing and start nothing; what ends a session runs in the host's context, so that it does not end with
 * the generation that asked for it.
 */
export function createApi({ registry, groups, delivery, cluster, coalesceMs, kept, listControllers }: ApiParts): Api {
  const asHost = AsyncLocalStorage.snapshot();
  const find = (id: unknown) => registry.get(typeof id === "string" ? id : String(id));

  const api: Api = {
    addToGroup(group, id) {
      const name = toGroupName(group);
      const session = find(id);
      if (session !== undefined) delivery.addToGroup(name, session);
      else cluster?.addToGroup(String(id), name);
    },

    removeFromGroup(group, id) {
      const name = toGroupName(group);
      const session = find(id);
      if (session !== undefined) delivery.removeFromGroup(name, session);
      else cluster?.removeFromGroup(String(id), name);
    },

    send(id, message, options) {
      const encoded = encode(message, options);
      const session = delivery.findCorked(id) ?? find(id);
      if (session !== undefined) return delivery.send(session, encoded);
      return cluster !== undefined && cluster.send(String(id), encoded);
    },

    sendToGroup(group, message, options) {
      const name = toGroupName(group);
      const encoded = encode(message, options);
      const exceptId = options?.except;
      const except = exceptId === undefined ? undefined : find(exceptId);
      const windowMs = options?.coalesce === undefined ? coalesceMs : toWindow(options.coalesce);
      const isElsewhere = exceptId !== undefined && except === undefined && cluster?.isElsewhere(String(exceptId));
      delivery.sendToGroup(name, encoded, windowMs, except, isElsewhere === true ? exceptId : undefined);
    },

    getGroupSize(group) {
      const name = toGroupName(group);
      const size = groups.find(name)?.size ?? 0;
      return cluster === undefined ? size : size + cluster.sizeElsewhere(name);
    },

    async getGroupMembers(group) {
      const name = toGroupName(group);
      const elsewhere = cluster?.listMembersElsewhere(name);
      const members = listMembers(registry.values(), groups.find(name));
      if (elsewhere !== undefined) members.push(...(await elsewhere));
      return members.map(toGroupMember);
    },

    close(id, code = 1000, reason = "") {
      if (!isSendableCode(code)) {
        throw new Fault(
          "CLOSE_CODE",
          `Cannot close a session with code ${String(code)}: expected 1000 to 1003, 1007 to 1014 or 3000 to 4999`,
        );
      }
      if (typeof reason !== "string" || Buffer.byteLength(reason) > MAX_REASON_BYTES) {
        throw new Fault(
          "CLOSE_CODE",
          `Cannot close a session with this reason: it is ${typeof reason === "string" ? "too long" : nameKind(reason)}, expected a text of at most ${MAX_REASON_BYTES} bytes`,
        );
      }
      const session = find(id);
      if (session === undefined) return cluster !== undefined && cluster.close(String(id), code, reason);
      asHost(() => delivery.close(session, code, reason));
      return true;
    },

    isOpen: (id) => find(id) !== undefined || (cluster !== undefined && cluster.isOpen(String(id))),

    getGroups: (id) => (find(id)?.memberships ?? []).map(({ name }) => name).sort(),

    kept: <T>(name: string, init: () => T) => kept.take(name, init) as T,
    log: createControllerLog(),
    defineController(definition) {
      const sender = isSchema(definition.sends) ? createSender(definition.sends, api) : undefined;
      return Object.assign(defineController(definition), sender && { [sending]: sender });
    },
    controllers: listControllers,
  };
  return api;
}

function encode(message: unknown, options: SendOptions | undefined): EncodedMessage {
  return options?.schema === undefined ? encodeMessage(message) : encodeTyped(message, options.schema);
}

/** The names that `createApi` gives: what the module `"hubbub"` exports. */
export const apiNames: readonly (keyof Api)[] = [
  "addToGroup",
  "removeFromGroup",
  "send",
  "sendToGroup",
  "getGroupSize",
  "getGroupMembers",
  "close",
  "isOpen",
  "getGroups",
  "kept",
  "log",
  "defineController",
  "controllers",
];

function toGroupMember({ id, public: json }: FrameMember): GroupMember {
  return json === undefined ? { id } : { id, public: JSON.parse(json) };
}

function toWindow(coalesce: unknown): number {
  if (typeof coalesce === "number" && coalesce >= 0 && coalesce <= 1000) return coalesce;
  const kind = typeof coalesce === "number" ? String(coalesce) : nameKind(coalesce);
  throw new Fault("COALESCE", `Cannot send to a group: coalesce is ${kind}, expected 0 to 1000 milliseconds`);
}

function createControllerLog(): ControllerLog {
  const write =
    (level: keyof ControllerLog) =>
    (text: unknown, ...values: unknown[]) => {
      controllerLog[level](format(text, ...values));
    };
  return { debug: write("debug"), info: write("info"), warning: write("warning"), error: write("error") };
}
