import { domainToASCII } from "node:url";

/** One item of `--origins`. */
export type OriginPattern = {
  /** Without the colon; undefined for any. */
  scheme: string | undefined;
  /** As browsers write it: in lower case and ASCII; an IPv6 address in brackets. */
  host: string;
  /** It means the names beneath `host`, at any depth, and not `host` itself. */
  isBeneath: boolean;
  /** Undefined for any, or with a scheme for that scheme's own. */
  port: string | undefined;
};

const form = /^(?:([a-z][a-z\d+.-]*):\/\/)?(\*\.)?(\[[\da-f:.]+\]|[^\s/?#@\\:*,[\]]+)(?::(\d{1,5}))?$/i;

/** What `https://example.com`, `*.example.com` or `bücher.example:8080` means; undefined if `text` is no such pattern. */
export function parseOriginPattern(text: string): OriginPattern | undefined {
  const [, scheme, wildcard, name = "", port] = form.exec(text) ?? [];
  const host = name.startsWith("[") ? name.toLowerCase() : domainToASCII(name);
  if (host === "" || host.startsWith(".") || host.includes("..") || Number(port ?? 0) > 65_535) return undefined;
  return { scheme: scheme?.toLowerCase(), host, isBeneath: wildcard !== undefined, port };
}
