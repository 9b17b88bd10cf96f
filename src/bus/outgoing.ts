import { AsyncLocalStorage } from "node:async_hooks";
import type { Clock, ClockTimer } from "../core/clock.ts";
import type { Bus } from "./bus.ts";
import { formatFrame, type Frame, type GroupMessage } from "./frame.ts";

/** One frame holds so many messages at most. */
const MAX_FRAME_MESSAGES = 256;

/** A frame that holds so much takes no further message, in characters or bytes. */
const MAX_FRAME_SIZE = 64 * 1024;

/** When so much waits it goes out before the turn ends, in characters or bytes. */
const MAX_WAITING_SIZE = 1024 * 1024;

/** So many groups' frames are counted; then all counts begin anew. */
const MAX_COUNTED_GROUPS = 100_000;

/** Frames with what a controller wanted; the nodes tell each other all else again. */
const wantedKinds: ReadonlySet<Frame["kind"]> = new Set(["send", "close", "join", "leave"]);

type FrameStep =
  | { kind: "publish"; group: string; messages: GroupMessage[]; size: number }
  | { kind: "send"; node: string; frame: Frame }
  | { kind: "broadcast"; frame: Frame };

type InterestStep = { kind: "subscribe" | "unsubscribe"; group: string };

export type OutgoingOptions = {
  node: string;
  clock: Clock;
  /** When something left less than this ago, what comes waits for the end of that time, in milliseconds. */
  windowMs: number;
  /** The bus; absent before there is one. */
  bus: () => Bus | undefined;
  isUp: () => boolean;
  onSent: (frames: number) => void;
  /** Frames with what a controller wanted that did not leave, because the bus is not up. */
  onLost: (frames: number) => void;
};

/**
 * What this node has for the bus: it leaves when this turn of the event loop ends, or with what else comes soon after what
 * left before, in the order in which it came.
 *
 * Messages to one group that follow each other leave as one frame. The bus is called from the server's context, not from a
 * controller's.
 */
export class Outgoing {
  readonly #options: OutgoingOptions;
  readonly #asHost = AsyncLocalStorage.snapshot();
  readonly #frames = new Map<string, number>();
  #steps: (FrameStep | InterestStep)[] = [];
  #size = 0;
  #flushedAt = -Infinity;
  #timer: ClockTimer | undefined;

  constructor(options: OutgoingOptions) {
    this.#options = options;
  }

  /** A message to a group, for the other nodes that have members of it. */
  publish(group: string, message: GroupMessage): void {
    const { length } = message.message;
    if (message.windowMs === 0 && this.#timer !== undefined) this.#hurry();
    const last = this.#steps.at(-1);
    if (
      last?.kind === "publish" &&
      last.group === group &&
      last.messages.length < MAX_FRAME_MESSAGES &&
      last.size < MAX_FRAME_SIZE
    ) {
      last.messages.push(message);
      last.size += length;
      this.#grow(length);
    } else {
      this.#add({ kind: "publish", group, messages: [message], size: length }, length);
    }
  }

  sendTo(node: string, frame: Frame): void {
    this.#add({ kind: "send", node, frame }, frame.kind === "send" ? frame.message.length : 0);
  }

  broadcast(frame: Frame): void {
    this.#add({ kind: "broadcast", frame }, 0);
  }

  /** Goes to the bus at once, with what came before: who has joined is to hear the other nodes as soon as that can be. */
  subscribe(group: string): void {
    this.#steps.push({ kind: "subscribe", group });
    this.#asHost(() => this.flush());
  }

  unsubscribe(group: string): void {
    this.#add({ kind: "unsubscribe", group }, 0);
  }

  /** Hands the bus all that waits. */
  flush(): void {
    const { clock } = this.#options;
    clock.clear(this.#timer);
    this.#timer = undefined;
    const steps = this.#steps;
    if (steps.length === 0) return;
    this.#steps = [];
    this.#size = 0;
    this.#flushedAt = clock.now();
    const bus = this.#options.bus();
    if (bus === undefined) return;
    const isUp = this.#options.isUp();
    let sent = 0;
    let lost = 0;
    for (const step of steps) {
      if (isInterest(step)) bus[step.kind](step.group);
      else if (isUp) {
        sent += 1;
        this.#hand(bus, step);
      } else if (step.kind === "publish" || wantedKinds.has(step.frame.kind)) lost += 1;
    }
    if (sent > 0) this.#options.onSent(sent);
    if (lost > 0) this.#options.onLost(lost);
  }

  #hand(bus: Bus, step: FrameStep): void {
    const { node } = this.#options;
    switch (step.kind) {
      case "publish": {
        const { group, messages } = step;
        const frame: Frame = { kind: "messages", group, number: this.#count(group), messages };
        return bus.publish(group, formatFrame(node, frame));
      }
      case "send":
        return bus.sendTo(step.node, formatFrame(node, step.frame));
      case "broadcast":
        return bus.broadcast(formatFrame(node, step.frame));
    }
  }

  #count(group: string): number {
    const number = (this.#frames.get(group) ?? 0) + 1;
    if (number === 1 && this.#frames.size >= MAX_COUNTED_GROUPS) this.#frames.clear();
    this.#frames.set(group, number);
    return number;
  }

  #add(step: FrameStep | InterestStep, size: number): void {
    this.#steps.push(step);
    // What runs then is the server's: a callback of a controller's generation would end with it.
    if (this.#steps.length === 1) this.#asHost(() => this.#schedule());
    this.#grow(size);
  }

  /** What waits is not to wait longer than this turn. */
  #hurry(): void {
    this.#options.clock.clear(this.#timer);
    this.#timer = undefined;
    this.#asHost(() => setImmediate(() => this.flush()));
  }

  #schedule(): void {
    const { clock, windowMs } = this.#options;
    const waitMs = this.#flushedAt + windowMs - clock.now();
    if (waitMs > 0) this.#timer = clock.setTimeout(() => this.flush(), waitMs);
    else setImmediate(() => this.flush());
  }

  #grow(size: number): void {
    this.#size += size;
    if (this.#size >= MAX_WAITING_SIZE) this.#asHost(() => this.flush());
  }
}

function isInterest(step: FrameStep | InterestStep): step is InterestStep {
  return step.kind === "subscribe" || step.kind === "unsubscribe";
}
