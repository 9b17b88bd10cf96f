import { configureLog, log } from "./log.ts";
import { BEAT, RUNNING, type WatchdogMessage } from "./watchdog.ts";

/** How often the counter is looked at, in milliseconds. */
const LOOK_MS = 200;

/** An event loop that stands still this long is logged, and again each time that doubles. */
const HELD_MS = 1000;

declare const self: { onmessage: (event: { data: WatchdogMessage }) => void };

const names: string[] = [];

self.onmessage = ({ data }) => {
  if (data.type === "name") names.push(data.name);
  else start(data);
};

function start({ state, log: config }: WatchdogMessage & { type: "start" }): void {
  configureLog(config);
  let beat = 0;
  let since = performance.now();
  let nextMs = HELD_MS;
  let lookedAt = since;
  setInterval(() => {
    const now = performance.now();
    const sleptMs = now - lookedAt - LOOK_MS;
    lookedAt = now;
    if (sleptMs >= HELD_MS) {
      log.warning(`The process did not run for ${formatSeconds(sleptMs)}: it, or the machine, was stopped`, {
        sleptMs,
      });
      since += sleptMs;
    }
    const current = Atomics.load(state, BEAT);
    const heldMs = now - since;
    if (current !== beat) {
      if (nextMs > HELD_MS)
        log.warning(`The event loop turns again: it was held for ${formatSeconds(heldMs)}`, { heldMs });
      beat = current;
      since = now;
      nextMs = HELD_MS;
    } else if (heldMs >= nextMs) {
      nextMs *= 2;
      const running =
        names[Atomics.load(state, RUNNING) - 1] ?? "code outside of an event: a timer, or what follows an await";
      log.error(`The event loop has been held for ${formatSeconds(heldMs)} by ${running}`, { heldMs, running });
    }
  }, LOOK_MS);
}

function formatSeconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
