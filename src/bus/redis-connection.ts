import { createClient, type RedisClientType } from "@redis/client";
import { type ClockTimer, systemClock } from "../core/clock.ts";
import { describeError } from "../core/errors.ts";
import type { BusTarget } from "../core/bus-url.ts";
import { completeTracingChannels } from "./tracing-channels.ts";

completeTracingChannels();

/** How long connecting and asking for the first thing may take, in milliseconds. */
const LONGEST_CONNECT_MS = 3000;

/** A Redis of which nothing is heard for so long is taken for lost, in milliseconds. */
const LONGEST_SILENCE_MS = 2500;

/** It is asked whether it is there so often while that goes by. */
const CHECKS = 5;

/** Channels in one command. */
const MAX_CHANNELS = 1000;

/** A client of which all subscriptions are bytes. */
export type RedisClient = RedisClientType;

export type ConnectionOptions = {
  target: BusTarget;
  /** The certificates that the server's must be signed by, as PEM; the system's if absent. */
  ca: string | undefined;
  onMessage: (message: Buffer) => void;
  /** A Redis of which nothing is heard for so long is taken for lost; 2.5 seconds if absent. */
  longestSilenceMs?: number | undefined;
};

/** One connection to a Redis that takes what this node publishes. When it breaks it is over: another takes its place. */
export class RedisConnection {
  /** Resolves with the reason once the connection is broken or ended. */
  readonly ended: Promise<string>;
  readonly #client: RedisClient;
  readonly #target: BusTarget;
  readonly #onMessage: (message: Buffer) => void;
  readonly #end: (reason: string) => void;
  readonly #longestSilenceMs: number;
  #lookedAt = performance.now();
  #heardAt = performance.now();
  #timer: ClockTimer | undefined;
  #unanswered = 0;

  private constructor(
    client: RedisClient,
    { target, onMessage, longestSilenceMs = LONGEST_SILENCE_MS }: ConnectionOptions,
  ) {
    const { promise, resolve } = Promise.withResolvers<string>();
    this.ended = promise;
    this.#client = client;
    this.#target = target;
    this.#end = resolve;
    this.#longestSilenceMs = longestSilenceMs;
    this.#onMessage = (message) => {
      this.#heardAt = performance.now();
      onMessage(message);
    };
    client.on("error", (error) => this.end(describeError(error)));
    client.on("end", () => this.end("the connection was closed"));
  }

  /**
   * Connects to the Redis that `address` is; rejects if that cannot be used.
   *
   * @param address a host and port, or the path of a Unix socket
   */
  static async open(address: Address, options: ConnectionOptions): Promise<RedisConnection> {
    const client = createRedisClient(address, options);
    try {
      return await untilFailure(client, async () => {
        await client.connect();
        const connection = new RedisConnection(client, options);
        await connection.#check();
        connection.#timer = systemClock.setInterval(() => connection.#look(), connection.#longestSilenceMs / CHECKS);
        return connection;
      });
    } catch (error) {
      destroy(client);
      throw error;
    }
  }

  /** How many bytes were published that Redis has not confirmed. */
  get unanswered(): number {
    return this.#unanswered;
  }

  /** Publishes; `onLost` is called if Redis is not known to have it. */
  publish(channel: string, message: Buffer, onLost: () => void): void {
    const { length } = message;
    this.#unanswered += length;
    this.#client.sendCommand(["PUBLISH", channel, message]).then(
      () => {
        this.#unanswered -= length;
        this.#heardAt = performance.now();
      },
      () => {
        this.#unanswered -= length;
        onLost();
      },
    );
  }

  /** Subscribes; resolves when Redis has done so. */
  async subscribe(channels: readonly string[]): Promise<void> {
    const commands: Promise<void>[] = [];
    for (let start = 0; start < channels.length; start += MAX_CHANNELS) {
      commands.push(this.#client.subscribe(channels.slice(start, start + MAX_CHANNELS), this.#onMessage, true));
    }
    await Promise.all(commands);
    this.#heardAt = performance.now();
  }

  async unsubscribe(channel: string): Promise<void> {
    await this.#client.unsubscribe(channel, this.#onMessage, true);
  }

  /** Resolves when Redis has all that was published before. */
  async flush(): Promise<void> {
    await this.#client.ping();
  }

  end(reason: string): void {
    systemClock.clear(this.#timer);
    this.#end(reason);
    destroy(this.#client);
  }

  #look(): void {
    const now = performance.now();
    const heldMs = now - this.#lookedAt - this.#longestSilenceMs / CHECKS;
    this.#lookedAt = now;
    // While this process itself stood still, it could not hear what may have come.
    if (heldMs > this.#longestSilenceMs / CHECKS) this.#heardAt += heldMs;
    if (now - this.#heardAt > this.#longestSilenceMs) {
      this.end(`nothing was heard of it for ${this.#longestSilenceMs / 1000} s`);
      return;
    }
    this.#check().catch((error: unknown) => this.end(describeError(error)));
  }

  /** Rejects if the Redis may not be published to. */
  async #check(): Promise<void> {
    switch (this.#target.kind) {
      case "single":
        await this.#client.ping();
        break;
      case "sentinel": {
        const [role] = await this.#client.sendCommand<[role: string]>(["ROLE"]);
        if (role !== "master") throw new Error(`it is a ${role}, expected the master`);
        break;
      }
      case "cluster": {
        const info = await this.#client.sendCommand<string>(["CLUSTER", "INFO"]);
        if (!info.includes("cluster_state:ok")) throw new Error("its cluster is not whole");
        break;
      }
    }
    this.#heardAt = performance.now();
  }
}

/** A host and port, or the path of a Unix socket. */
export type Address = { host: string; port: number } | { path: string };

/**
 * The address of the Redis to use: that of the target, what one of its sentinels says, or one node of its cluster.
 *
 * @param attempt how many were tried before: each takes the next host
 */
export async function findAddress(options: Omit<ConnectionOptions, "onMessage">, attempt: number): Promise<Address> {
  const { hosts, socketPath, kind, sentinelName } = options.target;
  if (socketPath !== undefined) return { path: socketPath };
  const host = hosts[attempt % hosts.length];
  if (host === undefined) throw new Error("no host is given");
  if (kind !== "sentinel") return host;
  const client = createRedisClient(host, { ...options, withoutCredentials: true });
  try {
    return await untilFailure(client, async () => {
      await client.connect();
      const command = ["SENTINEL", "GET-MASTER-ADDR-BY-NAME", sentinelName ?? ""];
      const found = await client.sendCommand<[name: string, port: string] | null>(command);
      if (found === null) throw new Error(`the sentinel knows no "${sentinelName}"`);
      return { host: found[0], port: Number(found[1]) };
    });
  } finally {
    destroy(client);
  }
}

/** What `run` resolves to; rejects as soon as the client reports an error, or after three seconds. */
async function untilFailure<T>(client: RedisClient, run: () => Promise<T>): Promise<T> {
  const failed = Promise.withResolvers<never>();
  const timer = setTimeout(() => failed.reject(new Error("it does not answer")), LONGEST_CONNECT_MS);
  client.on("error", failed.reject);
  const running = run();
  // What goes on after a failure ends with the client.
  running.catch(() => {});
  try {
    return await Promise.race([running, failed.promise]);
  } finally {
    clearTimeout(timer);
    client.off("error", failed.reject);
  }
}

function createRedisClient(
  address: Address,
  { target, ca, withoutCredentials = false }: Omit<ConnectionOptions, "onMessage"> & { withoutCredentials?: boolean },
): RedisClient {
  const { username, password, isTls } = target;
  // The library's own limit for connecting would cost a timer for each thing that is written later.
  const timeouts = { connectTimeout: 0, reconnectStrategy: false } as const;
  const tls = { tls: true, ...(ca === undefined ? {} : { ca }) } as const;
  return createClient({
    RESP: 3,
    socket: { ...timeouts, ...address, ...(isTls ? tls : {}) },
    ...(withoutCredentials || username === undefined ? {} : { username }),
    ...(withoutCredentials || password === undefined ? {} : { password }),
    // A client that is asked for something while it is not connected says so: what waits would be too late later.
    disableOfflineQueue: true,
    // The checks say when Redis is silent; a timer for each command would cost more than the command.
    commandOptions: { timeout: 0 },
    maintNotifications: "disabled",
    disableClientInfo: true,
  }) as RedisClient;
}

function destroy(client: RedisClient): void {
  // What still reports an error is over.
  client.on("error", () => {});
  try {
    client.destroy();
  } catch {
    // It was not open.
  }
}
