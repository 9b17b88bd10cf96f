/** What every answer of the server's own has: nothing in it may be guessed at, framed, or told to others. */
export const securityHeaders = {
  "X-Content-Type-Options": "nosniff",
  "X-Frame-Options": "DENY",
  "Referrer-Policy": "no-referrer",
  "Content-Security-Policy": formatPolicy(),
} as const;

/** A policy that allows nothing but `more`. */
export function formatPolicy(...more: string[]): string {
  return ["default-src 'none'", ...more, "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"].join("; ");
}
