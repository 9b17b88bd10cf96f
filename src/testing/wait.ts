import { sep } from "node:path";
import { Fault, type FaultCode } from "../core/errors.ts";

/** `promise`, or what `describeLate` makes after `ms` milliseconds. A test may look at it later: its rejection may wait. */
export function waitAtMost<T>(promise: Promise<T>, ms: number, describeLate: () => Error): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(describeLate()), ms);
  const settled = Promise.race([promise, late.promise]).finally(() => clearTimeout(timer));
  settled.catch(() => {});
  return settled;
}

/** Makes faults that point at the test which called in here: when a wait fails, the stack of those who wait is gone. */
export function prepareFault(code: FaultCode): (message: string) => Fault {
  const frames = new Error(code).stack?.split("\n").slice(1) ?? [];
  const own = frames.findLastIndex((frame) => frame.includes(import.meta.dir + sep));
  return (message) => {
    const fault = new Fault(code, message);
    fault.stack = [`Fault: ${message}`, ...frames.slice(own + 1)].join("\n");
    return fault;
  };
}
