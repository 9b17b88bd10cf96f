import type { Config } from "../../core/config.ts";
import type { LoopLag } from "../../core/loop-lag.ts";
import type { Health } from "./backend.ts";

export type HealthParts = {
  version: string;
  config: Config;
  /** What `--max-sessions` comes to; 0 for no limit. */
  maxSessions: number;
  /** Milliseconds since 1970. */
  startedAt: number;
  now: () => number;
  findUnreadiness: () => string | undefined;
  controllers: { current: { number: number }; lastFault: string };
  sessions: { size: number };
  groups: { count: number };
  loopLag: LoopLag;
};

/** Says how this process is at the moment. */
export function readHealth(parts: HealthParts): Health {
  const { version, config, maxSessions, startedAt, now, controllers, sessions, groups, loopLag } = parts;
  const reason = parts.findUnreadiness();
  const { current, lastFault } = controllers;
  return {
    status: reason === undefined ? "ready" : "not ready",
    ...(reason !== undefined && { reason }),
    version,
    runtime: `Bun ${Bun.version}`,
    generation: current.number,
    ...(lastFault !== "" && { lastFault }),
    startedAt: new Date(startedAt).toISOString(),
    uptimeSeconds: Math.round(now() - startedAt) / 1000,
    sessions: sessions.size,
    groups: groups.count,
    eventLoopLagSeconds: loopLag.longestSeconds,
    memoryBytes: process.memoryUsage.rss(),
    limits: {
      maxSessions,
      maxSessionsPerAddress: config.maxSessionsPerAddress,
      maxUpgradesPerSecond: config.maxUpgradesPerSecond,
      maxMessageBytes: config.maxMessageBytes,
      maxBacklogBytes: config.maxBacklogBytes,
      maxGroups: config.maxGroups,
    },
  };
}
