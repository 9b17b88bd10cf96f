import type { Bus, BusEnd, OpenBus } from "./bus.ts";

/**
 * The bus of nodes that live in one thread: a network of function calls.
 *
 * A server without `--bus` has no bus at all, which costs nothing.
 */
export class LocalNetwork {
  readonly #buses = new Map<string, LocalBus>();

  /** Makes the bus of one node. */
  readonly open: OpenBus = (end) => new LocalBus(end, this.#buses);
}

class LocalBus implements Bus {
  readonly #end: BusEnd;
  readonly #buses: Map<string, LocalBus>;
  readonly #groups = new Set<string>();
  #waiting: Uint8Array[] = [];

  constructor(end: BusEnd, buses: Map<string, LocalBus>) {
    this.#end = end;
    this.#buses = buses;
  }

  start(): void {
    this.#buses.set(this.#end.node, this);
    queueMicrotask(() => {
      if (this.#isUp) this.#end.onStage("up");
    });
  }

  publish(group: string, frame: Uint8Array): void {
    for (const bus of this.#others()) if (bus.#groups.has(group)) bus.#receive(frame);
  }

  sendTo(node: string, frame: Uint8Array): void {
    for (const bus of this.#others()) if (bus.#end.node === node) bus.#receive(frame);
  }

  broadcast(frame: Uint8Array): void {
    for (const bus of this.#others()) bus.#receive(frame);
  }

  subscribe(group: string): void {
    this.#groups.add(group);
  }

  unsubscribe(group: string): void {
    this.#groups.delete(group);
  }

  async stop(): Promise<void> {
    this.#buses.delete(this.#end.node);
    this.#waiting = [];
  }

  get #isUp(): boolean {
    return this.#buses.get(this.#end.node) === this;
  }

  *#others(): Generator<LocalBus> {
    if (this.#isUp) for (const bus of this.#buses.values()) if (bus !== this) yield bus;
  }

  #receive(frame: Uint8Array): void {
    this.#waiting.push(frame);
    if (this.#waiting.length > 1) return;
    setImmediate(() => {
      const frames = this.#waiting;
      this.#waiting = [];
      for (const each of frames) if (this.#isUp) this.#end.deliver(each);
    });
  }
}
