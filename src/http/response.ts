import type { ControllerResponse, Cookie } from "../controllers/controller.ts";
import { Fault, nameKind } from "../core/errors.ts";
import { describeStatus, errorAnswer } from "./error-page.ts";

/**
 * The HTTP answer that a controller's return value means.
 *
 * @throws {Fault} `CONTROLLER_ANSWER` if it is neither an object of the contract's shape nor a `Response`.
 */
export function toResponse(request: Request, answer: unknown): Response {
  if (answer instanceof Response) return answer;
  const { status = 200, body, contentType, headers, cookies, redirect } = checkAnswer(answer);
  const isEmpty = body === undefined || body === null;
  const redirected = redirect !== undefined && redirect !== null;
  if (isEmpty && status >= 400)
    return applyHeaders(errorAnswer(request, status, describeStatus(status)), headers, cookies);
  const isRedirectStatus = status >= 300 && status < 400;
  const content = isEmpty || isBodiless(status) ? null : toBody(body);
  // The runtime names the type of everything but a stream, also when the header was removed.
  const sent = content !== null && removesType(headers) ? toStream(content) : content;
  const response = new Response(sent, {
    status: redirected && !isRedirectStatus ? 303 : status,
    headers: isEmpty && contentType === undefined ? {} : { "Content-Type": contentType ?? defaultType(body) },
  });
  if (redirected) response.headers.set("Location", encodeLocation(String(redirect)));
  return applyHeaders(response, headers, cookies);
}

/**
 * The object that a controller returned.
 *
 * @throws {Fault} `CONTROLLER_ANSWER` for what is no object, or for a status that is none.
 */
function checkAnswer(answer: unknown): ControllerResponse {
  if (answer === undefined || answer === null) return {};
  if (typeof answer !== "object" || Array.isArray(answer)) {
    throw new Fault(
      "CONTROLLER_ANSWER",
      `Cannot answer: the controller returned ${nameKind(answer)}, expected an object such as { body } or a Response`,
    );
  }
  const { status } = answer as { status?: unknown };
  if (status !== undefined && !(Number.isInteger(status) && (status as number) >= 200 && (status as number) <= 599)) {
    throw new Fault(
      "CONTROLLER_ANSWER",
      `Cannot answer: the controller returned the status ${Bun.inspect(status)}, expected 200 to 599`,
    );
  }
  return answer;
}

function toBody(body: unknown): Bun.BodyInit {
  if (typeof body === "string" || isRawBody(body)) return body;
  return typeof body === "object" ? JSON.stringify(body) : `${body as number | boolean | bigint}`;
}

function defaultType(body: unknown): string {
  if (body instanceof Blob && body.type !== "") return body.type;
  if (isRawBody(body)) return "application/octet-stream";
  return typeof body === "object" && body !== null ? "application/json; charset=utf-8" : "text/html; charset=utf-8";
}

function isRawBody(body: unknown): body is Blob | ArrayBuffer | Uint8Array<ArrayBuffer> | ReadableStream {
  return (
    body instanceof Blob || body instanceof ArrayBuffer || ArrayBuffer.isView(body) || body instanceof ReadableStream
  );
}

function isBodiless(status: number): boolean {
  return status === 204 || status === 205 || status === 304;
}

function toStream(content: Bun.BodyInit): ReadableStream<Uint8Array> {
  return new ReadableStream({
    async start(controller) {
      controller.enqueue(await new Response(content).bytes());
      controller.close();
    },
  });
}

function removesType(headers: ControllerResponse["headers"]): boolean {
  return Object.entries(headers ?? {}).some(
    ([name, value]) => name.toLowerCase() === "content-type" && (value === null || value === undefined),
  );
}

function applyHeaders(
  response: Response,
  headers: ControllerResponse["headers"],
  cookies: ControllerResponse["cookies"],
): Response {
  for (const [name, value] of Object.entries(headers ?? {})) {
    if (value === null || value === undefined) response.headers.delete(name);
    else response.headers.set(name, String(value));
  }
  for (const [name, cookie] of Object.entries(cookies ?? {}))
    response.headers.append("Set-Cookie", formatCookie(name, cookie));
  return response;
}

function formatCookie(name: string, cookie: string | Cookie): string {
  const { value, ...options } = typeof cookie === "string" ? { value: cookie } : cookie;
  return new Bun.Cookie(name, value, options).serialize();
}

/** A `Location` is a URI: what is no ASCII is escaped, what would end the header is refused by `Headers`. */
function encodeLocation(location: string): string {
  return location.replaceAll(/[^\x20-\x7e\r\n]+/g, encodeURI).replaceAll(" ", "%20");
}
