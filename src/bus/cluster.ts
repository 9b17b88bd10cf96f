import { AsyncLocalStorage } from "node:async_hooks";
import type { Clock, ClockTimer } from "../core/clock.ts";
import { log } from "../core/log.ts";
import type { LogProperties } from "../core/log-fields.ts";
import type { Metrics } from "../core/metrics.ts";
import type { ThrottledLog } from "../core/throttled-log.ts";
import { formatCount } from "../core/units.ts";
import { Announcer } from "./announcer.ts";
import type { Bus, BusEnd, BusStage, OpenBus } from "./bus.ts";
import { BusState } from "./bus-state.ts";
import { Burials } from "./burials.ts";
import { EndedSessions } from "./ended-sessions.ts";
import type { Frame, FrameMember, GroupMessage, Payload, WatchedMember } from "./frame.ts";
import type { ClusterHost } from "./host.ts";
import { Incoming } from "./incoming.ts";
import { MemberRequests } from "./member-requests.ts";
import { createNodeId, createSessionIds, nodeOf } from "./node-id.ts";
import { Nodes } from "./nodes.ts";
import { Outgoing } from "./outgoing.ts";

/** How often a node says that it is there, in milliseconds. */
const BEAT_MS = 1000;

/** How often the others are looked at: with `SILENCE_MS` a node that died is forgotten within 4.5 s. */
const LOOK_MS = 500;

/** A node that was not heard for so long is forgotten. */
const SILENCE_MS = 4000;

export type ClusterOptions = {
  /** `--coalesce`. */
  coalesceMs: number;
  clock: Clock;
  metrics: Metrics;
  throttledLog: ThrottledLog;
  /** The nodes are workers of one process, whose comings and goings are logged by their supervisor. */
  isInProcess?: boolean;
};

/**
 * This node's part in the cluster: what goes to the other nodes and comes from them, and what is known of them.
 *
 * No function throws, and none of them waits for the bus.
 */
export class Cluster {
  /** This node's id, with which its sessions' ids begin. */
  readonly node = createNodeId();
  readonly createSessionId = createSessionIds(this.node);
  readonly #options: ClusterOptions;
  readonly #asHost = AsyncLocalStorage.snapshot();
  readonly #outgoing: Outgoing;
  readonly #announcer: Announcer;
  readonly #nodes: Nodes;
  readonly #requests: MemberRequests;
  readonly #burials: Burials;
  readonly #ended = new EndedSessions();
  readonly #incoming: Incoming;
  readonly #state: BusState;
  #host: ClusterHost | undefined;
  #bus: Bus | undefined;
  #timers: ClockTimer[] = [];
  #lookedAt = 0;

  constructor(options: ClusterOptions) {
    this.#options = options;
    const { node } = this;
    const { clock, metrics, throttledLog, coalesceMs } = options;
    const broadcast = (frame: Frame) => this.#outgoing.broadcast(frame);
    const sendTo = (other: string, frame: Frame) => this.#outgoing.sendTo(other, frame);
    const sizeOf = (group: string) => (this.#host?.sizeOf(group) ?? 0) + this.#nodes.sizeOf(group);
    const note = (text: string, properties: LogProperties) => this.#note(text, properties);
    this.#state = new BusState({ node, clock, metrics, note, onUp: () => this.#asHost(() => this.#greet()) });
    this.#outgoing = new Outgoing({
      node,
      clock,
      windowMs: coalesceMs,
      bus: () => this.#bus,
      isUp: () => this.#state.isUp,
      onSent: (frames) => (metrics.framesSent += frames),
      onLost: (frames) => (metrics.framesLost += frames),
    });
    this.#announcer = new Announcer({
      clock,
      sizeOf: (group) => this.#host?.sizeOf(group) ?? 0,
      sizes: () => this.#host?.sizes() ?? [],
      members: () => this.#host?.watched.list() ?? [],
      broadcast,
      sendTo,
    });
    this.#nodes = new Nodes({
      now: () => clock.now(),
      ask: (other) => sendTo(other, { kind: "ask-state" }),
      onChange: (other, change, members) => this.#noteNode(other, change, members),
    });
    this.#requests = new MemberRequests(sendTo, clock);
    this.#burials = new Burials({
      node,
      others: () => this.#nodes.ids(),
      broadcast,
      sendTo,
      onLeft: (members) => this.#host?.watched.left(members, sizeOf),
    });
    this.#incoming = new Incoming({
      node,
      nodes: this.#nodes,
      announcer: this.#announcer,
      requests: this.#requests,
      burials: this.#burials,
      ended: this.#ended,
      sendTo,
      sizeOf,
      metrics,
      throttledLog,
    });
  }

  /** Opens the bus and begins to say that this node is there. */
  start(openBus: OpenBus, host: ClusterHost): void {
    this.#host = host;
    const { clock, metrics } = this.#options;
    const end: BusEnd = {
      node: this.node,
      deliver: (frame) => this.#incoming.take(frame, host),
      onStage: (stage, reason) => this.#state.turn(stage, reason),
      onLost: (frames) => (metrics.framesLost += frames),
      onGone: (node) => this.#nodes.forget(node, "left"),
    };
    this.#bus = openBus(end);
    this.#lookedAt = clock.now();
    this.#timers = [clock.setInterval(() => this.#beat(), BEAT_MS), clock.setInterval(() => this.#look(), LOOK_MS)];
    this.#bus.start();
  }

  /** Tells the others that this node leaves, and closes the bus. */
  async stop(): Promise<void> {
    for (const timer of this.#timers) this.#options.clock.clear(timer);
    this.#announcer.flush();
    this.#announcer.stop();
    this.#requests.stop();
    if (this.#state.isUp) this.#outgoing.broadcast({ kind: "bye" });
    this.#outgoing.flush();
    await this.#bus?.stop();
  }

  get stage(): BusStage {
    return this.#state.stage;
  }

  /** How many other nodes there are. */
  get nodeCount(): number {
    return this.#nodes.count;
  }

  /** Sends to the members that other nodes have of a group. */
  publish(group: string, message: GroupMessage): void {
    this.#outgoing.publish(group, message);
  }

  /** Sends to a session of another node: true if the node is there, and has not said that the session has ended. */
  send(id: string, message: Payload): boolean {
    return this.#toSession(id, { kind: "send", id, message });
  }

  /** Closes a session of another node; returns what `send` does. */
  close(id: string, code: number, reason: string): boolean {
    return this.#toSession(id, { kind: "close", id, code, reason });
  }

  addToGroup(id: string, group: string): void {
    this.#toSession(id, { kind: "join", id, group });
  }

  removeFromGroup(id: string, group: string): void {
    this.#toSession(id, { kind: "leave", id, group });
  }

  /** Whether another node is there that a session id names, and has not said that the session has ended. */
  isOpen(id: string): boolean {
    return this.#findNode(id) !== undefined;
  }

  /** Whether a session id is of another node, there or not. */
  isElsewhere(id: string): boolean {
    const node = nodeOf(id);
    return node !== undefined && node !== this.node;
  }

  /** How many sessions of other nodes are in a group, as far as they have told. */
  sizeElsewhere(group: string): number {
    return this.#nodes.sizeOf(group);
  }

  /** The groups that sessions of other nodes are in, some of them more than once. */
  groupsElsewhere(): Iterable<string> {
    return this.#nodes.groups();
  }

  /** The sessions of other nodes that are in a group; who does not answer in time is left out, and the log says so. */
  listMembersElsewhere(group: string): Promise<FrameMember[]> {
    return this.#requests.ask(group, this.#nodes.list(group));
  }

  /** A group of this node has grown by one (`by` is 1) or shrunk by one to this size. */
  resize(group: string, size: number, by: 1 | -1): void {
    if (size === 1 && by === 1) this.#outgoing.subscribe(group);
    else if (size === 0) this.#outgoing.unsubscribe(group);
    this.#announcer.note(group);
  }

  /** A session that the whole cluster is to know has joined a group, or left it (`by` is -1). */
  noteMember(member: WatchedMember, by: 1 | -1): void {
    this.#announcer.noteMember({ ...member, isIn: by === 1 });
  }

  /** Of which sessions the whole cluster is to know is another question than before. */
  refresh(): void {
    this.#announcer.refresh();
  }

  #toSession(id: string, frame: Frame): boolean {
    const node = this.#findNode(id);
    if (node === undefined) return false;
    this.#outgoing.sendTo(node, frame);
    return this.#state.isUp;
  }

  #findNode(id: string): string | undefined {
    const node = nodeOf(id);
    return node !== undefined && this.#nodes.has(node) && !this.#ended.has(id) ? node : undefined;
  }

  #beat(): void {
    if (this.#state.isUp) this.#outgoing.broadcast({ kind: "alive", number: this.#announcer.number });
  }

  /** Forgets who is silent, unless this node itself could not hear. */
  #look(): void {
    const now = this.#options.clock.now();
    const heldMs = now - this.#lookedAt - LOOK_MS;
    this.#lookedAt = now;
    if (!this.#state.isUp) this.#nodes.excuse(LOOK_MS + heldMs);
    else if (heldMs > LOOK_MS) this.#nodes.excuse(heldMs);
    this.#nodes.forgetSilent(SILENCE_MS);
  }

  /** The others may have come, gone or changed while this node could not hear them. */
  #greet(): void {
    this.#announcer.flush();
    this.#outgoing.broadcast({ kind: "hello", number: this.#announcer.number });
  }

  #noteNode(node: string, change: "came" | "left" | "silent", members: readonly WatchedMember[]): void {
    if (change === "came") this.#burials.came(node);
    else {
      this.#requests.forget(node);
      this.#burials.forgot(node, members);
    }
    const nodes = this.#nodes.count + 1;
    const known = formatCount(nodes, "node");
    if (change === "came") this.#note(`Node ${node} is there: ${known} now`, { node, nodes });
    else if (change === "left") this.#note(`Node ${node} has left: ${known} now`, { node, nodes });
    else {
      const text = `Node ${node} is silent and was forgotten: ${known} now`;
      log.warning(text, { node, nodes });
    }
  }

  #note(text: string, properties: LogProperties): void {
    log[this.#options.isInProcess === true ? "debug" : "info"](text, properties);
  }
}
