import { dlopen, ptr } from "bun:ffi";
import { formatDay } from "../../http/certificate.ts";
import type { Finding } from "./finding.ts";

/** No clock that is right says an earlier time than that of this program's first version. */
const EARLIEST = Date.UTC(2026, 0, 1);

/** So far the clocks of two machines may be apart, in seconds: a token's times and a certificate's are whole ones. */
const MOST_SECONDS_APART = 5;

/** Of linux/timex.h: where the status lies in `struct timex`, and its bit for a clock that nothing keeps in step. */
const STATUS_OFFSET = 40;
const STA_UNSYNC = 0x40;
const TIMEX_BYTES = 208;

const NAME = "clock";

const advice = "let NTP keep it in step: `timedatectl set-ntp true`, or install chrony";

/**
 * Whether this machine's clock can be right, and whether something keeps it so.
 *
 * @param otherTime what another machine says the time is, in milliseconds, if one was asked
 */
export function examineClock(otherTime: number | undefined, now = Date.now()): Finding {
  if (now < EARLIEST) {
    const found = `it is ${formatDay(new Date(now))} here, which is before this program was made`;
    return { name: NAME, state: "wrong", found, advice };
  }
  const apart = otherTime === undefined ? 0 : Math.round((now - otherTime) / 1000);
  if (Math.abs(apart) > MOST_SECONDS_APART) {
    const found = `it is ${Math.abs(apart)} s ${apart > 0 ? "ahead of" : "behind"} the one of that address`;
    return { name: NAME, state: "wrong", found: `${found}: tokens begin and expire at the wrong time`, advice };
  }
  const isKept = readIsKept();
  if (isKept === undefined)
    return { name: NAME, state: "unknown", found: "this system does not say whether NTP keeps it in step" };
  return isKept
    ? { name: NAME, state: "ok", found: "NTP keeps it in step" }
    : { name: NAME, state: "warning", found: "nothing keeps it in step, as far as the kernel knows", advice };
}

/** What the kernel says of NTP; undefined where there is no Linux with its usual library, or asking is not allowed. */
function readIsKept(): boolean | undefined {
  if (process.platform !== "linux") return undefined;
  try {
    const library = dlopen("libc.so.6", { adjtimex: { args: ["ptr"], returns: "i32" } });
    try {
      const state = new Uint8Array(TIMEX_BYTES);
      if (library.symbols.adjtimex(ptr(state)) < 0) return undefined;
      return (new DataView(state.buffer).getInt32(STATUS_OFFSET, true) & STA_UNSYNC) === 0;
    } finally {
      library.close();
    }
  } catch {
    return undefined;
  }
}
