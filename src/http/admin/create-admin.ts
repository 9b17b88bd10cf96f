import type { Cluster } from "../../bus/cluster.ts";
import type { Api } from "../../controllers/api.ts";
import type { Clock } from "../../core/clock.ts";
import type { Facts } from "../../core/facts.ts";
import { takeMetricsSnapshot } from "../../core/metrics-snapshot.ts";
import type { Groups } from "../../groups/groups.ts";
import type { Sessions } from "../../sessions/sessions.ts";
import type { TrustedProxies } from "../forwarded.ts";
import type { UpgradeGate } from "../upgrade.ts";
import { Admin } from "./admin.ts";
import { AdminAccess } from "./admin-access.ts";
import { createCrewBackend } from "./crew-backend.ts";
import { Inspector, type Reload } from "./inspector/inspector.ts";
import { createLocalBackend } from "./local-backend.ts";
import { type HealthParts, readHealth } from "./read-health.ts";

export type CreateAdminParts = Pick<
  HealthParts,
  "version" | "config" | "controllers" | "loopLag" | "findUnreadiness"
> & {
  clock: Clock;
  proxies: TrustedProxies;
  gate: UpgradeGate;
  api: Api;
  groups: Groups;
  /** The other nodes, if there can be some. */
  cluster: Cluster | undefined;
  sessions: Sessions;
  /** What other workers of this process say, if there are some. */
  facts: Facts;
  /** The controllers folder. */
  folder: string;
  reload: Reload;
  /** The number of this worker, if there are several. */
  worker: number | undefined;
};

/** The inspector, the API and the metrics of this process. */
export function createAdmin({
  clock,
  proxies,
  gate,
  api,
  groups,
  cluster,
  sessions,
  facts,
  folder,
  reload,
  worker,
  ...parts
}: CreateAdminParts): Admin {
  const { registry, maxSessions } = sessions;
  const { metrics, throttledLog } = gate;
  facts.provide("metrics", () => {
    const gauges = {
      sessions: registry.size,
      groups: groups.count,
      nodes: cluster?.nodeCount ?? 0,
      generation: parts.controllers.current.number,
      isReady: parts.findUnreadiness() === undefined,
      lagSeconds: parts.loopLag.longestSeconds,
    };
    return takeMetricsSnapshot(metrics, gauges, worker);
  });
  const startedAt = clock.date();
  const health = { ...parts, maxSessions, startedAt, now: () => clock.date(), sessions: registry, groups };
  const groupNames = function* () {
    for (const [name] of groups.sizes()) yield name;
    if (cluster !== undefined) yield* cluster.groupsElsewhere();
  };
  const local = createLocalBackend({ api, sessions: registry, groupNames, readHealth: () => readHealth(health) });
  const backend = facts.isShared ? createCrewBackend(local, facts) : local;
  const { version, config } = parts;
  const token = config.adminToken;
  const access = new AdminAccess({ token, proxies, metrics, throttledLog, now: () => clock.now() });
  const groupSource = {
    find: (name: string) => groups.find(name),
    names: groupNames,
    sizeOf: (name: string) => api.getGroupSize(name),
  };
  const inspector = access.isOn
    ? new Inspector({
        ...parts,
        folder,
        clock,
        metrics,
        sessions: registry,
        groups: groupSource,
        listControllers: () => api.controllers(),
        backend,
        facts,
        reload,
      })
    : undefined;
  return new Admin({ access, backend, gate, facts, version, metricsFrom: config.metricsFrom }, inspector);
}
