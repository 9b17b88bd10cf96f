import { createTextFile } from "../../text-file.ts";
import { formatPolicy } from "../../security-headers.ts";
import { bundlePage } from "./bundle-page.ts" with { type: "macro" };
import { renderPage } from "./page.tsx";

const { script, style } = bundlePage();

const ICON = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">
  <rect width="32" height="32" rx="9" fill="#4f46e5" />
  <path d="M8 13v6M13.3 9v14M18.7 12v8M24 14.5v3" fill="none" stroke="#fff" stroke-width="3" stroke-linecap="round" />
</svg>
`;

/** Only what comes from this server, and nothing that stands in the page itself. */
const policy = formatPolicy("script-src 'self'", "style-src 'self'", "img-src 'self'", "connect-src 'self'");

export const page = createTextFile(renderPage(), "text/html; charset=utf-8", { "Content-Security-Policy": policy });

/** What the page loads, by its name below `/-/inspector/`. */
export const files = {
  "script.js": createTextFile(script, "text/javascript; charset=utf-8"),
  "style.css": createTextFile(style, "text/css; charset=utf-8"),
  "icon.svg": createTextFile(ICON, "image/svg+xml"),
};
