import type { Cluster } from "../bus/cluster.ts";
import { type Clock, systemClock } from "../core/clock.ts";
import type { Config } from "../core/config.ts";
import type { Metrics } from "../core/metrics.ts";
import { countAffordableSessions, readOpenFileLimit } from "../core/open-files.ts";
import type { ThrottledLog } from "../core/throttled-log.ts";
import type { Groups } from "../groups/groups.ts";
import { Admissions, type SharedCounts } from "./admissions.ts";
import { Backlog } from "./backlog.ts";
import { Delivery } from "./delivery.ts";
import { drainSessions } from "./drain.ts";
import { Expiries } from "./expiries.ts";
import { RateLimits } from "./rate-limits.ts";
import { Registry } from "./registry.ts";
import type { Session } from "./session.ts";
import { Timeouts } from "./timeouts.ts";

/** The close code and reason of a session that the server ends. */
export type EndReason = { code: number; text: string };

export type SessionsOptions = {
  config: Config;
  groups: Groups;
  /** The other nodes, if there can be some. */
  cluster: Cluster | undefined;
  metrics: Metrics;
  throttledLog: ThrottledLog;
  clock?: Clock | undefined;
  /** Present where the limits are for several workers. */
  shared?: SharedCounts | undefined;
};

/** The sessions of this node, and what admits, limits, watches and ends them: each part built once. */
export class Sessions {
  readonly registry = new Registry();
  readonly admissions: Admissions;
  readonly delivery: Delivery;
  readonly rateLimits: RateLimits;
  readonly timeouts: Timeouts;
  readonly expiries: Expiries;
  /** What `--max-sessions` comes to; 0 for no limit. */
  readonly maxSessions: number;
  readonly #drainSeconds: number;
  readonly #throttledLog: ThrottledLog;

  constructor({ config, groups, cluster, metrics, throttledLog, clock = systemClock, shared }: SessionsOptions) {
    this.#drainSeconds = config.drainSeconds;
    this.#throttledLog = throttledLog;
    this.timeouts = new Timeouts({
      pingSeconds: config.pingSeconds,
      expire: (session) => this.close(session, { code: 1001, text: "idle timeout" }),
      clock,
    });
    const expire = (session: Session) => this.close(session, { code: 4401, text: "token expired" });
    this.expiries = new Expiries(expire, clock);
    this.rateLimits = new RateLimits({
      messagesPerSecond: config.maxMessagesPerSecond,
      bytesPerSecond: config.maxBytesPerSecond,
      now: () => this.timeouts.now,
      heldMs: () => this.timeouts.heldMs,
    });
    this.maxSessions =
      config.maxSessions === "auto" ? countAffordableSessions(readOpenFileLimit()) : config.maxSessions;
    this.admissions = new Admissions({
      ...config,
      maxSessions: this.maxSessions,
      metrics,
      now: () => clock.now(),
      shared,
    });
    this.delivery = new Delivery({
      groups,
      cluster,
      backlog: new Backlog({
        maxBytes: config.maxBacklogBytes,
        sessions: () => this.registry.values(),
        metrics,
        throttledLog,
      }),
      metrics,
      maxGroups: config.maxGroups,
      compressMinBytes: config.compress ? config.compressMinBytes : Infinity,
      clock,
    });
  }

  /** Begins to watch for sessions that fall silent and tokens that expire. */
  start(): void {
    this.timeouts.start();
    this.expiries.start();
  }

  /** Closes a session after everything that was sent to it, and logs how many of its messages that leaves unhandled. */
  close(session: Session, { code, text }: EndReason): void {
    const dropped = this.delivery.close(session, code, text);
    if (dropped === 0) return;
    const { id, path } = session.info;
    const line = `Dropped ${dropped} messages that waited for the controller of a session: it was closed with ${code}`;
    this.#throttledLog.warning("dropped", line, { session: id, path, dropped });
  }

  /** Admits nobody any more, and closes all that are open, spread over `--drain`. */
  async drain(reason: EndReason): Promise<void> {
    this.admissions.drain();
    this.delivery.flush();
    await drainSessions(this.registry.values(), {
      drainSeconds: this.#drainSeconds,
      close: (session) => this.close(session, reason),
    });
    this.timeouts.stop();
    this.expiries.stop();
  }
}
