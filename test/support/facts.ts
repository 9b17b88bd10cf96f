import type { Facts } from "../../src/http/admin/inspector/facts.ts";

/** One page that listens to the inspector's stream. */
export type FactsStream = AsyncDisposable & {
  /** The next event; what it leaves out is absent. */
  next: () => Promise<Partial<Facts>>;
  /** The first event from the next one on for which `condition` holds. */
  until: (condition: (facts: Partial<Facts>) => boolean) => Promise<Partial<Facts>>;
};

/** Opens the inspector's stream at `origin`. */
export async function openFacts(
  fetch: (path: string, init: RequestInit) => Promise<Response>,
  token: string,
  query: Record<string, string> = {},
): Promise<FactsStream> {
  const ending = new AbortController();
  const search = new URLSearchParams({ view: "overview", ...query }).toString();
  const response = await fetch(`/-/inspector/live?${search}`, {
    headers: { Authorization: `Bearer ${token}` },
    signal: ending.signal,
  });
  if (response.status !== 200 || response.body === null) throw new Error(`No stream: ${await response.text()}`);
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  const next = async (): Promise<Partial<Facts>> => {
    while (!text.includes("\n\n")) {
      const { value, done } = await reader.read();
      if (done) throw new Error("The stream has ended");
      text += value;
    }
    const [event = "", ...rest] = text.split("\n\n");
    text = rest.join("\n\n");
    return JSON.parse(event.replace(/^data: /, "")) as Partial<Facts>;
  };
  return {
    next,
    async until(condition) {
      for (;;) {
        const facts = await next();
        if (condition(facts)) return facts;
      }
    },
    async [Symbol.asyncDispose]() {
      ending.abort();
      await reader.cancel().catch(() => {});
    },
  };
}
