import type { Cluster } from "../bus/cluster.ts";

/** Whether the server takes sessions: what `/-/ready` answers. */
export class Readiness {
  readonly #cluster: Pick<Cluster, "stage"> | undefined;
  isStopping = false;
  /** No more files can be opened. */
  isOutOfFiles = false;

  constructor(cluster: Pick<Cluster, "stage"> | undefined) {
    this.#cluster = cluster;
  }

  /** Why no session can be opened at the moment; undefined if one can. */
  findUnreadiness(): string | undefined {
    if (this.isStopping) return "draining";
    if (this.isOutOfFiles) return "out of open files";
    const stage = this.#cluster?.stage ?? "up";
    return stage === "up" ? undefined : stage === "down" ? "bus down" : "bus connecting";
  }
}
