const UNITS = ["B", "KiB", "MiB", "GiB", "TiB"];

/** `1,204`. */
export function formatNumber(number: number): string {
  return Math.round(number).toLocaleString("en");
}

/** `9.4k`, `1.2M`: in a narrow column. */
export function formatShort(number: number): string {
  if (Math.abs(number) < 10_000) return formatNumber(number);
  return number < 1_000_000 ? `${toThree(number / 1000)}k` : `${toThree(number / 1_000_000)}M`;
}

/** `512 B`, `1.5 KiB`. */
export function formatSize(bytes: number): string {
  let unit = 0;
  let value = bytes;
  for (; value >= 1000 && unit < UNITS.length - 1; unit += 1) value /= 1024;
  return `${unit === 0 ? value : toThree(value)} ${UNITS[unit]}`;
}

/** `3 s`, `4 min`, `2 h 10 min`, `3 d 4 h`. */
export function formatAge(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return `${hours} h ${minutes % 60} min`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** `14:05:09`. */
export function formatTime(at: number): string {
  return new Date(at).toLocaleTimeString([], { timeStyle: "medium", hourCycle: "h23" });
}

/** `26 Nov, 14:05`. */
export function formatDate(at: string): string {
  return new Date(at).toLocaleString("en-GB", {
    day: "numeric",
    month: "short",
    hour: "2-digit",
    minute: "2-digit",
  });
}

/** `0.4 ms`, `1.2 s`. */
export function formatMs(ms: number): string {
  return ms < 1000 ? `${toThree(ms)} ms` : `${toThree(ms / 1000)} s`;
}

/** Three digits that count. */
function toThree(number: number): string {
  return number >= 100 ? number.toFixed(0) : number >= 10 ? number.toFixed(1) : number.toFixed(number === 0 ? 0 : 2);
}
