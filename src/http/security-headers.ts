/** What every answer of the server's own has: nothing in it may be guessed at, framed, or told to others. */
export const securityHeaders = {
  "X-Content-Type-Options": "nosniff",
  "X-Frame-Options": "DENY",
  "Referrer-Policy": "no-referrer",
  "Content-Security-Policy": formatPolicy(),
} as const;

/** A policy that allows nothing but `more`. */
export function formatPolicy(...more: string[]): string {
  const isGiven = (name: string) => more.some((directive) => directive.startsWith(`${name} `));
  const rest = ["base-uri", "form-action", "frame-ancestors"].filter((name) => !isGiven(name));
  return ["default-src 'none'", ...more, ...rest.map((name) => `${name} 'none'`)].join("; ");
}
