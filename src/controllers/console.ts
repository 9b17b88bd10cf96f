import { Console } from "node:console";
import { Writable } from "node:stream";
import type { Log } from "../core/log.ts";

/**
 * The `console` of controllers, whose lines become lines of `log`.
 *
 * The runtime's own waits until standard output takes a line, with every session.
 */
export function createConsole(log: Log): Console {
  const toLog = (level: keyof Log) =>
    new Writable({
      decodeStrings: false,
      write(text: unknown, _encoding, done) {
        log[level](String(text).trimEnd());
        done();
      },
    });
  const open = (level: keyof Log) => new Console({ stdout: toLog(level), stderr: toLog("error"), colorMode: false });
  const [info, debug, warning] = [open("info"), open("debug"), open("warning")];
  return Object.assign(info, {
    debug: (...values: unknown[]) => debug.log(...values),
    warn: (...values: unknown[]) => warning.log(...values),
  });
}
