import type { RefusalReason } from "../core/metrics.ts";
import type { ThrottledLog } from "../core/throttled-log.ts";
import type { AdmissionRefusal } from "../sessions/admissions.ts";
import { errorAnswer } from "./error-page.ts";

const refusals: Record<
  Exclude<RefusalReason, "origin" | "params">,
  { status: number; message: string; why: string }
> = {
  "max-sessions": {
    status: 503,
    message: "The server has as many sessions as it takes",
    why: "there are as many as --max-sessions allows",
  },
  "max-sessions-per-address": {
    status: 429,
    message: "There are too many sessions from this address",
    why: "its address has as many as --max-sessions-per-address allows (a proxy in front must be named by --trust-proxy)",
  },
  "max-upgrades": {
    status: 503,
    message: "Too many sessions are being opened at once",
    why: "more are opened in a second than --max-upgrades allows",
  },
  draining: { status: 503, message: "The server is stopping", why: "the server is stopping" },
};

/** Refuses an upgrade that may be tried again later, and says so in the log without flooding it. */
export function refuseAdmission(
  request: Request,
  { reason, retryAfterSeconds }: AdmissionRefusal,
  address: string,
  throttledLog: ThrottledLog,
): Response {
  const { status, message, why } = refusals[reason];
  throttledLog.warning(reason, `Refused a session: ${why}`, { reason, address });
  return errorAnswer(request, status, message, { "Retry-After": String(retryAfterSeconds) });
}
