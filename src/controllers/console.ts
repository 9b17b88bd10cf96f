import type { Console } from "node:console";
import type { Log } from "../core/log.ts";

/**
 * The `console` of controllers, whose lines become lines of `log`.
 *
 * The runtime's own waits until standard output takes a line, with every session. Node's is made at the first line: most
 * controllers write none.
 */
export function createConsole(log: Log): Console {
  let isOpen = false;
  const open = (target: Console): Console => {
    if (!isOpen) Object.setPrototypeOf(target, openConsole(log));
    isOpen = true;
    return target;
  };
  return new Proxy({} as Console, {
    get: (target, name) => Reflect.get(open(target), name) as unknown,
    has: (target, name) => Reflect.has(open(target), name),
  });
}

function openConsole(log: Log): Console {
  const { Console } = process.getBuiltinModule("node:console");
  const { Writable } = process.getBuiltinModule("node:stream");
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
