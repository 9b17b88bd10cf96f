import { dlopen, ptr } from "bun:ffi";
import { closeSync, constants, openSync } from "node:fs";
import { join } from "node:path";
import { createFolder } from "./folder.ts";

/** An output for a process that nobody reads until a test does. */
export type Output = Disposable & {
  /** What the process is given. */
  descriptor: number;
  /** What a test reads it by, if it can be read. */
  reader?: number;
};

const { symbols } = dlopen("libc.so.6", {
  grantpt: { args: ["i32"], returns: "i32" },
  unlockpt: { args: ["i32"], returns: "i32" },
  ptsname: { args: ["i32"], returns: "cstring" },
  socketpair: { args: ["i32", "i32", "i32", "ptr"], returns: "i32" },
});

/** A device that is always full. */
export function openFullDevice(): Output {
  return toOutput(openSync("/dev/full", "w"));
}

/** A pipe that is read through `reader`. */
export function openPipe(): Output {
  using folder = createFolder();
  const path = join(folder.path, "pipe");
  if (Bun.spawnSync(["mkfifo", path]).exitCode !== 0) throw new Error("Cannot make a pipe");
  const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  return toOutput(openSync(path, constants.O_WRONLY), reader);
}

/** A pipe whose reader has gone. */
export function openClosedPipe(): Output {
  const { descriptor, reader } = openPipe();
  if (reader !== undefined) closeSync(reader);
  return toOutput(descriptor);
}

/** A terminal, shown by `reader`. */
export function openTerminal(): Output {
  const reader = openSync("/dev/ptmx", constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK);
  if (symbols.grantpt(reader) !== 0 || symbols.unlockpt(reader) !== 0) throw new Error("Cannot make a terminal");
  return toOutput(openSync(String(symbols.ptsname(reader)), constants.O_RDWR | constants.O_NOCTTY), reader);
}

/** A stream socket, as systemd gives its services. */
export function openSocket(): Output {
  const pair = new Int32Array(2);
  const [UNIX, STREAM] = [1, 1];
  if (symbols.socketpair(UNIX, STREAM, 0, ptr(pair)) !== 0) throw new Error("Cannot make a pair of sockets");
  const [descriptor = -1, reader = -1] = pair;
  return toOutput(descriptor, reader);
}

function toOutput(descriptor: number, reader?: number): Output {
  const close = () => {
    for (const each of [descriptor, reader]) if (each !== undefined) closeSync(each);
  };
  return { descriptor, ...(reader === undefined ? {} : { reader }), [Symbol.dispose]: close };
}
