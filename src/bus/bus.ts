/** Where a bus stands: it is not up yet, it carries frames, or it could not be up or stay so and tries again. */
export type BusStage = "connecting" | "up" | "down";

/** What a node gives the bus that it opens. */
export type BusEnd = {
  /** This node's id: 12 hexadecimal digits. */
  readonly node: string;
  /** Takes a frame of another node. It never throws, and keeps no part of the bytes. */
  deliver(frame: Uint8Array): void;
  /** Told each change of the stage, with the reason when it is not up. */
  onStage(stage: BusStage, reason?: string): void;
  /** Told how many frames of this node could not be handed over. */
  onLost(frames: number): void;
  /** Told that another node has ended, by a bus that knows: else it is known by its silence. */
  onGone?(node: string): void;
};

/**
 * Carries frames between the nodes of one cluster.
 *
 * A bus knows nodes, groups and frames; of a frame it knows who sent it (`createIsFrameOf`), and nothing else. Whoever calls it does so from outside of the
 * controllers' context, at the end of a turn of the event loop, with what that turn has brought.
 *
 * It MUST
 * - hand a frame to every other node that it is for, at most once, as the same bytes;
 * - keep the order of the frames that one node sends to one group, to one node, or to all;
 * - take up every subscription again, by itself and for ever, after whatever was in its way is gone;
 * - bound what waits in it, and tell `onLost` of every frame that it knows did not leave;
 * - notice within 3.5 seconds that nothing goes through any more, and tell `onStage`: then nobody takes the others for gone;
 * - hand over what it was given before `stop`, if it is up.
 *
 * It MUST NOT
 * - throw, or return a promise that rejects;
 * - give a node the frames that it has sent itself;
 * - call `deliver` inside of one of its own functions, before `start`, or after `stop`;
 * - send a frame again of which it does not know that it was lost;
 * - change a frame.
 *
 * `test/bus/contract.ts` asks all of this of every bus.
 */
export type Bus = {
  /** Begins to connect, and returns before it is up. */
  start(): void;
  /** Sends a frame to the other nodes that have subscribed to `group`. */
  publish(group: string, frame: Uint8Array): void;
  /** Sends a frame to one other node. */
  sendTo(node: string, frame: Uint8Array): void;
  /** Sends a frame to all other nodes. */
  broadcast(frame: Uint8Array): void;
  /** From here on this node gets the frames to `group`; it has not subscribed to it. */
  subscribe(group: string): void;
  /** Takes `subscribe` back. */
  unsubscribe(group: string): void;
  /** Ends every connection once what was given before has left, within a second. */
  stop(): Promise<void>;
};

/** Makes the bus of a node, and does not start it. */
export type OpenBus = (end: BusEnd) => Bus;
