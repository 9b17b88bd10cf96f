import type { Changes, WatchedMember } from "./frame.ts";

/** What a node has told of its sessions. */
type Table = {
  /** How many are in each group. */
  sizes: Map<string, number>;
  /** Those of which the whole cluster is to know in which groups they are, by id and group. */
  members: Map<string, WatchedMember>;
};

/** Another node as this one knows it. */
type OtherNode = {
  /** When it was heard last, by the clock. */
  heardAt: number;
  /** The number of its last `sizes` that is in the table; -1 before there was a table. */
  number: number;
  table: Table;
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
  table: Table;
  /** The changes that came meanwhile. */
  later: NumberedChanges[];
  /** When its last part came, by the clock. */
  heardAt: number;
};

type NumberedChanges = { number: number } & Changes;

/** So many changes are kept while a table comes; then it is asked for anew. */
const MAX_LATER_CHANGES = 1000;

/** A node is asked for its table again after this many milliseconds at the earliest. */
const ASK_INTERVAL_MS = 1000;

export type NodesOptions = {
  now: () => number;
  /** Asks a node for its table. */
  ask: (node: string) => void;
  /** Told of each node that comes or goes, why it goes, and which members it has left behind. */
  onChange: (node: string, change: "came" | "left" | "silent", members: readonly WatchedMember[]) => void;
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
    for (const { table } of this.#nodes.values()) size += table.sizes.get(group) ?? 0;
    return size;
  }

  /** The groups that sessions of the other nodes are in, some of them more than once. */
  *groups(): Generator<string> {
    for (const { table } of this.#nodes.values()) yield* table.sizes.keys();
  }

  /** The nodes that have a session in a group. */
  list(group: string): string[] {
    return [...this.#nodes].filter(([, { table }]) => table.sizes.has(group)).map(([node]) => node);
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

  takeChanges(node: string, changes: NumberedChanges): void {
    const other = this.#find(node);
    const { coming } = other;
    if (coming !== undefined && changes.number > coming.number) {
      if (coming.later.length < MAX_LATER_CHANGES) coming.later.push(changes);
      return;
    }
    if (changes.number <= other.number) return;
    if (!applyNext(other, changes)) this.#ask(node, other);
  }

  takeState(node: string, part: { part: number; isLast: boolean } & NumberedChanges): void {
    const other = this.#find(node);
    const { heardAt } = other;
    if (part.part === 0) other.coming = { number: part.number, part: 0, table: createTable(), later: [], heardAt };
    const { coming } = other;
    if (coming === undefined || coming.number !== part.number || coming.part !== part.part) {
      other.coming = undefined;
      return;
    }
    coming.part += 1;
    coming.heardAt = heardAt;
    applyChanges(coming.table, part);
    if (!part.isLast) return;
    other.coming = undefined;
    other.number = coming.number;
    other.table = coming.table;
    for (const changes of coming.later) {
      if (!applyNext(other, changes)) return this.#ask(node, other);
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
    const other = this.#nodes.get(node);
    if (other === undefined) return;
    this.#nodes.delete(node);
    this.#options.onChange(node, change, [...other.table.members.values()]);
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
        table: createTable(),
        coming: undefined,
        askedAt: -Infinity,
        frames: new Map(),
      };
      this.#nodes.set(node, other);
      this.#options.onChange(node, "came", []);
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

function createTable(): Table {
  return { sizes: new Map(), members: new Map() };
}

/** False if a change before this one is not known. */
function applyNext(other: OtherNode, changes: NumberedChanges): boolean {
  // The first change of a node that has just come is all that it has.
  if (changes.number !== other.number + 1 && !(other.number === -1 && changes.number === 1)) return false;
  other.number = changes.number;
  applyChanges(other.table, changes);
  return true;
}

function applyChanges(table: Table, { sizes, members }: Changes): void {
  for (const [group, size] of sizes) {
    if (size === 0) table.sizes.delete(group);
    else table.sizes.set(group, size);
  }
  for (const { isIn, id, path, group } of members) {
    const key = `${id} ${group}`;
    if (isIn) table.members.set(key, { id, path, group });
    else table.members.delete(key);
  }
}
