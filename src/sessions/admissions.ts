import type { Metrics, RefusalReason } from "../core/metrics.ts";
import { toNetwork } from "../core/network.ts";

/** Why an upgrade is refused at the moment, and in how many seconds to try again. */
export type AdmissionRefusal = { reason: Exclude<RefusalReason, "origin" | "params">; retryAfterSeconds: number };

/** What the workers of one process count together. */
export type SharedCounts = {
  /** Sessions that are open in all of them. */
  readonly open: number;
  /** One of `address` has been opened here (1), or has ended (-1); an empty address is not counted. */
  count(address: string, change: 1 | -1): void;
  /** Whether as many of `address` are open in all of them as may be. */
  isFull(address: string): boolean;
  /** Takes one from this second's upgrades; false if none is left. */
  takeUpgrade(): boolean;
};

export type AdmissionsOptions = {
  /** 0 for no limit, as for the others. */
  maxSessions: number;
  maxSessionsPerAddress: number;
  maxUpgradesPerSecond: number;
  metrics: Metrics;
  /** Milliseconds of a clock that does not jump. */
  now?: () => number;
  /** Present where the limits are for several workers. */
  shared?: SharedCounts | undefined;
};

/** Who may open a session: counts those that are open, in all and by address, and how many are opened in a second. */
export class Admissions {
  readonly #options: AdmissionsOptions;
  readonly #now: () => number;
  readonly #byAddress = new Map<string, number>();
  #open = 0;
  #upgradeCredit: number;
  #creditedAt: number;
  #isDraining = false;

  constructor(options: AdmissionsOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
    this.#upgradeCredit = options.maxUpgradesPerSecond;
    this.#creditedAt = this.#now();
  }

  /** From here on nobody is admitted. */
  drain(): void {
    this.#isDraining = true;
  }

  /** Whether an upgrade that has just come may go on: takes one from this second's upgrades. */
  begin(address: string): AdmissionRefusal | undefined {
    return this.check(address) ?? this.#takeUpgrade();
  }

  /** Whether one more session may be opened now. */
  check(address: string): AdmissionRefusal | undefined {
    const { maxSessions, maxSessionsPerAddress, shared } = this.#options;
    if (this.#isDraining) return this.#refuse("draining", 1);
    if (maxSessions > 0 && (shared?.open ?? this.#open) >= maxSessions) return this.#refuse("max-sessions", 5);
    if (maxSessionsPerAddress > 0 && this.#isFull(toCounted(address), maxSessionsPerAddress))
      return this.#refuse("max-sessions-per-address", 30);
    return undefined;
  }

  /** A session of `address` is open. */
  add(address: string): void {
    this.#open += 1;
    const counted = toCounted(address);
    this.#options.shared?.count(counted, 1);
    if (counted !== "") this.#byAddress.set(counted, (this.#byAddress.get(counted) ?? 0) + 1);
  }

  /** A session of `address` has ended. */
  remove(address: string): void {
    this.#open -= 1;
    const counted = toCounted(address);
    this.#options.shared?.count(counted, -1);
    const count = this.#byAddress.get(counted);
    if (count === undefined) return;
    if (count === 1) this.#byAddress.delete(counted);
    else this.#byAddress.set(counted, count - 1);
  }

  #isFull(counted: string, limit: number): boolean {
    return (this.#byAddress.get(counted) ?? 0) >= limit || this.#options.shared?.isFull(counted) === true;
  }

  #takeUpgrade(): AdmissionRefusal | undefined {
    const { maxUpgradesPerSecond: rate, shared } = this.#options;
    if (rate === 0) return undefined;
    if (shared !== undefined) return shared.takeUpgrade() ? undefined : this.#refuse("max-upgrades", 1);
    const now = this.#now();
    this.#upgradeCredit = Math.min(rate, this.#upgradeCredit + ((now - this.#creditedAt) / 1000) * rate);
    this.#creditedAt = now;
    if (this.#upgradeCredit < 1) return this.#refuse("max-upgrades", 1);
    this.#upgradeCredit -= 1;
    return undefined;
  }

  #refuse(reason: AdmissionRefusal["reason"], seconds: number): AdmissionRefusal {
    this.#options.metrics.upgradesRefused[reason] += 1;
    // Spread, so that those who were refused together do not come back together.
    return { reason, retryAfterSeconds: seconds + Math.floor(Math.random() * seconds) };
  }
}

/**
 * What stands for an address where sessions are counted: an IPv6 network of 64 bits, which one customer has, and
 * nothing for this machine's own, where a proxy may be.
 */
function toCounted(address: string): string {
  if (address.startsWith("127.") || address === "::1" || address === "") return "";
  return toNetwork(address);
}
