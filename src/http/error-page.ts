import { html, raw } from "hono/html";
import { formatPolicy, securityHeaders } from "./security-headers.ts";

type Html = ReturnType<typeof html>;

const reasons: Record<number, string> = {
  400: "Bad request",
  401: "Not signed in",
  403: "Not allowed",
  404: "Not found",
  405: "Method not allowed",
  413: "Too large",
  429: "Too many requests",
  426: "Upgrade required",
  500: "Something went wrong",
  503: "Not available",
};

/** The title of a status: what an error answer says when nobody said more. */
export function describeStatus(status: number): string {
  const reason = reasons[status] ?? process.getBuiltinModule("node:http").STATUS_CODES[status];
  return reason ?? (status >= 500 ? "Something went wrong" : "Request refused");
}

const STYLE = `
body { font: 1.1rem/1.6 system-ui, sans-serif; max-width: 36rem; margin: 18vh auto; padding: 0 1.5rem; }
h1 { font-size: 1.6rem; margin: 0; }
p { opacity: 0.8; }
form { display: flex; gap: 0.75rem; align-items: end; }
label { display: grid; flex: 1; font-size: 0.9rem; }
input, button { font: inherit; padding: 0.35rem 0.7rem; }
`;

const STYLE_ELEMENT = raw(`<style>${STYLE}</style>`);

const styleHash = new Bun.CryptoHasher("sha256").update(STYLE).digest("base64");

const stylePolicy = `style-src 'sha256-${styleHash}'`;

/** An error answer as JSON `{status, message}` or as a page, by what the request accepts. */
export function errorAnswer(
  request: Request,
  status: number,
  message = describeStatus(status),
  headers: Record<string, string> = {},
  /** What the page has beneath the message: a form of the server's own. */
  form?: Html,
): Response {
  const common = { ...headers, ...securityHeaders, "Cache-Control": "no-store", Vary: "Accept" };
  if (!prefersPage(request.headers.get("accept"))) {
    return Response.json({ status, message }, { status, headers: common });
  }
  const page = html`<!doctype html>
    <html lang="en">
      <meta charset="utf-8" />
      <meta name="viewport" content="width=device-width" />
      <meta name="color-scheme" content="light dark" />
      <title>${status} ${describeStatus(status)}</title>
      ${STYLE_ELEMENT}
      <h1>${status} ${describeStatus(status)}</h1>
      <p>${message}</p>
      ${form}
    </html> `;
  const pageHeaders = {
    "Content-Type": "text/html; charset=utf-8",
    "Content-Security-Policy":
      form === undefined ? formatPolicy(stylePolicy) : formatPolicy(stylePolicy, "form-action 'self'"),
    // Without a referrer a browser does not say either from which origin a form comes.
    ...(form !== undefined && { "Referrer-Policy": "same-origin" }),
  };
  return new Response(page as string, { status, headers: { ...common, ...pageHeaders } });
}

/** Only a browser asks for HTML by name; programs get JSON. */
function prefersPage(accept: string | null): boolean {
  const html = accept?.indexOf("text/html") ?? -1;
  const json = accept?.indexOf("application/json") ?? -1;
  return html >= 0 && (json < 0 || html < json);
}
