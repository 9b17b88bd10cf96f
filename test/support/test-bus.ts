import type { Bus, BusStage, OpenBus } from "../../src/bus/bus.ts";
import { formatFrame, parseFrame } from "../../src/bus/frame.ts";
import { createNodeId } from "../../src/bus/node-id.ts";
import { waitFor } from "./session.ts";

/** A bus under test, and what it told its node. */
export type TestBus = {
  node: string;
  bus: Bus;
  /** The frames that were delivered, as text. */
  frames: string[];
  stages: BusStage[];
  /** Why the bus was not up. */
  reasons: string[];
  lost: number;
};

/** Opens the bus of a node of its own, and starts it. */
export function openTestBus(openBus: OpenBus, onFrame: (frame: Uint8Array) => void = () => {}): TestBus {
  const node = createNodeId();
  const opened: Omit<TestBus, "bus"> = { node, frames: [], stages: [], reasons: [], lost: 0 };
  const bus = openBus({
    node,
    deliver(frame) {
      opened.frames.push(decodeText(frame));
      onFrame(frame);
    },
    onStage(stage, reason) {
      opened.stages.push(stage);
      if (reason !== undefined) opened.reasons.push(reason);
    },
    onLost: (frames) => (opened.lost += frames),
  });
  bus.start();
  return Object.assign(opened, { bus });
}

/** Resolves when every bus is up. */
export function waitUntilUp(nodes: readonly TestBus[]): Promise<void> {
  return waitFor(() => nodes.every(({ stages }) => stages.at(-1) === "up"), "bus that is up");
}

/** A frame with a text in it. */
export function encodeText({ node }: TestBus, text: string): Uint8Array {
  return formatFrame(node, { kind: "gone", id: text });
}

export function decodeText(bytes: Uint8Array): string {
  const frame = parseFrame(bytes)?.frame;
  return frame?.kind === "gone" ? frame.id : "no text";
}
