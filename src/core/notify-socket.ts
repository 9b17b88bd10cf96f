import { dlopen, ptr, read } from "bun:ffi";
import { Fault } from "./errors.ts";
import { log } from "./log.ts";

/** Of asm-generic/socket.h and linux/un.h, which x64 and arm64 use. */
const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;
const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;
const SUN_PATH_BYTES = 108;
const EAGAIN = 11;

/** What is not taken at once is sent again after so long, in milliseconds. */
const RETRY_MS = 100;

const symbols = {
  socket: { args: ["i32", "i32", "i32"], returns: "i32" },
  sendto: { args: ["i32", "ptr", "usize", "i32", "ptr", "u32"], returns: "i64" },
  __errno_location: { args: [], returns: "ptr" },
} as const;

/**
 * A unix socket that takes datagrams: what `NOTIFY_SOCKET` names, as a path or, after an `@`, as an abstract name.
 *
 * It is never waited for. While nobody takes what is sent, the log says so once.
 */
export class NotifySocket {
  readonly #name: string;
  readonly #address: Uint8Array;
  readonly #library = dlopen("libc.so.6", symbols);
  readonly #descriptor: number;
  readonly #waiting: Buffer[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isBroken = false;

  /** @throws {Fault} `NOTIFY_SOCKET` if the name is none, or the system makes no socket. */
  constructor(name: string) {
    this.#name = name;
    this.#address = toAddress(name);
    this.#descriptor = this.#library.symbols.socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (this.#descriptor < 0) throw fault(name, describe(this.#readError()), "a socket");
  }

  /** Sends one datagram, as soon as it is taken. */
  send(text: string): void {
    this.#waiting.push(Buffer.from(text));
    this.#flush();
  }

  /** Sends one datagram if it is taken at once; returns whether it was not left out. */
  offer(text: string): boolean {
    if (this.#waiting.length > 0) return false;
    const error = this.#give(Buffer.from(text));
    if (error === EAGAIN) return false;
    this.#report(error);
    return true;
  }

  #flush(): void {
    clearTimeout(this.#timer);
    for (let first = this.#waiting[0]; first !== undefined; first = this.#waiting[0]) {
      const error = this.#give(first);
      if (error === EAGAIN) {
        this.#timer = setTimeout(() => this.#flush(), RETRY_MS);
        return;
      }
      this.#waiting.shift();
      this.#report(error);
    }
  }

  /** Returns the system's error number; 0 if the datagram was taken. */
  #give(bytes: Uint8Array): number {
    const { length } = this.#address;
    const flags = MSG_DONTWAIT | MSG_NOSIGNAL;
    const { sendto } = this.#library.symbols;
    const sent = sendto(this.#descriptor, ptr(bytes), bytes.length, flags, ptr(this.#address), length);
    return Number(sent) < 0 ? this.#readError() : 0;
  }

  #readError(): number {
    const place = this.#library.symbols.__errno_location();
    return place === null ? 0 : read.i32(place, 0);
  }

  #report(error: number): void {
    if (error !== 0 && !this.#isBroken)
      log.warning(fault(this.#name, describe(error), "systemd to listen there").message);
    this.#isBroken = error !== 0;
  }
}

/** A `struct sockaddr_un`. */
function toAddress(name: string): Uint8Array {
  const isAbstract = name.startsWith("@");
  if (!isAbstract && !name.startsWith("/")) throw fault(name, "it is no path", "one that begins with / or @");
  const path = Buffer.from(isAbstract ? `\0${name.slice(1)}` : `${name}\0`);
  if (path.length > SUN_PATH_BYTES) throw fault(name, `it has ${path.length} bytes`, `at most ${SUN_PATH_BYTES}`);
  return Buffer.concat([Uint8Array.from(new Uint8Array(new Uint16Array([AF_UNIX]).buffer)), path]);
}

function describe(error: number): string {
  const known: Record<number, string> = {
    2: "there is no such socket",
    13: "this user may not write to it",
    111: "nobody listens on it",
  };
  return known[error] ?? `the system's error is ${error}`;
}

function fault(name: string, is: string, wanted: string): Fault {
  return new Fault("NOTIFY_SOCKET", `Cannot notify "${name}": ${is}, expected ${wanted}`);
}
