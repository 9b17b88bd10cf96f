import { closeSync, openSync } from "node:fs";
import { Steering } from "./steering.ts";

/** The descriptor of the socket that is opened next is one of so many that are free, the lowest first. */
const CANDIDATES = 4;

/**
 * Calls `listen`, which opens the second socket on a port that another one shares, and has the kernel give every connection
 * from now on to the second.
 *
 * What the first was given before can then be accepted in peace: closing it at once would reset that. Linux only; where it
 * cannot be done, the result is false, and the kernel gives connections to both.
 */
export function takeOver(port: number, listen: () => void): boolean {
  const free = listFreeDescriptors();
  listen();
  return free.length > 0 && new Steering(port, free).steer({ first: 1, count: 1 });
}

function listFreeDescriptors(): number[] {
  if (process.platform !== "linux") return [];
  const opened: number[] = [];
  try {
    while (opened.length < CANDIDATES) opened.push(openSync("/dev/null", "r"));
    return opened;
  } catch {
    // As many files are open as may be.
    return [];
  } finally {
    opened.forEach(closeSync);
  }
}
