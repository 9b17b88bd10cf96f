import { AsyncLocalStorage } from "node:async_hooks";
import type { Clock, ClockTimer } from "../core/clock.ts";
import { log } from "../core/log.ts";
import { formatCount } from "../core/units.ts";
import type { Frame, FrameMember } from "./frame.ts";

/** How long the other nodes have to answer, in milliseconds. */
const LONGEST_WAIT_MS = 2000;

type Request = {
  group: string;
  /** The nodes that have not answered. */
  waitsFor: Set<string>;
  members: FrameMember[];
  timer: ClockTimer;
  resolve: (members: FrameMember[]) => void;
};

/** Asks other nodes which of their sessions are in a group, and gathers what they answer. */
export class MemberRequests {
  readonly #sendTo: (node: string, frame: Frame) => void;
  readonly #clock: Clock;
  readonly #asHost = AsyncLocalStorage.snapshot();
  readonly #requests = new Map<number, Request>();
  #count = 0;

  constructor(sendTo: (node: string, frame: Frame) => void, clock: Clock) {
    this.#sendTo = sendTo;
    this.#clock = clock;
  }

  /** Resolves once all have answered, or after two seconds with what there is by then. */
  ask(group: string, nodes: readonly string[]): Promise<FrameMember[]> {
    if (nodes.length === 0) return Promise.resolve([]);
    const number = (this.#count += 1);
    return new Promise((resolve) => {
      // The timer is the server's: one of a controller's generation would end with it.
      const timer = this.#asHost(() => this.#clock.setTimeout(() => this.#end(number), LONGEST_WAIT_MS));
      this.#requests.set(number, { group, waitsFor: new Set(nodes), members: [], timer, resolve });
      for (const node of nodes) this.#sendTo(node, { kind: "ask-members", request: number, group });
    });
  }

  /** A node has answered, with a part or with all. */
  take(node: string, answer: { request: number; isLast: boolean; members: FrameMember[] }): void {
    const request = this.#requests.get(answer.request);
    if (request?.waitsFor.has(node) !== true) return;
    for (const member of answer.members) request.members.push(member);
    if (answer.isLast) request.waitsFor.delete(node);
    if (request.waitsFor.size === 0) this.#end(answer.request);
  }

  /** A node is gone and will not answer. */
  forget(node: string): void {
    for (const [number, { waitsFor }] of this.#requests) {
      if (waitsFor.delete(node) && waitsFor.size === 0) this.#end(number);
    }
  }

  /** Nobody will answer any more. */
  stop(): void {
    for (const number of this.#requests.keys()) this.#end(number);
  }

  #end(number: number): void {
    const request = this.#requests.get(number);
    if (request === undefined) return;
    this.#requests.delete(number);
    this.#clock.clear(request.timer);
    const missing = request.waitsFor.size;
    if (missing > 0) {
      const text = `The members of group "${request.group}" are not complete: ${formatCount(missing, "node")} did not answer`;
      log.warning(text, { group: request.group, nodes: missing });
    }
    request.resolve(request.members);
  }
}
