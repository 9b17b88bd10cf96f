import { toNetwork } from "../../core/network.ts";

/** So many wrong tokens may come from one address at once, and one more each time as much time has passed. */
const MAX_FAILURES = 10;
const FORGIVEN_AFTER_MS = 30_000;

/** So many addresses are remembered; then the one that failed longest ago is forgotten. */
const MAX_ADDRESSES = 10_000;

/** Counts wrong tokens by address (IPv6: by network), so that nobody can try many. */
export class FailedAttempts {
  readonly #now: () => number;
  /** The one that failed longest ago first. */
  readonly #byAddress = new Map<string, { failures: number; at: number }>();

  /** @param now milliseconds of a clock that does not jump */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Seconds until `address` may try again; 0 if it may now. */
  countWaitSeconds(address: string): number {
    const left = this.#countFailures(toNetwork(address)) - (MAX_FAILURES - 1);
    return left <= 0 ? 0 : Math.ceil((left * FORGIVEN_AFTER_MS) / 1000);
  }

  /** A wrong token came from `address`. */
  add(address: string): void {
    const network = toNetwork(address);
    const failures = this.#countFailures(network) + 1;
    this.#byAddress.delete(network);
    this.#byAddress.set(network, { failures, at: this.#now() });
    if (this.#byAddress.size <= MAX_ADDRESSES) return;
    for (const oldest of this.#byAddress.keys()) {
      this.#byAddress.delete(oldest);
      return;
    }
  }

  /** Those that are not forgiven yet; a part of one too. */
  #countFailures(network: string): number {
    const known = this.#byAddress.get(network);
    if (known === undefined) return 0;
    const failures = known.failures - (this.#now() - known.at) / FORGIVEN_AFTER_MS;
    if (failures > 0) return failures;
    this.#byAddress.delete(network);
    return 0;
  }
}
