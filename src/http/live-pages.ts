import { securityHeaders } from "./security-headers.ts";

/** The address of the stream that tells pages to reload. */
export const LIVE_PAGES_PATH = "/-/live-pages";

const RELOAD = "data: reload\n\n";

/** The address of what listens to it in a page: a script of its own, which a page's security policy allows. */
export const LIVE_PAGES_SCRIPT_PATH = "/-/live-pages.js";

/** Reloads the page once the server's version is not the one that the page was given. */
const SCRIPT = `const source = new EventSource("${LIVE_PAGES_PATH}" + new URL(import.meta.url).search);
source.onmessage = () => { source.close(); location.reload(); };
addEventListener("pagehide", () => source.close());
`;

/** Reloads pages in browsers when a file changes: for development only. */
export class LivePages {
  readonly #streams = new Set<ReadableStreamDefaultController<string>>();
  #version: string;

  /** @param version what stands for the pages as they are now */
  constructor(version: string) {
    this.#version = version;
  }

  /** Adds to an HTML page what listens for changes. */
  async inject(given: Response): Promise<Response> {
    const response = await nameType(given);
    if (!response.headers.get("content-type")?.startsWith("text/html")) return response;
    const script = `<script type="module" src="${LIVE_PAGES_SCRIPT_PATH}?version=${this.#version}"></script>`;
    const rewriter = new HTMLRewriter().on("head", {
      element(head) {
        head.append(script, { html: true });
      },
    });
    const page = rewriter.transform(response);
    for (const name of ["etag", "last-modified", "accept-ranges", "content-length"]) page.headers.delete(name);
    return page;
  }

  /** The script that listens in a page. */
  serveScript(): Response {
    const headers = {
      ...securityHeaders,
      "Content-Type": "text/javascript; charset=utf-8",
      "Cache-Control": "no-store",
    };
    return new Response(SCRIPT, { headers });
  }

  /** The stream that a page listens to; a page of another version is told at once. */
  open(version: string | undefined, signal: AbortSignal): Response {
    let own: ReadableStreamDefaultController<string> | undefined;
    const stream = new ReadableStream<string>({
      start: (controller) => {
        own = controller;
        this.#streams.add(controller);
        controller.enqueue("retry: 500\n\n");
        if (version !== this.#version) controller.enqueue(RELOAD);
      },
    });
    signal.addEventListener("abort", () => {
      if (own !== undefined) this.#streams.delete(own);
    });
    const headers = { ...securityHeaders, "Content-Type": "text/event-stream", "Cache-Control": "no-store" };
    return new Response(stream, { headers });
  }

  /** Tells every page to reload itself: they are of another version now. */
  reload(version: string): void {
    this.#version = version;
    for (const stream of this.#streams) {
      try {
        stream.enqueue(RELOAD);
      } catch {
        // The page has gone.
      }
    }
  }

  /** Ends every stream. */
  stop(): void {
    for (const stream of this.#streams) {
      try {
        stream.close();
      } catch {
        // The page has gone.
      }
    }
    this.#streams.clear();
  }
}

/** The runtime gives a file its `Content-Type` only when it is sent: here it is needed before. */
async function nameType(response: Response): Promise<Response> {
  if (response.body === null || response.headers.has("content-type")) return response;
  const blob = await response.blob();
  const headers = new Headers(response.headers);
  headers.set("Content-Type", blob.type);
  return new Response(blob, { status: response.status, headers });
}

/** Another version than any before. */
export function createPagesVersion(): string {
  return crypto.randomUUID();
}
