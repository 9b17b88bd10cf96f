import type { Server } from "bun";
import type { RequestRefusal } from "../core/metrics.ts";
import type { Session } from "../sessions/session.ts";

/** The form fields in their order: what `FormData` gives when it is iterated. */
export type FormFields = Iterable<[string, unknown]>;

/** What a controller is given of a body: its type, and its text or its fields. */
export type ReadBody = { type?: string; text?: string; fields?: FormFields };

/** Why a body is not given to a controller. */
export type UnreadBody = { unread: RequestRefusal | "malformed" | "client-left" };

export type BodyOptions = {
  /** How long it may take, not counting what `MIN_BYTES_PER_SECOND` adds. */
  timeoutSeconds: number;
  /** The request's server, whose own timeout is put off meanwhile. */
  server?: Pick<Server<Session>, "timeout">;
};

/** Bodies that a controller reads as a string. */
const TEXT_TYPES = /^(?:text\/|application\/(?:[\w.-]+\+)?json\b)/i;
const FORM_TYPES = /^(?:application\/x-www-form-urlencoded|multipart\/form-data)\b/i;

/** As much of a body as this gives it another second: the runtime's own measure for bodies that it reads. */
const MIN_BYTES_PER_SECOND = 16 * 1024;

/** Reads the body of a request whose type is text, JSON or a form; other bodies stay unread. */
export async function readBody(raw: Request, { timeoutSeconds, server }: BodyOptions): Promise<ReadBody | UnreadBody> {
  const type = raw.headers.get("content-type");
  if (type === null || raw.body === null) return {};
  const isText = TEXT_TYPES.test(type);
  if (!isText && !FORM_TYPES.test(type)) return {};
  // The runtime would end the connection without an answer.
  server?.timeout(raw, 0);
  const bytes = await readAll(raw, timeoutSeconds);
  server?.timeout(raw, timeoutSeconds);
  if ("unread" in bytes) return bytes;
  const whole = new Response(bytes, { headers: { "Content-Type": type } });
  if (isText) return { type, text: await whole.text() };
  try {
    return { type, fields: (await whole.formData()) as FormFields };
  } catch {
    return { unread: "malformed" };
  }
}

async function readAll(raw: Request, timeoutSeconds: number): Promise<Uint8Array<ArrayBuffer> | UnreadBody> {
  // A copy is read, so that `request.raw` can still be.
  const reader = (raw.clone().body as ReadableStream<Uint8Array<ArrayBuffer>>).getReader();
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  const startedAt = performance.now();
  let size = 0;
  const late = Promise.withResolvers<"late">();
  const leftMs = () => (timeoutSeconds + size / MIN_BYTES_PER_SECOND) * 1000 - (performance.now() - startedAt);
  const check = () => {
    const left = leftMs();
    if (left > 0) timer = setTimeout(check, left);
    else late.resolve("late");
  };
  let timer = setTimeout(check, leftMs());
  try {
    for (;;) {
      const next = await Promise.race([reader.read(), late.promise]);
      if (next === "late") return { unread: "body-too-slow" };
      if (next.done) break;
      chunks.push(next.value);
      size += next.value.length;
    }
  } catch (error) {
    return { unread: isTooLarge(error) ? "body-too-large" : "client-left" };
  } finally {
    clearTimeout(timer);
  }
  const [first] = chunks;
  return chunks.length === 1 && first !== undefined ? first : Buffer.concat(chunks);
}

/**
 * Whether a controller only found out, while it read the body, that its client has left.
 *
 * The runtime has ended the connection by then, after a 400 where that was still possible.
 */
export function hasLeft({ signal }: Request, error: unknown): boolean {
  return error instanceof Error && error.name === "AbortError" && signal.aborted;
}

/** Whether the runtime stopped reading a body because it is larger than `--max-message`, after a 413. */
export function isTooLarge(error: unknown): boolean {
  return error instanceof Error && error.message === "Request body exceeded maxRequestBodySize";
}
