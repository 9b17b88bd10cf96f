import type { Metrics, RequestRefusal } from "../core/metrics.ts";
import type { ThrottledLog } from "../core/throttled-log.ts";
import { errorAnswer } from "./error-page.ts";

/** What the runtime takes of a request line and headers; what has more, it answers with 431 by itself. */
export const RUNTIME_MAX_HEADER_BYTES = 16 * 1024;

const refusals: Record<RequestRefusal, { status: number; message: string; why: string }> = {
  "headers-too-large": {
    status: 431,
    message: "The request line and headers are too large",
    why: "its request line and headers are larger than --max-headers",
  },
  "body-too-large": {
    status: 413,
    message: "The body is too large",
    why: "its body is larger than --max-message",
  },
  "body-too-slow": {
    status: 408,
    message: "The body did not come in time",
    why: "its body did not come within --http-timeout",
  },
};

/** Refuses a request that asks too much, ends its connection, and says so in the log without flooding it. */
export function refuseRequest(
  request: Request,
  reason: RequestRefusal,
  address: string,
  { metrics, throttledLog }: { metrics: Metrics; throttledLog: ThrottledLog },
): Response {
  const { status, message, why } = refusals[reason];
  metrics.requestsRefused[reason] += 1;
  throttledLog.warning(reason, `Refused a request: ${why}`, { reason, address });
  return errorAnswer(request, status, message, { Connection: "close" });
}

/** How many bytes the request line and the headers have. */
export function measureHead({ method, url, headers }: Request): number {
  const target = url.slice(Math.max(0, url.indexOf("/", url.indexOf("://") + 3)));
  let size = `${method} ${target} HTTP/1.1\r\n\r\n`.length;
  for (const [name, value] of headers) size += `${name}: ${value}\r\n`.length;
  return size;
}
