import { Fault, type FaultCode } from "../core/errors.ts";
import { sep } from "node:path";

/** Where in the tests something was called. */
export type Place = { file: string; line: number };

/** Makes faults that point at the test which called in here: when a wait fails, the stack of those who wait is gone. */
export function prepareFault(code: FaultCode): (message: string) => Fault {
  const frames = listFrames();
  return (message) => {
    const fault = new Fault(code, message);
    fault.stack = [`Fault: ${message}`, ...frames].join("\n");
    return fault;
  };
}

/** The places that called in here, the innermost first. */
export function listPlaces(): Place[] {
  return listFrames().flatMap((frame) => {
    const match = /\(?([^\s(]+):(\d+):\d+\)?$/.exec(frame);
    return match?.[1] === undefined ? [] : [{ file: match[1], line: Number(match[2]) }];
  });
}

/** The stack above what calls this, without the frames of this folder. */
function listFrames(): string[] {
  const frames = new Error("place").stack?.split("\n").slice(1) ?? [];
  return frames.slice(frames.findLastIndex((frame) => frame.includes(import.meta.dir + sep)) + 1);
}
