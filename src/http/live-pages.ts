/** The address of the stream that tells pages to reload. */
export const LIVE_PAGES_PATH = "/-/live-pages";

const script = `<script type="module">
const source = new EventSource("${LIVE_PAGES_PATH}");
let isFirst = true;
source.onmessage = () => location.reload();
source.onopen = () => { if (!isFirst) location.reload(); isFirst = false; };
addEventListener("pagehide", () => source.close());
</script>`;

/** Reloads pages in browsers when a file changes: for development only. */
export class LivePages {
  readonly #streams = new Set<ReadableStreamDefaultController<string>>();

  /** Adds to an HTML page what listens for changes. */
  inject(response: Response): Response {
    if (response.body === null || !response.headers.get("content-type")?.startsWith("text/html")) return response;
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

  /** The stream that a page listens to. */
  open(signal: AbortSignal): Response {
    let own: ReadableStreamDefaultController<string> | undefined;
    const stream = new ReadableStream<string>({
      start: (controller) => {
        own = controller;
        this.#streams.add(controller);
        controller.enqueue("retry: 500\n\n");
      },
    });
    signal.addEventListener("abort", () => {
      if (own !== undefined) this.#streams.delete(own);
    });
    return new Response(stream, { headers: { "Content-Type": "text/event-stream", "Cache-Control": "no-store" } });
  }

  /** Tells every page to reload itself. */
  reload(): void {
    for (const stream of this.#streams) send(stream, "data: reload\n\n");
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

function send(stream: ReadableStreamDefaultController<string>, text: string): void {
  try {
    stream.enqueue(text);
  } catch {
    // The page has gone.
  }
}
