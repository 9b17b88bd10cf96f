import { tracingChannel } from "node:diagnostics_channel";

/**
 * Gives the runtime's tracing channels the `hasSubscribers` of Node's, which this one lacks.
 *
 * Without it the Redis client traces every command, for nobody: that costs more than half of what a command costs.
 */
export function completeTracingChannels(): void {
  const prototype = Object.getPrototypeOf(tracingChannel("hubbub")) as object;
  if ("hasSubscribers" in prototype) return;
  Object.defineProperty(prototype, "hasSubscribers", {
    configurable: true,
    get(this: Record<(typeof names)[number], { hasSubscribers: boolean } | undefined>) {
      return names.some((name) => this[name]?.hasSubscribers === true);
    },
  });
}

/** The channels that a tracing channel is made of. */
const names = ["start", "end", "asyncStart", "asyncEnd", "error"] as const;
