import type { Bus } from "../../src/bus/bus.ts";

/** A bus that sends nothing while `isSilent`; what it gets is up to who opens it. */
export function silenceSends(bus: Bus, isSilent: () => boolean): Bus {
  const unlessSilent =
    <Values extends unknown[]>(call: (...values: Values) => void) =>
    (...values: Values) => {
      if (!isSilent()) call(...values);
    };
  return {
    start: () => bus.start(),
    stop: () => bus.stop(),
    subscribe: (group) => bus.subscribe(group),
    unsubscribe: (group) => bus.unsubscribe(group),
    publish: unlessSilent((group: string, frame: Uint8Array) => bus.publish(group, frame)),
    sendTo: unlessSilent((node: string, frame: Uint8Array) => bus.sendTo(node, frame)),
    broadcast: unlessSilent((frame: Uint8Array) => bus.broadcast(frame)),
  };
}
