import { dlopen, ptr } from "bun:ffi";
import { readdirSync } from "node:fs";

/** Of asm-generic/socket.h, which x64 and arm64 use. */
const SOL_SOCKET = 1;
const SO_ACCEPTCONN = 30;
const SO_ATTACH_REUSEPORT_CBPF = 51;
const SO_DETACH_REUSEPORT_BPF = 68;

/** Of bits/socket.h: the first byte of an address, which ends with the port. */
const AF_INET = 2;
const AF_INET6 = 10;

/** The longest address of a socket, in bytes: `struct sockaddr_storage`. */
const ADDRESS_BYTES = 128;

const symbols = {
  getsockopt: { args: ["i32", "i32", "i32", "ptr", "ptr"], returns: "i32" },
  setsockopt: { args: ["i32", "i32", "i32", "ptr", "u32"], returns: "i32" },
  getsockname: { args: ["i32", "ptr", "ptr"], returns: "i32" },
} as const;

/** The sockets of a port that share it, in the order in which they began to listen. */
export type Steered = {
  /** The first of those that take connections from now on, from 0. */
  first: number;
  /** How many take them, at random. */
  count: number;
};

/**
 * Decides which of the sockets that share a port the kernel gives new connections to. Linux with glibc only: elsewhere
 * nothing can be decided.
 */
export class Steering {
  readonly #port: number;
  readonly #candidates: readonly number[] | undefined;
  readonly #library = open();

  /** @param candidates descriptors among which one of the sockets is; all that are open if absent, which takes long if they are many */
  constructor(port: number, candidates?: readonly number[]) {
    this.#port = port;
    this.#candidates = candidates;
  }

  /** How many sockets of this process listen on the port, whichever thread has opened them; 0 where nothing can be decided. */
  count(): number {
    return this.#find().length;
  }

  /** Has only some of them take connections; returns whether that could be done. */
  steer({ first, count }: Steered): boolean {
    return this.#set(SO_ATTACH_REUSEPORT_CBPF, createProgram(first, count));
  }

  /** Has all of them take connections again. */
  release(): void {
    this.#set(SO_DETACH_REUSEPORT_BPF, undefined);
  }

  #set(option: number, program: Uint16Array | undefined): boolean {
    const [descriptor] = this.#find();
    if (this.#library === undefined || descriptor === undefined) return false;
    const { setsockopt } = this.#library.symbols;
    if (program === undefined) {
      const none = new Int32Array(1);
      return setsockopt(descriptor, SOL_SOCKET, option, ptr(none), none.byteLength) === 0;
    }
    // struct sock_fprog: how many instructions, and where they are.
    const value = new BigUint64Array([BigInt(program.length / 4), BigInt(ptr(program))]);
    return setsockopt(descriptor, SOL_SOCKET, option, ptr(value), value.byteLength) === 0;
  }

  /** The descriptors of the sockets that listen on the port. */
  #find(): number[] {
    if (this.#library === undefined) return [];
    const { getsockopt, getsockname } = this.#library.symbols;
    const [value, size, address] = [new Int32Array(1), new Uint32Array(1), new Uint8Array(ADDRESS_BYTES)];
    // There may be tens of thousands of descriptors.
    const [valueAt, sizeAt, addressAt] = [ptr(value), ptr(size), ptr(address)];
    const isListening = (descriptor: number) => {
      size[0] = value.byteLength;
      return getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, valueAt, sizeAt) === 0 && value[0] === 1;
    };
    const hasPort = (descriptor: number) => {
      size[0] = address.byteLength;
      if (getsockname(descriptor, addressAt, sizeAt) !== 0) return false;
      const isInternet = address[0] === AF_INET || address[0] === AF_INET6;
      return isInternet && (address[2] ?? 0) * 256 + (address[3] ?? 0) === this.#port;
    };
    const candidates = this.#candidates ?? readdirSync("/proc/self/fd").map(Number);
    return candidates.filter((each) => isListening(each) && hasPort(each));
  }
}

function open() {
  if (process.platform !== "linux") return undefined;
  try {
    return dlopen("libc.so.6", symbols);
  } catch {
    // Another C library than glibc.
    return undefined;
  }
}

/** A program of the kernel's packet filter (linux/filter.h): return `first`, plus a random number below `count`. */
function createProgram(first: number, count: number): Uint16Array {
  const [load, modulo, add, returnIt] = [0x20, 0x94, 0x04, 0x16];
  const RANDOM = 0xff_ff_f0_38;
  const instructions = [
    [load, RANDOM],
    [modulo, count],
    [add, first],
    [returnIt, 0],
  ] as const;
  return new Uint16Array(instructions.flatMap(([code, value]) => [code, 0, value & 0xffff, value >>> 16]));
}
