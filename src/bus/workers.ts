import type { Bus, BusEnd, OpenBus } from "./bus.ts";
import { BatchWriter, readBatch } from "./worker-batch.ts";

/** So much may wait in one worker for another, in bytes: what comes then is lost, until that has taken some. */
const MAX_WAITING_BYTES = 16 * 1024 * 1024;

/** So many bytes go to another worker at once; the rest of a turn follows. */
const MAX_BATCH_BYTES = 256 * 1024;

/** A way to another worker of the process. */
export type WorkerWay = {
  port: MessagePort;
  /** How many bytes each end has taken, modulo 2^32, in memory that both share. */
  taken: Int32Array<SharedArrayBuffer>;
  /** Which of the two is this end. */
  own: 0 | 1;
};

/** Makes the two ends of a way between two workers. */
export function createWay(): [WorkerWay, WorkerWay] {
  const { port1, port2 } = new MessageChannel();
  const taken = new Int32Array(new SharedArrayBuffer(8));
  return [
    { port: port1, taken, own: 0 },
    { port: port2, taken, own: 1 },
  ];
}

/** The ways to the other workers of the process: they come and go while the bus is open. */
export class WorkersNetwork {
  readonly #ways = new Set<WorkerWay>();
  #bus: WorkersBus | undefined;

  /** Adds a way to another worker; it goes by itself when that ends. */
  add(way: WorkerWay): void {
    this.#ways.add(way);
    way.port.addEventListener("close", () => this.#ways.delete(way));
    this.#bus?.add(way);
  }

  /** Makes the bus of this worker's node. */
  readonly open: OpenBus = (end) => {
    this.#bus = new WorkersBus(end, this.#ways);
    return this.#bus;
  };
}

/** Another worker, as this one knows it. */
type Peer = {
  way: WorkerWay;
  /** Empty until it has said it. */
  node: string;
  /** The groups that it has subscribed to. */
  groups: Set<string>;
  batch: BatchWriter;
  isDue: boolean;
  /** How many bytes went to it, modulo 2^32. */
  sent: number;
};

/**
 * The bus between the workers of one process: each sends to each through a port of their own.
 *
 * What is given within one turn goes to a worker as one message: a text with a character for each byte, which costs the
 * runtime a third of what an array of bytes costs.
 */
class WorkersBus implements Bus {
  readonly #end: BusEnd;
  readonly #ways: ReadonlySet<WorkerWay>;
  readonly #peers = new Set<Peer>();
  readonly #groups = new Set<string>();
  /** Who has subscribed to a group. */
  readonly #interested = new Map<string, Set<Peer>>();
  #isUp = false;

  constructor(end: BusEnd, ways: ReadonlySet<WorkerWay>) {
    this.#end = end;
    this.#ways = ways;
  }

  start(): void {
    this.#isUp = true;
    for (const way of this.#ways) this.add(way);
    queueMicrotask(() => {
      if (this.#isUp) this.#end.onStage("up");
    });
  }

  /** Begins to use a way. */
  add(way: WorkerWay): void {
    if (!this.#isUp) return;
    const peer: Peer = { way, node: "", groups: new Set(), batch: new BatchWriter(), isDue: false, sent: 0 };
    this.#peers.add(peer);
    this.#write(peer, "node", this.#end.node);
    for (const group of this.#groups) this.#write(peer, "subscribe", group);
    way.port.addEventListener("close", () => this.#remove(peer));
    way.port.onmessage = ({ data }) => this.#take(peer, data as string);
  }

  publish(group: string, frame: Uint8Array): void {
    for (const peer of this.#interested.get(group) ?? []) this.#send(peer, frame);
  }

  sendTo(node: string, frame: Uint8Array): void {
    for (const peer of this.#peers) if (peer.node === node) this.#send(peer, frame);
  }

  broadcast(frame: Uint8Array): void {
    for (const peer of this.#peers) this.#send(peer, frame);
  }

  subscribe(group: string): void {
    this.#groups.add(group);
    for (const peer of this.#peers) this.#write(peer, "subscribe", group);
  }

  unsubscribe(group: string): void {
    this.#groups.delete(group);
    for (const peer of this.#peers) this.#write(peer, "unsubscribe", group);
  }

  async stop(): Promise<void> {
    this.#isUp = false;
    for (const peer of this.#peers) {
      this.#flush(peer);
      peer.way.port.close();
    }
    this.#peers.clear();
    this.#interested.clear();
  }

  #send(peer: Peer, frame: Uint8Array): void {
    const { way, sent, batch } = peer;
    const waiting = (sent - Atomics.load(way.taken, 1 - way.own)) | 0;
    if (waiting + batch.size + frame.length > MAX_WAITING_BYTES) this.#end.onLost(1);
    else this.#write(peer, "frame", frame);
  }

  #write(peer: Peer, kind: Parameters<BatchWriter["add"]>[0], content: string | Uint8Array): void {
    peer.batch.add(kind, content);
    if (peer.batch.size >= MAX_BATCH_BYTES) this.#flush(peer);
    else if (!peer.isDue) {
      peer.isDue = true;
      queueMicrotask(() => this.#flush(peer));
    }
  }

  #flush(peer: Peer): void {
    peer.isDue = false;
    const { size } = peer.batch;
    if (size === 0) return;
    peer.sent = (peer.sent + size) | 0;
    peer.way.port.postMessage(peer.batch.take());
  }

  #take(peer: Peer, batch: string): void {
    if (!this.#isUp) return;
    const { taken, own } = peer.way;
    readBatch(batch, (kind, content) => {
      // A frame may have ended this bus.
      if (!this.#isUp) return;
      if (kind === "frame") this.#end.deliver(content);
      else this.#note(peer, kind, content.toString());
    });
    Atomics.add(taken, own, batch.length);
  }

  #note(peer: Peer, kind: "node" | "subscribe" | "unsubscribe", text: string): void {
    if (kind === "node") {
      peer.node = text;
      return;
    }
    let interested = this.#interested.get(text);
    if (kind === "subscribe") {
      if (interested === undefined) this.#interested.set(text, (interested = new Set()));
      interested.add(peer);
      peer.groups.add(text);
    } else {
      peer.groups.delete(text);
      interested?.delete(peer);
      if (interested?.size === 0) this.#interested.delete(text);
    }
  }

  /** The other worker has ended. */
  #remove(peer: Peer): void {
    if (!this.#peers.delete(peer)) return;
    for (const group of peer.groups) this.#note(peer, "unsubscribe", group);
    if (this.#isUp && peer.node !== "") this.#end.onGone?.(peer.node);
  }
}
