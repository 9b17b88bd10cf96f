/** What a page may do: only what comes with it, from this server; and nobody may put it into a frame. */
const headers = {
  "Content-Security-Policy": "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
  "X-Frame-Options": "DENY",
  "X-Content-Type-Options": "nosniff",
  "Referrer-Policy": "same-origin",
};

/** The HTML file as an answer. */
export function page(file: string, more: Record<string, string> = {}): Response {
  return new Response(Bun.file(file), { headers: { ...headers, ...more } });
}
