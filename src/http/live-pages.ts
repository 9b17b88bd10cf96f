/** The address of the stream that tells pages to reload. */
export const LIVE_PAGES_PATH = "/-/live-pages";

const RELOAD = "data: reload\n\n";

/** What an HTML page is given: it reloads itself once the server's version is not its own. */
const formatScript = (version: string) => `<script type="module">
const source = new EventSource("${LIVE_PAGES_PATH}?version=${version}");
source.onmessage = () => { source.close(); location.reload(); };
addEventListener("pagehide", () => source.close());
</script>`;

/** Reloads pages in browsers when a file changes: for development only. */
export class LivePages {
  readonly #streams = new Set<ReadableStreamDefaultController<string>>();
  readonly #started = Date.now().toString(36);
  #changes = 0;

  /** Adds to an HTML page what listens for changes. */
  async inject(given: Response): Promise<Response> {
    const response = await nameType(given);
    if (!response.headers.get("content-type")?.startsWith("text/html")) return response;
    const script = formatScript(this.#version);
    const rewriter = new HTMLRewriter().on("head", {
      element(head) {
        head.append(script, { html: true });
      },
    });
    const page = rewriter.transform(response);
    page.headers.delete("etag");
    page.headers.delete("content-length");
    return page;
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
    return new Response(stream, { headers: { "Content-Type": "text/event-stream", "Cache-Control": "no-store" } });
  }

  /** Tells every page to reload itself. */
  reload(): void {
    this.#changes += 1;
    for (const stream of this.#streams) {
      try {
        stream.enqueue(RELOAD);
      } catch {
        // The page has gone.
      }
    }
  }

  get #version(): string {
    return `${this.#started}-${this.#changes}`;
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
