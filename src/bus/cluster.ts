import { AsyncLocalStorage } from "node:async_hooks";
import type { Clock, ClockTimer } from "../core/clock.ts";
import { log, type LogProperties } from "../core/log.ts";
import type { Metrics } from "../core/metrics.ts";
import type { ThrottledLog } from "../core/throttled-log.ts";
import { formatCount } from "../core/units.ts";
import { Announcer } from "./announcer.ts";
import type { Bus, BusEnd, BusStage, OpenBus } from "./bus.ts";
import { Burials } from "./burials.ts";
import { EndedSessions } from "./ended-sessions.ts";
import {
  type Frame,
  type FrameMember,
  type GroupMessage,
  parseFrame,
  type Payload,
  type WatchedMember,
} from "./frame.ts";
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

/** Members in one frame. */
const MAX_FRAME_MEMBERS = 500;

export type { WatchedMember } from "./frame.ts";

/** Who hears of sessions of the whole cluster that they join groups and leave them. */
export type WatchedMembers = {
  /** The sessions of this node of which the others are to know in which groups they are. */
  list(): Iterable<WatchedMember>;
  /** Sessions have left their groups because their node is gone; `sizeOf` is how many are in a group now. */
  left(members: readonly WatchedMember[], sizeOf: (group: string) => number): void;
  /** The other nodes had taken this one for gone. */
  returned(sizeOf: (group: string) => number): void;
};

/** What other nodes have done here. The functions return false if there is no such session. */
export type ClusterHost = {
  /** Hands messages to this node's members of a group. */
  publish(group: string, messages: readonly GroupMessage[]): void;
  send(id: string, message: Payload): boolean;
  close(id: string, code: number, reason: string): boolean;
  addToGroup(id: string, group: string): boolean;
  removeFromGroup(id: string, group: string): boolean;
  /** How many sessions of this node are in a group. */
  sizeOf(group: string): number;
  /** Every group of this node with its size. */
  sizes(): Iterable<[group: string, size: number]>;
  /** The sessions of this node that are in a group. */
  listMembers(group: string): FrameMember[];
  readonly watched: WatchedMembers;
};

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
  #host: ClusterHost | undefined;
  #bus: Bus | undefined;
  #stage: BusStage = "connecting";
  #timers: ClockTimer[] = [];
  #lookedAt = 0;
  /** Since when the bus is not up, and how many frames were lost by then. */
  #downSince: { at: number; lost: number } | undefined;

  constructor(options: ClusterOptions) {
    this.#options = options;
    const { clock, metrics, coalesceMs } = options;
    const broadcast = (frame: Frame) => this.#outgoing.broadcast(frame);
    const sendTo = (node: string, frame: Frame) => this.#outgoing.sendTo(node, frame);
    this.#outgoing = new Outgoing({
      node: this.node,
      clock,
      windowMs: coalesceMs,
      bus: () => this.#bus,
      isUp: () => this.#stage === "up",
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
      ask: (node) => sendTo(node, { kind: "ask-state" }),
      onChange: (node, change, members) => this.#noteNode(node, change, members),
    });
    this.#requests = new MemberRequests(sendTo, clock);
    this.#burials = new Burials({
      node: this.node,
      others: () => this.#nodes.ids(),
      broadcast,
      sendTo,
      onLeft: (members) => this.#host?.watched.left(members, this.#sizeOf),
    });
  }

  /** Opens the bus and begins to say that this node is there. */
  start(openBus: OpenBus, host: ClusterHost): void {
    this.#host = host;
    const { clock, metrics } = this.#options;
    const end: BusEnd = {
      node: this.node,
      deliver: (frame) => this.#deliver(frame),
      onStage: (stage, reason) => this.#turn(stage, reason),
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
    if (this.#stage === "up") this.#outgoing.broadcast({ kind: "bye" });
    this.#outgoing.flush();
    await this.#bus?.stop();
  }

  get stage(): BusStage {
    return this.#stage;
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

  readonly #sizeOf = (group: string): number => (this.#host?.sizeOf(group) ?? 0) + this.#nodes.sizeOf(group);

  #toSession(id: string, frame: Frame): boolean {
    const node = this.#findNode(id);
    if (node === undefined) return false;
    this.#outgoing.sendTo(node, frame);
    return this.#stage === "up";
  }

  #findNode(id: string): string | undefined {
    const node = nodeOf(id);
    return node !== undefined && this.#nodes.has(node) && !this.#ended.has(id) ? node : undefined;
  }

  #deliver(bytes: Uint8Array): void {
    const { metrics, throttledLog } = this.#options;
    metrics.framesReceived += 1;
    const parsed = parseFrame(bytes);
    if (parsed === undefined) {
      metrics.framesMalformed += 1;
      throttledLog.warning("frame", "Dropped what came over the bus and is no frame of this version", {
        bytes: bytes.length,
      });
      return;
    }
    if (parsed.node !== this.node) this.#take(parsed.node, parsed.frame);
  }

  #take(node: string, frame: Frame): void {
    const host = this.#host;
    if (host === undefined) return;
    if (frame.kind !== "bye") this.#nodes.hear(node);
    switch (frame.kind) {
      case "messages":
        this.#countMissed(this.#nodes.takeFrame(node, frame.group, frame.number));
        return host.publish(frame.group, frame.messages);
      case "send":
        return this.#answer(node, frame.id, host.send(frame.id, frame.message));
      case "close":
        return this.#answer(node, frame.id, host.close(frame.id, frame.code, frame.reason));
      case "join":
        return this.#answer(node, frame.id, host.addToGroup(frame.id, frame.group));
      case "leave":
        return this.#answer(node, frame.id, host.removeFromGroup(frame.id, frame.group));
      case "gone":
        return this.#ended.add(frame.id);
      case "hello":
        this.#nodes.takeNumber(node, frame.number);
        return this.#outgoing.sendTo(node, { kind: "alive", number: this.#announcer.number });
      case "alive":
        return this.#nodes.takeNumber(node, frame.number);
      case "bye":
        return this.#nodes.forget(node, "left");
      case "sizes":
        return this.#nodes.takeChanges(node, frame);
      case "state":
        return this.#nodes.takeState(node, frame);
      case "ask-state":
        return this.#announcer.sendState(node);
      case "ask-members":
        return this.#sendMembers(node, frame.request, frame.group);
      case "members":
        return this.#requests.take(node, frame);
      case "buried":
        return this.#burials.takeBuried(frame.node);
      case "returned":
        return host.watched.returned(this.#sizeOf);
    }
  }

  /** Tells a node that a session it wants something of has ended. */
  #answer(node: string, id: string, isThere: boolean): void {
    if (!isThere) this.#outgoing.sendTo(node, { kind: "gone", id });
  }

  #sendMembers(node: string, request: number, group: string): void {
    const all = this.#host?.listMembers(group) ?? [];
    for (let start = 0; start === 0 || start < all.length; start += MAX_FRAME_MEMBERS) {
      const isLast = start + MAX_FRAME_MEMBERS >= all.length;
      const members = all.slice(start, start + MAX_FRAME_MEMBERS);
      this.#outgoing.sendTo(node, { kind: "members", request, isLast, members });
    }
  }

  #countMissed(frames: number): void {
    if (frames === 0) return;
    const { metrics, throttledLog } = this.#options;
    metrics.framesMissed += frames;
    throttledLog.warning("missed", `Missed ${formatCount(frames, "frame")} of another node`, { frames });
  }

  #beat(): void {
    if (this.#stage === "up") this.#outgoing.broadcast({ kind: "alive", number: this.#announcer.number });
  }

  /** Forgets who is silent, unless this node itself could not hear. */
  #look(): void {
    const now = this.#options.clock.now();
    const heldMs = now - this.#lookedAt - LOOK_MS;
    this.#lookedAt = now;
    if (this.#stage !== "up") this.#nodes.excuse(LOOK_MS + heldMs);
    else if (heldMs > LOOK_MS) this.#nodes.excuse(heldMs);
    this.#nodes.forgetSilent(SILENCE_MS);
  }

  #turn(stage: BusStage, reason = ""): void {
    if (stage === this.#stage) return;
    const { clock, metrics } = this.#options;
    this.#stage = stage;
    if (stage !== "up") {
      this.#downSince ??= { at: clock.now(), lost: metrics.framesLost };
      const text = "The bus is down: this node reaches its own sessions only, and tries to connect again";
      log.warning(reason === "" ? text : `${text} (${reason})`, { node: this.node });
      return;
    }
    this.#asHost(() => this.#greet());
    const since = this.#downSince;
    this.#downSince = undefined;
    if (since === undefined) {
      this.#note("The bus is up", { node: this.node });
      return;
    }
    const seconds = (clock.now() - since.at) / 1000;
    const frames = metrics.framesLost - since.lost;
    const text = `The bus is up after ${seconds.toFixed(1)} s: ${formatCount(frames, "frame")} for other nodes did not leave`;
    log.info(text, { node: this.node, seconds, frames });
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
