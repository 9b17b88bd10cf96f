import type { ClusterHost, WatchedMembers } from "../bus/host.ts";
import { describeError } from "../core/errors.ts";
import type { ThrottledLog } from "../core/throttled-log.ts";
import type { Groups } from "../groups/groups.ts";
import type { Delivery } from "./delivery.ts";
import { listMembers } from "./members.ts";
import type { Registry } from "./registry.ts";

export type ClusterHostParts = {
  registry: Registry;
  groups: Groups;
  delivery: Delivery;
  throttledLog: ThrottledLog;
  watched: WatchedMembers;
};

/** What other nodes may do with the sessions of this one. */
export function createClusterHost(parts: ClusterHostParts): ClusterHost {
  const { registry, groups, delivery, throttledLog, watched } = parts;
  return {
    watched,

    publish(group, messages) {
      for (const { message, windowMs, except } of messages) {
        delivery.sendToOwnGroup(group, message, windowMs, except === undefined ? undefined : registry.get(except));
      }
    },

    send(id, message) {
      const session = registry.get(id);
      return session !== undefined && delivery.send(session, message);
    },

    close(id, code, reason) {
      const session = registry.get(id);
      if (session !== undefined) delivery.close(session, code, reason);
      return session !== undefined;
    },

    addToGroup(id, group) {
      const session = registry.get(id);
      if (session === undefined) return false;
      try {
        delivery.addToGroup(group, session);
      } catch (error) {
        throttledLog.warning("join", describeError(error), { session: id, group });
      }
      return true;
    },

    removeFromGroup(id, group) {
      const session = registry.get(id);
      if (session !== undefined) delivery.removeFromGroup(group, session);
      return session !== undefined;
    },

    sizeOf: (group) => groups.find(group)?.size ?? 0,
    sizes: () => groups.sizes(),
    listMembers: (group) => listMembers(registry.values(), groups.find(group)),
  };
}
