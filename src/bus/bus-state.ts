import type { Clock } from "../core/clock.ts";
import { log } from "../core/log.ts";
import type { LogProperties } from "../core/log-fields.ts";
import type { Metrics } from "../core/metrics.ts";
import { formatCount } from "../core/units.ts";
import type { BusStage } from "./bus.ts";

export type BusStateOptions = {
  /** This node. */
  node: string;
  clock: Clock;
  metrics: Metrics;
  /** Writes what is no news to who runs the server. */
  note: (text: string, properties: LogProperties) => void;
  /** Called each time that the bus has come up. */
  onUp: () => void;
};

/** Where the bus of a node stands, with what the log says of it: once when it goes down, and what that cost when it is up. */
export class BusState {
  readonly #options: BusStateOptions;
  #stage: BusStage = "connecting";
  /** Since when the bus is not up, and how many frames were lost by then. */
  #downSince: { at: number; lost: number } | undefined;

  constructor(options: BusStateOptions) {
    this.#options = options;
  }

  get stage(): BusStage {
    return this.#stage;
  }

  get isUp(): boolean {
    return this.#stage === "up";
  }

  turn(stage: BusStage, reason = ""): void {
    if (stage === this.#stage) return;
    this.#stage = stage;
    if (stage === "up") this.#end();
    else this.#begin(reason);
  }

  #begin(reason: string): void {
    const { node, clock, metrics } = this.#options;
    this.#downSince ??= { at: clock.now(), lost: metrics.framesLost };
    const text = "The bus is down: this node reaches its own sessions only, and tries to connect again";
    log.warning(reason === "" ? text : `${text} (${reason})`, { node });
  }

  #end(): void {
    const { node, clock, metrics, note, onUp } = this.#options;
    onUp();
    const since = this.#downSince;
    this.#downSince = undefined;
    if (since === undefined) {
      note("The bus is up", { node });
      return;
    }
    const seconds = (clock.now() - since.at) / 1000;
    const frames = metrics.framesLost - since.lost;
    const text = `The bus is up after ${seconds.toFixed(1)} s: ${formatCount(frames, "frame")} for other nodes did not leave`;
    log.info(text, { node, seconds, frames });
  }
}
