import { dlopen, ptr } from "bun:ffi";
import { closeSync, openSync } from "node:fs";

/** Of asm-generic/socket.h, which x64 and arm64 use. */
const SOL_SOCKET = 1;
const SO_ACCEPTCONN = 30;
const SO_ATTACH_REUSEPORT_CBPF = 51;

/** A program of the kernel's packet filter, of one instruction: return 1 (linux/filter.h, `BPF_RET | BPF_K`). */
const CHOOSE_SECOND = new Uint16Array([0x06, 0, 1, 0]);

/** The descriptor of the socket that is opened next is one of so many that are free, the lowest first. */
const CANDIDATES = 4;

/**
 * Calls `listen`, which opens the second socket on a port that another one shares, and has the kernel give every connection
 * from now on to the second.
 *
 * What the first was given before can then be accepted in peace: closing it at once would reset that. Linux only; where it
 * cannot be done, `isSole` is false, and the kernel gives connections to both.
 */
export function takeOver<T>(listen: () => T): { listening: T; isSole: boolean } {
  const free = listFreeDescriptors();
  const listening = listen();
  return { listening, isSole: free.length > 0 && preferSecond(free) };
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

/** Has the socket among `descriptors` that listens, the second of its port, take every new connection. */
function preferSecond(descriptors: readonly number[]): boolean {
  try {
    const library = dlopen("libc.so.6", {
      getsockopt: { args: ["i32", "i32", "i32", "ptr", "ptr"], returns: "i32" },
      setsockopt: { args: ["i32", "i32", "i32", "ptr", "u32"], returns: "i32" },
    });
    const isListening = (descriptor: number) => {
      const [value, size] = [new Int32Array(1), new Uint32Array([4])];
      return (
        library.symbols.getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, ptr(value), ptr(size)) === 0 && value[0] === 1
      );
    };
    // struct sock_fprog: how many instructions, and where they are.
    const program = new BigUint64Array([1n, BigInt(ptr(CHOOSE_SECOND))]);
    const descriptor = descriptors.find(isListening);
    const result =
      descriptor === undefined
        ? -1
        : library.symbols.setsockopt(
            descriptor,
            SOL_SOCKET,
            SO_ATTACH_REUSEPORT_CBPF,
            ptr(program),
            program.byteLength,
          );
    library.close();
    return result === 0;
  } catch {
    // Another C library than glibc.
    return false;
  }
}
