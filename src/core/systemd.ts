import { dlopen, ptr } from "bun:ffi";
import { systemClock } from "./clock.ts";
import { describeError } from "./errors.ts";
import { log } from "./log.ts";
import { NotifySocket } from "./notify-socket.ts";

/** How often the status is looked at, in milliseconds; it is sent when it changed. */
const STATUS_MS = 2000;

/** The longest status that is sent. */
const MAX_STATUS_LENGTH = 300;

const CLOCK_MONOTONIC = 1;

/** What systemd gave this process: the variables of sd_notify(3) and sd_watchdog_enabled(3). */
export type SystemdVariables = {
  NOTIFY_SOCKET: string;
  WATCHDOG_USEC?: string | undefined;
  WATCHDOG_PID?: string | undefined;
};

/**
 * Tells systemd how the server is: that it is ready, loads again, stops, what it does, and that its event loop turns.
 *
 * Nothing that goes wrong here is more than a warning in the log.
 */
export class Systemd {
  readonly #socket: NotifySocket;
  readonly #describeStatus: () => string;
  #status = "";
  #isStopping = false;

  private constructor(socket: NotifySocket, describeStatus: () => string) {
    this.#socket = socket;
    this.#describeStatus = describeStatus;
  }

  /**
   * Connects, and feeds the watchdog from now on if systemd wants one; undefined if that cannot be done.
   *
   * @param describeStatus one line
   */
  static connect(variables: SystemdVariables, describeStatus: () => string): Systemd | undefined {
    try {
      const systemd = new Systemd(new NotifySocket(variables.NOTIFY_SOCKET), describeStatus);
      systemd.#feedWatchdog(variables);
      return systemd;
    } catch (error) {
      log.warning(describeError(error));
      return undefined;
    }
  }

  /** The server listens: sends the status too, and again when it changes. */
  start(): void {
    this.#send("READY=1", this.#formatStatus());
    systemClock.setInterval(() => this.#sendStatus(), STATUS_MS);
  }

  /** Tells that the server loads everything again, until `load` has ended. */
  async reload(load: () => Promise<void>): Promise<void> {
    if (!this.#isStopping) this.#send("RELOADING=1", `MONOTONIC_USEC=${readMonotonicUsec()}`);
    await load();
    if (!this.#isStopping) this.#send("READY=1", this.#formatStatus());
  }

  /** Tells that the server stops, and how long that takes at most. */
  stop(longestSeconds: number): void {
    this.#isStopping = true;
    this.#send("STOPPING=1", `EXTEND_TIMEOUT_USEC=${longestSeconds * 1_000_000}`, this.#formatStatus());
  }

  /** A timer of the event loop does it, so that nothing is fed while a controller holds the loop. */
  #feedWatchdog({ WATCHDOG_USEC, WATCHDOG_PID }: SystemdVariables): void {
    const usec = Number(WATCHDOG_USEC);
    const isMeant = WATCHDOG_PID === undefined || Number(WATCHDOG_PID) === process.pid;
    if (usec > 0 && isMeant) systemClock.setInterval(() => this.#socket.offer("WATCHDOG=1\n"), usec / 2000);
  }

  #sendStatus(): void {
    const before = this.#status;
    const status = this.#formatStatus();
    if (this.#status !== before && !this.#socket.offer(`${status}\n`)) this.#status = "";
  }

  #formatStatus(): string {
    const text = `${this.#isStopping ? "Stopping: " : ""}${this.#describeStatus()}`;
    // A line break would begin another field.
    this.#status = text.replace(/\p{Cc}/gu, " ").slice(0, MAX_STATUS_LENGTH);
    return `STATUS=${this.#status}`;
  }

  #send(...fields: string[]): void {
    this.#socket.send(`${fields.join("\n")}\n`);
  }
}

/** The time by which systemd orders what it is told; the runtime's own clock begins with the process. */
function readMonotonicUsec(): bigint {
  const library = dlopen("libc.so.6", { clock_gettime: { args: ["i32", "ptr"], returns: "i32" } });
  const time = new BigInt64Array(2);
  library.symbols.clock_gettime(CLOCK_MONOTONIC, ptr(time));
  library.close();
  return (time[0] ?? 0n) * 1_000_000n + (time[1] ?? 0n) / 1000n;
}
