import { AsyncLocalStorage } from "node:async_hooks";
import type { Cluster } from "../bus/cluster.ts";
import type { WatchedMember } from "../bus/frame.ts";
import type { WatchedMembers } from "../bus/host.ts";
import { describeError, toShowable } from "../core/errors.ts";
import { isPromise, takeFulfilled } from "../core/promise.ts";
import { log } from "../core/log.ts";
import type { ThrottledLog } from "../core/throttled-log.ts";
import type { Watchdog } from "../core/watchdog.ts";
import type { Group } from "../groups/group.ts";
import type { GroupEvent } from "../sessions/event.ts";
import type { Session } from "../sessions/session.ts";
import type { Generation } from "./generation.ts";
import type { GroupListener } from "./group-listener.ts";
import { describeThrown } from "./thrown.ts";

/** So many events of one group wait while the controller is busy with one before them. */
const MAX_WAITING = 10_000;

export type GroupEventsOptions = {
  sessions: () => Iterable<Session>;
  cluster: Cluster | undefined;
  throttledLog: ThrottledLog;
  watchdog: Watchdog | undefined;
};

type Waiting = { path: string; event: GroupEvent };

/** What waits for one group, and whether a handler runs for it. */
type Queue = { events: Waiting[]; isBusy: boolean };

/**
 * Tells controllers that their sessions join groups and leave them, once whoever caused it is done.
 *
 * The events of one group run one after another. A fault is logged, and does nothing else.
 */
export class GroupEvents implements WatchedMembers {
  readonly #options: GroupEventsOptions;
  readonly #asHost = AsyncLocalStorage.snapshot();
  readonly #queues = new Map<string, Queue>();
  #generation: Generation | undefined;
  /** What the current generation's controllers hear with, by path; empty if none of them hears anything. */
  #listeners = new Map<string, GroupListener>();

  constructor(options: GroupEventsOptions) {
    this.#options = options;
  }

  /** From here on the controllers of `generation` hear. */
  swap(generation: Generation): void {
    const before = this.#listClusterPaths();
    this.#generation = generation;
    this.#listeners = new Map();
    for (const { path, groupListener } of generation.controllers.values()) {
      if (groupListener !== undefined) this.#listeners.set(path, groupListener);
    }
    // What the others know of this node's members is not what it should be.
    if (this.#listClusterPaths() !== before) this.#options.cluster?.refresh();
  }

  /** A session of this node has joined a group, or left it (`by` is -1). */
  note({ name, size }: Pick<Group, "name" | "size">, session: Session, by: 1 | -1): void {
    if (this.#listeners.size === 0) return;
    const { path } = session.route;
    const listener = this.#listeners.get(path);
    if (listener === undefined) return;
    const { id } = session.info;
    const { cluster } = this.#options;
    const isOfCluster = listener.scope === "cluster" && cluster !== undefined;
    if (isOfCluster) cluster.noteMember({ id, path, group: name }, by);
    this.#push(path, {
      type: by === 1 ? "join" : "leave",
      group: name,
      session: { id },
      size: isOfCluster ? size + cluster.sizeElsewhere(name) : size,
    });
  }

  /** The sessions of this node of which the whole cluster is to know in which groups they are. */
  *list(): Generator<WatchedMember> {
    if (this.#listClusterPaths() === "") return;
    for (const { info, route, memberships } of this.#options.sessions()) {
      if (memberships === undefined || this.#listeners.get(route.path)?.scope !== "cluster") continue;
      for (const { name } of memberships) yield { id: info.id, path: route.path, group: name };
    }
  }

  /** Sessions have left their groups because their node is gone. */
  left(members: readonly WatchedMember[], sizeOf: (group: string) => number): void {
    this.#tell("leave", members, sizeOf);
  }

  /** The other nodes had taken this one for gone: they have been told that its sessions left. */
  returned(sizeOf: (group: string) => number): void {
    this.#tell("join", [...this.list()], sizeOf);
  }

  /** @param sizeOf how many are in a group once all of `members` have joined or left */
  #tell(type: GroupEvent["type"], members: readonly WatchedMember[], sizeOf: (group: string) => number): void {
    const left = new Map<string, number>();
    for (const { group } of members) left.set(group, (left.get(group) ?? 0) + 1);
    for (const { id, path, group } of members) {
      const further = (left.get(group) ?? 1) - 1;
      left.set(group, further);
      const size = sizeOf(group) + (type === "leave" ? further : -further);
      if (this.#listeners.has(path)) this.#push(path, { type, group, session: { id }, size });
    }
  }

  #listClusterPaths(): string {
    const paths = [...this.#listeners].filter(([, { scope }]) => scope === "cluster").map(([path]) => path);
    return paths.sort().join(" ");
  }

  #push(path: string, event: GroupEvent): void {
    let queue = this.#queues.get(event.group);
    if (queue === undefined) {
      queue = { events: [], isBusy: true };
      this.#queues.set(event.group, queue);
      const { group } = event;
      const begun = queue;
      // The callback is the server's: one of a controller's generation would end with it.
      this.#asHost(() => queueMicrotask(() => this.#run(group, begun)));
    }
    if (queue.events.length < MAX_WAITING) {
      queue.events.push({ path, event });
      return;
    }
    const text = `Dropped events of a group: ${MAX_WAITING} wait for the controller`;
    this.#options.throttledLog.warning("group events", text, { group: event.group, path });
  }

  #run(group: string, queue: Queue): void {
    queue.isBusy = false;
    for (let next = queue.events.shift(); next !== undefined; next = queue.events.shift()) {
      const settled = this.#handle(next);
      if (settled === undefined) continue;
      queue.isBusy = true;
      void settled.then(() => this.#run(group, queue));
      return;
    }
    this.#queues.delete(group);
  }

  /** Runs one event; returns a promise if it goes on, which does not reject. */
  #handle({ path, event }: Waiting): Promise<void> | undefined {
    const generation = this.#generation;
    const listener = this.#listeners.get(path);
    if (generation === undefined || listener === undefined) return undefined;
    const { watchdog } = this.#options;
    const before = watchdog?.enter(watchdog.numberOf(path, "groupEvent")) ?? 0;
    const fail = (thrown: unknown) => logFault(generation, path, event, thrown);
    try {
      const result = takeFulfilled(generation.run(listener.onGroupEvent, event));
      return isPromise(result) ? generation.follow(result).then(() => {}, fail) : undefined;
    } catch (thrown) {
      fail(thrown);
      return undefined;
    } finally {
      watchdog?.leave(before);
    }
  }
}

function logFault({ controllers, folder }: Generation, path: string, event: GroupEvent, thrown: unknown): void {
  const cause = toShowable(thrown);
  const file = controllers.get(path)?.file ?? path;
  const { where, properties } = describeThrown(cause, folder);
  log.error(`Controller "${file}" failed in groupEvent${where}: ${describeError(cause)}`, {
    group: event.group,
    session: event.session.id,
    controller: file,
    ...properties,
  });
}
