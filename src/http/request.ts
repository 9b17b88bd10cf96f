import { inspect } from "node:util";
import { hideBearerProtocols } from "../controllers/auth/bearer.ts";
import { identityOf } from "../controllers/auth/identities.ts";
import type { ControllerRequest, Params } from "../controllers/controller.ts";
import type { FormFields, ReadBody } from "./body.ts";
import type { Origination } from "./forwarded.ts";

/** What the server knows of a request when it calls a controller. */
export type RequestFacts = {
  raw: Request;
  target: Target;
  origination: Origination;
  /** A valid upgrade request. */
  isUpgrade: boolean;
  /** The path's own parameters. */
  pathParams: Record<string, string>;
  /** What `readBody` gave. */
  body: ReadBody;
};

/** What a request asks for: the path as it was sent, and the query without its `?`. */
export type Target = { rawPath: string; query: string };

/** The path and the query of `url`, which is relative when the `Host` header makes no sense. */
export function splitUrl(url: string): Target {
  const start = url.startsWith("/") ? 0 : url.indexOf("/", url.indexOf("://") + 3);
  const target = start < 0 ? "/" : url.slice(start);
  const mark = target.indexOf("?");
  return mark < 0 ? { rawPath: target, query: "" } : { rawPath: target.slice(0, mark), query: target.slice(mark + 1) };
}

/** `path` with its percent-escapes decoded where they are valid UTF-8. */
export function decodePath(path: string): string {
  try {
    return path.includes("%") ? decodeURIComponent(path) : path;
  } catch {
    return path;
  }
}

/** `path` with its segments escaped in one way, so that two spellings of a path are one: `/%41%20b` → `/A%20b`. */
export function normalizePath(path: string): string {
  if (!/[^\w\-./~:@!$&'()*+,;=]/.test(path)) return path;
  return path
    .split("/")
    .map((segment) => encodeURI(decodePath(segment)).replaceAll(/[/?#]/g, encodeURIComponent))
    .join("/");
}

/** The parameters of a path that has none, and of a session that has none: sessions are many. */
export const noParams: Record<string, string> = Object.freeze({});

/** The request object of a controller. Everything that costs something is computed when it is first read. */
export class LazyRequest implements ControllerRequest {
  readonly method: string;
  readonly mode = "live";
  readonly webSocket: boolean;
  readonly rawPath: string;
  readonly raw: Request;
  readonly body?: string;
  readonly contentType?: string;
  readonly #origination: Origination;
  readonly #query: string;
  readonly #pathParams: Record<string, string>;
  readonly #fields: FormFields | undefined;
  #params: Params | undefined;
  #headers: Record<string, string> | undefined;
  #cookies: Record<string, string> | undefined;

  constructor({ raw, target, origination, isUpgrade, pathParams, body }: RequestFacts) {
    this.method = raw.method;
    this.webSocket = isUpgrade;
    this.rawPath = target.rawPath;
    this.raw = raw;
    this.#origination = origination;
    this.#query = target.query;
    this.#pathParams = pathParams;
    this.#fields = body.fields;
    if (body.type !== undefined) this.contentType = body.type;
    if (body.text !== undefined) this.body = body.text;
  }

  get scheme(): "http" | "https" {
    return this.#origination.scheme;
  }

  get host(): string {
    return this.#origination.authority.replace(/:\d+$/, "");
  }

  get port(): number {
    const port = /:(\d+)$/.exec(this.#origination.authority)?.[1];
    return port === undefined ? (this.scheme === "https" ? 443 : 80) : Number(port);
  }

  get path(): string {
    return decodePath(this.rawPath);
  }

  get url(): string {
    const { scheme, authority } = this.#origination;
    return `${scheme}://${authority}${this.rawPath}${this.#query === "" ? "" : `?${this.#query}`}`;
  }

  get remoteAddress(): string {
    return this.#origination.remoteAddress;
  }

  get params(): Params {
    this.#params ??= collectParams(this.#query, this.#fields, this.#pathParams);
    return this.#params;
  }

  /** `params` as a session keeps them: those that have none, and whose controller did not ask, share an empty object. */
  get sessionParams(): Params {
    const isEmpty = this.#query === "" && this.#pathParams === noParams;
    return isEmpty && this.#params === undefined ? noParams : this.params;
  }

  get headers(): Record<string, string> {
    if (this.#headers === undefined) {
      this.#headers = {};
      for (const [name, value] of this.raw.headers) {
        const shown = name === PROTOCOL_HEADER ? hideBearerProtocols(value) : value;
        if (shown !== undefined) this.#headers[toUsualCapitals(name)] ??= shown;
      }
    }
    return this.#headers;
  }

  get cookies(): Record<string, string> {
    this.#cookies ??= Object.fromEntries(new Bun.CookieMap(this.raw.headers.get("cookie") ?? ""));
    return this.#cookies;
  }

  get locales(): string[] {
    return parseLanguages(this.raw.headers.get("accept-language") ?? "");
  }

  get user(): unknown {
    return identityOf(this)?.user;
  }

  getHeader(name: string): string | null {
    const value = this.raw.headers.get(name);
    if (value === null || name.toLowerCase() !== PROTOCOL_HEADER) return value;
    return hideBearerProtocols(value) ?? null;
  }

  /** What `console.log` shows: the same, and not the standard request with all that is in it. */
  [inspect.custom](): Record<string, unknown> {
    return this.toJSON();
  }

  /** A controller may answer with its request as JSON, to see what is in it; credentials are left out. */
  toJSON(): Record<string, unknown> {
    const {
      method,
      scheme,
      host,
      port,
      path,
      rawPath,
      url,
      remoteAddress,
      mode,
      webSocket,
      params,
      headers,
      cookies,
      locales,
    } = this;
    const text = this.body === undefined ? {} : { body: this.body };
    const type = this.contentType === undefined ? {} : { contentType: this.contentType };
    return {
      method,
      scheme,
      host,
      port,
      path,
      rawPath,
      url,
      remoteAddress,
      mode,
      webSocket,
      ...type,
      ...text,
      params,
      headers: hideCredentials(headers),
      cookies,
      locales,
    };
  }
}

/** Offers may have a token among them, which no controller sees. */
const PROTOCOL_HEADER = "sec-websocket-protocol";

/** `Authorization` with its scheme only. */
function hideCredentials(headers: Record<string, string>): Record<string, string> {
  const authorization = headers["Authorization"];
  if (authorization === undefined) return headers;
  return { ...headers, Authorization: `${/^[\w-]+ /.exec(authorization)?.[0] ?? ""}…` };
}

/** `Sec-WebSocket-Protocol` for `sec-websocket-protocol`. */
export function toUsualCapitals(name: string): string {
  return name
    .split("-")
    .map(
      (word) =>
        (Object.hasOwn(usualWords, word) ? usualWords[word] : undefined) ??
        word.charAt(0).toUpperCase() + word.slice(1),
    )
    .join("-");
}

const usualWords: Record<string, string> = {
  websocket: "WebSocket",
  dnt: "DNT",
  te: "TE",
  etag: "ETag",
  www: "WWW",
  md5: "MD5",
  ua: "UA",
};

function collectParams(query: string, fields: FormFields | undefined, pathParams: Record<string, string>): Params {
  const params: Params = {};
  const add = (name: string, value: string) => {
    const present = Object.hasOwn(params, name) ? params[name] : undefined;
    const merged = present === undefined ? value : Array.isArray(present) ? [...present, value] : [present, value];
    Object.defineProperty(params, name, { value: merged, enumerable: true, configurable: true, writable: true });
  };
  if (query !== "") for (const [name, value] of new URLSearchParams(query)) add(name, value);
  if (fields !== undefined) for (const [name, value] of fields) if (typeof value === "string") add(name, value);
  return Object.assign(params, pathParams);
}

function parseLanguages(header: string): string[] {
  const ranges = header.split(",").map((part) => {
    const [language = "", ...options] = part.split(";").map((piece) => piece.trim());
    const quality = options.find((option) => option.startsWith("q="))?.slice(2);
    return { language, quality: quality === undefined ? 1 : Number(quality) || 0 };
  });
  return ranges
    .filter(({ language, quality }) => language !== "" && language !== "*" && quality > 0)
    .sort((a, b) => b.quality - a.quality)
    .map(({ language }) => language);
}
