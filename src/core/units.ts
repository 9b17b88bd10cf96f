const secondsPer: Record<string, number> = { "": 1, ms: 0.001, s: 1, m: 60, h: 3600, d: 86_400 };

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

/** `1 session`, `1,204 sessions`: how many there are of what `noun` names. */
export function formatCount(count: number, noun: string): string {
  return `${count < 1000 ? count : count.toLocaleString("en")} ${noun}${count === 1 ? "" : "s"}`;
}

/** Seconds in `300`, `2ms`, `30s`, `5m`, `1h` or `1d`; undefined if `text` is not a duration. */
export function parseDuration(text: string): number | undefined {
  return parseAmount(text, secondsPer);
}

/** Bytes in `65536`, `64KiB`, `1MiB` or `1MB`; undefined if `text` is not a whole number of bytes. */
export function parseSize(text: string): number | undefined {
  const bytes = parseAmount(text, bytesPer);
  return Number.isInteger(bytes) ? bytes : undefined;
}

/** The shortest way to write `seconds` that `parseDuration` reads back. */
export function formatDuration(seconds: number): string {
  if (seconds > 0 && seconds < 1) return `${seconds * 1000}ms`;
  return formatAmount(seconds, ["d", "h", "m", "s"], (unit) => secondsPer[unit]);
}

/** The shortest way to write `bytes` that `parseSize` reads back. */
export function formatSize(bytes: number): string {
  return formatAmount(bytes, ["GiB", "MiB", "KiB"], (unit) => bytesPer[unit.toLowerCase()]);
}

/** `amount` in the first unit that divides it. */
function formatAmount(amount: number, units: readonly string[], sizeOf: (unit: string) => number | undefined): string {
  for (const unit of units) {
    const size = sizeOf(unit) ?? 1;
    if (amount > 0 && amount % size === 0) return `${amount / size}${unit}`;
  }
  return String(amount);
}

function parseAmount(text: string, units: Record<string, number>): number | undefined {
  const match = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/i.exec(text.trim());
  const name = match?.[2]?.toLowerCase() ?? "";
  return match && Object.hasOwn(units, name) ? Number(match[1]) * (units[name] ?? 0) : undefined;
}
