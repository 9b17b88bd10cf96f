import { describeError } from "../core/errors.ts";
import type { BusTarget } from "../core/bus-url.ts";
import { waitAtMost } from "../core/wait-at-most.ts";
import type { Bus, BusEnd, BusStage, OpenBus } from "./bus.ts";
import { createIsFrameOf } from "./frame.ts";
import { toBuffer } from "./frame-bytes.ts";
import type { RedisConnection } from "./redis-connection.ts";

/** So many bytes may wait for Redis; further frames are lost. */
const MAX_UNANSWERED_BYTES = 32 * 1024 * 1024;

/** Between two attempts to connect there is at least half of this, and twice as much each time. */
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 2000;

const LONGEST_FLUSH_MS = 1000;

export type RedisBusOptions = {
  target: BusTarget;
  /** The first part of every channel's name: applications with another one do not hear each other. */
  prefix: string;
  /** The certificates that the server's must be signed by, as PEM; the system's if absent. */
  ca?: string | undefined;
  /** A Redis of which nothing is heard for so long is taken for lost; 2.5 seconds if absent. */
  longestSilenceMs?: number | undefined;
};

/** Makes buses that meet in a Redis or a Valkey. */
export function createRedisBus(options: RedisBusOptions): OpenBus {
  return (end) => new RedisBus(end, options);
}

/**
 * A channel for each group, for each node, and one for all, on one connection: what is published and what is subscribed to
 * keep their order.
 */
class RedisBus implements Bus {
  readonly #end: BusEnd;
  readonly #options: RedisBusOptions;
  readonly #isOwn: (frame: Uint8Array) => boolean;
  readonly #groups = new Set<string>();
  readonly #onLost: () => void;
  readonly #stopped = Promise.withResolvers<void>();
  #connection: RedisConnection | undefined;
  #stage: BusStage = "connecting";
  #isStopped = false;

  constructor(end: BusEnd, options: RedisBusOptions) {
    this.#end = end;
    this.#options = options;
    this.#isOwn = createIsFrameOf(end.node);
    this.#onLost = () => end.onLost(1);
  }

  start(): void {
    void this.#run();
  }

  publish(group: string, frame: Uint8Array): void {
    this.#publish(this.#groupChannel(group), frame);
  }

  sendTo(node: string, frame: Uint8Array): void {
    if (node !== this.#end.node) this.#publish(this.#nodeChannel(node), frame);
  }

  broadcast(frame: Uint8Array): void {
    this.#publish(this.#allChannel, frame);
  }

  subscribe(group: string): void {
    this.#groups.add(group);
    const connection = this.#connection;
    connection?.subscribe([this.#groupChannel(group)]).catch((error: unknown) => connection.end(describeError(error)));
  }

  unsubscribe(group: string): void {
    this.#groups.delete(group);
    const connection = this.#connection;
    connection?.unsubscribe(this.#groupChannel(group)).catch((error: unknown) => connection.end(describeError(error)));
  }

  async stop(): Promise<void> {
    const connection = this.#connection;
    const isUp = this.#stage === "up";
    this.#isStopped = true;
    this.#stopped.resolve();
    if (connection === undefined) return;
    if (isUp) await waitAtMost(connection.flush(), LONGEST_FLUSH_MS).catch(() => {});
    connection.end("stopped");
  }

  /** Connects, and does so again for ever. */
  async #run(): Promise<void> {
    let failures = 0;
    for (let attempt = 0; !this.#isStopped; attempt += 1) {
      let reason: string;
      try {
        const connection = await this.#connect(attempt);
        failures = 0;
        reason = await connection.ended;
      } catch (error) {
        reason = describeError(error);
      }
      this.#connection?.end(reason);
      this.#connection = undefined;
      if (this.#isStopped) return;
      this.#turn("down", reason);
      const pauseMs = Math.min(FIRST_PAUSE_MS * 2 ** failures, LONGEST_PAUSE_MS);
      failures += 1;
      // Nodes that have lost the same Redis do not all come back in the same moment.
      await waitAtMost(this.#stopped.promise, pauseMs * (0.5 + Math.random() / 2));
    }
  }

  async #connect(attempt: number): Promise<RedisConnection> {
    const { target, ca, longestSilenceMs } = this.#options;
    // The library is large: who needs no Redis does not load it.
    const { findAddress, RedisConnection } = await import("./redis-connection.ts");
    const address = await findAddress({ target, ca }, attempt);
    const connection = await RedisConnection.open(address, {
      target,
      ca,
      longestSilenceMs,
      onMessage: (message) => {
        if (!this.#isStopped && !this.#isOwn(message)) this.#end.deliver(message);
      },
    });
    if (this.#isStopped) {
      connection.end("stopped");
      return connection;
    }
    // What is subscribed to from here on follows on this connection.
    this.#connection = connection;
    const groups = Array.from(this.#groups, (group) => this.#groupChannel(group));
    const isSubscribed = connection.subscribe([this.#allChannel, this.#nodeChannel(this.#end.node), ...groups]);
    await Promise.race([isSubscribed, connection.ended.then((reason) => Promise.reject(new Error(reason)))]);
    if (this.#isStopped) return connection;
    this.#turn("up");
    return connection;
  }

  #publish(channel: string, frame: Uint8Array): void {
    const connection = this.#connection;
    if (
      this.#stage !== "up" ||
      this.#isStopped ||
      connection === undefined ||
      connection.unanswered > MAX_UNANSWERED_BYTES
    ) {
      if (!this.#isStopped) this.#onLost();
      return;
    }
    connection.publish(channel, toBuffer(frame), this.#onLost);
  }

  #turn(stage: BusStage, reason?: string): void {
    if (stage === this.#stage) return;
    this.#stage = stage;
    this.#end.onStage(stage, reason);
  }

  get #allChannel(): string {
    return `${this.#options.prefix}:all`;
  }

  #nodeChannel(node: string): string {
    return `${this.#options.prefix}:node:${node}`;
  }

  #groupChannel(group: string): string {
    return `${this.#options.prefix}:group:${group}`;
  }
}
