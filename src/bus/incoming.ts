import { describeError } from "../core/errors.ts";
import type { Metrics } from "../core/metrics.ts";
import type { ThrottledLog } from "../core/throttled-log.ts";
import { formatCount } from "../core/units.ts";
import type { Announcer } from "./announcer.ts";
import type { Burials } from "./burials.ts";
import type { EndedSessions } from "./ended-sessions.ts";
import { type Frame, parseFrame } from "./frame.ts";
import type { ClusterHost } from "./host.ts";
import type { MemberRequests } from "./member-requests.ts";
import type { Nodes } from "./nodes.ts";

/** Members in one frame. */
const MAX_FRAME_MEMBERS = 500;

export type IncomingParts = {
  /** This node. */
  node: string;
  nodes: Nodes;
  announcer: Announcer;
  requests: MemberRequests;
  burials: Burials;
  ended: EndedSessions;
  sendTo: (node: string, frame: Frame) => void;
  /** How many sessions are in a group, at all nodes. */
  sizeOf: (group: string) => number;
  metrics: Metrics;
  throttledLog: ThrottledLog;
};

/** What the frames of other nodes do here. */
export class Incoming {
  readonly #parts: IncomingParts;

  constructor(parts: IncomingParts) {
    this.#parts = parts;
  }

  /** Takes what came over the bus, whatever it is; never throws. */
  take(bytes: Uint8Array, host: ClusterHost): void {
    const { metrics, node } = this.#parts;
    metrics.framesReceived += 1;
    const parsed = parseFrame(bytes);
    if (parsed === undefined) return this.#drop("it is no frame of this version", bytes);
    if (parsed.node === node) return;
    try {
      this.#take(parsed.node, parsed.frame, host);
    } catch (error) {
      this.#drop(describeError(error), bytes);
    }
  }

  #drop(why: string, { length }: Uint8Array): void {
    const { metrics, throttledLog } = this.#parts;
    metrics.framesMalformed += 1;
    throttledLog.warning("frame", `Dropped what came over the bus: ${why}`, { bytes: length });
  }

  #take(node: string, frame: Frame, host: ClusterHost): void {
    const { nodes, announcer, requests, burials, ended, sendTo, sizeOf } = this.#parts;
    if (frame.kind !== "bye") nodes.hear(node);
    switch (frame.kind) {
      case "messages":
        this.#countMissed(nodes.takeFrame(node, frame.group, frame.number));
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
        return ended.add(frame.id);
      case "hello":
        nodes.takeNumber(node, frame.number);
        return sendTo(node, { kind: "alive", number: announcer.number });
      case "alive":
        return nodes.takeNumber(node, frame.number);
      case "bye":
        return nodes.forget(node, "left");
      case "sizes":
        return nodes.takeChanges(node, frame);
      case "state":
        return nodes.takeState(node, frame);
      case "ask-state":
        return announcer.sendState(node);
      case "ask-members":
        return this.#sendMembers(node, frame, host);
      case "members":
        return requests.take(node, frame);
      case "buried":
        return burials.takeBuried(frame.node);
      case "returned":
        return host.watched.returned(sizeOf);
    }
  }

  /** Tells a node that a session it wants something of has ended. */
  #answer(node: string, id: string, isThere: boolean): void {
    if (!isThere) this.#parts.sendTo(node, { kind: "gone", id });
  }

  #sendMembers(node: string, { request, group }: { request: number; group: string }, host: ClusterHost): void {
    const all = host.listMembers(group);
    for (let start = 0; start === 0 || start < all.length; start += MAX_FRAME_MEMBERS) {
      const isLast = start + MAX_FRAME_MEMBERS >= all.length;
      const members = all.slice(start, start + MAX_FRAME_MEMBERS);
      this.#parts.sendTo(node, { kind: "members", request, isLast, members });
    }
  }

  #countMissed(frames: number): void {
    if (frames === 0) return;
    const { metrics, throttledLog } = this.#parts;
    metrics.framesMissed += frames;
    throttledLog.warning("missed", `Missed ${formatCount(frames, "frame")} of another node`, { frames });
  }
}
