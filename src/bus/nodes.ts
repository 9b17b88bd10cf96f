/** Another node as this one knows it. */
type OtherNode = {
  /** When it was heard last, by the clock. */
  heardAt: number;
  /** The number of its last `sizes` that is in the table; -1 before there was a table. */
  number: number;
  /** How many of its sessions are in each group. */
  sizes: Map<string, number>;
  /** A table that comes in parts. */
  coming: ComingTable | undefined;
  /** When it was last asked for its table, by the clock. */
  askedAt: number;
  /** The number of its last frame to each group that this node has subscribed to. */
  frames: Map<string, number>;
};

type ComingTable = {
  number: number;
  /** The part that comes next. */
  part: number;
  sizes: Map<string, number>;
  /** The changes that came meanwhile. */
  later: { number: number; sizes: Sizes }[];
  /** When its last part came, by the clock. */
  heardAt: number;
};

type Sizes = [group: string, size: number][];

/** So many changes are kept while a table comes; then it is asked for anew. */
const MAX_LATER_CHANGES = 1000;

/** A node is asked for its table again after this many milliseconds at the earliest. */
const ASK_INTERVAL_MS = 1000;

export type NodesOptions = {
  now: () => number;
  /** Asks a node for its table. */
  ask: (node: string) => void;
  /** Told of each node that comes or goes, and why it goes. */
  onChange: (node: string, change: "came" | "left" | "silent") => void;
};

/**
 * The other nodes of the cluster: who is there, and how many sessions each has in which group.
 *
 * Each table follows from numbered changes. When a number is left out, the whole table is asked for.
 */
export class Nodes {
  readonly #options: NodesOptions;
  readonly #nodes = new Map<string, OtherNode>();

  constructor(options: NodesOptions) {
    this.#options = options;
  }

  get count(): number {
    return this.#nodes.size;
  }

  has(node: string): boolean {
    return this.#nodes.has(node);
  }

  ids(): MapIterator<string> {
    return this.#nodes.keys();
  }

  /** How many sessions of the other nodes are in a group, as far as they have told. */
  sizeOf(group: string): number {
    let size = 0;
    for (const { sizes } of this.#nodes.values()) size += sizes.get(group) ?? 0;
    return size;
  }

  /** The groups that sessions of the other nodes are in, some of them more than once. */
  *groups(): Generator<string> {
    for (const { sizes } of this.#nodes.values()) yield* sizes.keys();
  }

  /** The nodes that have a session in a group. */
  list(group: string): string[] {
    return [...this.#nodes].filter(([, { sizes }]) => sizes.has(group)).map(([node]) => node);
  }

  /** The other nodes' groups with how many of their sessions are in each; a group that two have comes twice. */
  *sizes(): Generator<[group: string, size: number]> {
    for (const { sizes } of this.#nodes.values()) yield* sizes;
  }

  /** Something came from a node. */
  hear(node: string): void {
    this.#find(node);
  }

  /** The node has sent so many `sizes`. */
  takeNumber(node: string, number: number): void {
    const other = this.#find(node);
    // A node without sessions has nothing to tell.
    if (other.number === -1 && number === 0) other.number = 0;
    if (other.number !== number) this.#ask(node, other);
  }

  takeSizes(node: string, number: number, sizes: Sizes): void {
    const other = this.#find(node);
    const { coming } = other;
    if (coming !== undefined && number > coming.number) {
      if (coming.later.length < MAX_LATER_CHANGES) coming.later.push({ number, sizes });
      return;
    }
    if (number <= other.number) return;
    if (!applyChange(other, number, sizes)) this.#ask(node, other);
  }

  takeState(node: string, part: { number: number; part: number; isLast: boolean; sizes: Sizes }): void {
    const other = this.#find(node);
    const heardAt = other.heardAt;
    if (part.part === 0) other.coming = { number: part.number, part: 0, sizes: new Map(), later: [], heardAt };
    const { coming } = other;
    if (coming === undefined || coming.number !== part.number || coming.part !== part.part) {
      other.coming = undefined;
      return;
    }
    coming.part += 1;
    coming.heardAt = heardAt;
    for (const [group, size] of part.sizes) setSize(coming.sizes, group, size);
    if (!part.isLast) return;
    other.coming = undefined;
    other.number = coming.number;
    other.sizes = coming.sizes;
    for (const { number, sizes } of coming.later) {
      if (!applyChange(other, number, sizes)) return this.#ask(node, other);
    }
  }

  /** A node has sent its frame of that number to a group; returns how many before it did not come. */
  takeFrame(node: string, group: string, number: number): number {
    const { frames } = this.#find(node);
    const last = frames.get(group);
    frames.set(group, number);
    // A number that is not larger begins anew: the node has forgotten how many it had sent.
    return last === undefined || number <= last ? 0 : number - last - 1;
  }

  /** This node gets no more frames to a group. */
  forgetGroup(group: string): void {
    for (const { frames } of this.#nodes.values()) frames.delete(group);
  }

  forget(node: string, change: "left" | "silent"): void {
    if (this.#nodes.delete(node)) this.#options.onChange(node, change);
  }

  /** Forgets every node of which nothing was heard for that long. */
  forgetSilent(silenceMs: number): void {
    const since = this.#options.now() - silenceMs;
    for (const [node, { heardAt }] of this.#nodes) if (heardAt < since) this.forget(node, "silent");
  }

  /** For that long nothing could be heard of any node: it counts for none of them. */
  excuse(ms: number): void {
    for (const other of this.#nodes.values()) other.heardAt += ms;
  }

  #find(node: string): OtherNode {
    const now = this.#options.now();
    let other = this.#nodes.get(node);
    if (other === undefined) {
      other = {
        heardAt: now,
        number: -1,
        sizes: new Map(),
        coming: undefined,
        askedAt: -Infinity,
        frames: new Map(),
      };
      this.#nodes.set(node, other);
      this.#options.onChange(node, "came");
    }
    other.heardAt = now;
    return other;
  }

  #ask(node: string, other: OtherNode): void {
    const now = this.#options.now();
    if (now - Math.max(other.askedAt, other.coming?.heardAt ?? -Infinity) < ASK_INTERVAL_MS) return;
    other.askedAt = now;
    this.#options.ask(node);
  }
}

/** False if a change before this one is not known. */
function applyChange(other: OtherNode, number: number, sizes: Sizes): boolean {
  // The first change of a node that has just come is all that it has.
  if (number !== other.number + 1 && !(other.number === -1 && number === 1)) return false;
  other.number = number;
  for (const [group, size] of sizes) setSize(other.sizes, group, size);
  return true;
}

function setSize(sizes: Map<string, number>, group: string, size: number): void {
  if (size === 0) sizes.delete(group);
  else sizes.set(group, size);
}
