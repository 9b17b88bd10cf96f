import type { Frame, WatchedMember } from "./frame.ts";

/** So many buried nodes are remembered; the first goes first. */
const MAX_BURIED = 1000;

export type BurialsOptions = {
  /** This node. */
  node: string;
  /** The other nodes that are there. */
  others: () => Iterable<string>;
  broadcast: (frame: Frame) => void;
  sendTo: (node: string, frame: Frame) => void;
  /** Sessions of a node that is gone have left their groups; called on one node only. */
  onLeft: (members: readonly WatchedMember[]) => void;
};

/** Members of a node that is gone, and who is to say that they have left. */
type Orphans = { members: readonly WatchedMember[]; by: string };

/**
 * Sees to it that the leaving of a gone node's sessions is told by one of the remaining nodes: the one whose id is least.
 *
 * If that goes too before it has said so, the next one does it. A node that was only silent is told when it is heard again.
 */
export class Burials {
  readonly #options: BurialsOptions;
  readonly #orphans = new Map<string, Orphans>();
  readonly #buried = new Set<string>();

  constructor(options: BurialsOptions) {
    this.#options = options;
  }

  /** A node is gone, with members that had not left before. */
  forgot(node: string, members: readonly WatchedMember[]): void {
    const by = this.#choose();
    if (members.length > 0) this.#orphans.set(node, { members, by });
    for (const [gone, orphans] of this.#orphans) {
      if (orphans.by === node) orphans.by = by;
      if (orphans.by === this.#options.node) this.#bury(gone, orphans.members);
    }
  }

  /** A node is there. */
  came(node: string): void {
    this.#orphans.delete(node);
    if (this.#buried.delete(node)) this.#options.sendTo(node, { kind: "returned" });
  }

  /** Another node has told that the sessions of `node` have left. */
  takeBuried(node: string): void {
    this.#orphans.delete(node);
  }

  #choose(): string {
    let least = this.#options.node;
    for (const node of this.#options.others()) if (node < least) least = node;
    return least;
  }

  #bury(node: string, members: readonly WatchedMember[]): void {
    this.#orphans.delete(node);
    this.#buried.add(node);
    if (this.#buried.size > MAX_BURIED) {
      const [oldest] = this.#buried;
      if (oldest !== undefined) this.#buried.delete(oldest);
    }
    this.#options.broadcast({ kind: "buried", node });
    this.#options.onLeft(members);
  }
}
