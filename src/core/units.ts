const secondsPer: Record<string, number> = { "": 1, s: 1, m: 60, h: 3600, d: 86_400 };

const bytesPer: Record<string, number> = {
  "": 1,
  b: 1,
  kb: 1000,
  mb: 1000 ** 2,
  gb: 1000 ** 3,
  kib: 1024,
  mib: 1024 ** 2,
  gib: 1024 ** 3,
};

/** Seconds in `300`, `30s`, `5m`, `1h` or `1d`; undefined if `text` is not a duration. */
export function parseDuration(text: string): number | undefined {
  return parseAmount(text, secondsPer);
}

/** Bytes in `65536`, `64KiB`, `1MiB` or `1MB`; undefined if `text` is not a whole number of bytes. */
export function parseSize(text: string): number | undefined {
  const bytes = parseAmount(text, bytesPer);
  return Number.isInteger(bytes) ? bytes : undefined;
}

/** The shortest way to write `bytes` that `parseSize` reads back. */
export function formatSize(bytes: number): string {
  if (bytes > 0 && bytes % 1024 ** 2 === 0) return `${bytes / 1024 ** 2}MiB`;
  if (bytes > 0 && bytes % 1024 === 0) return `${bytes / 1024}KiB`;
  return String(bytes);
}

function parseAmount(text: string, units: Record<string, number>): number | undefined {
  const match = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/i.exec(text.trim());
  const name = match?.[2]?.toLowerCase() ?? "";
  return match && Object.hasOwn(units, name) ? Number(match[1]) * (units[name] ?? 0) : undefined;
}
