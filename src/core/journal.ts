import { fstatSync } from "node:fs";

/** Whether a descriptor leads to systemd's journal, which reads a line's priority from `<3>` before it (sd-daemon(3)). */
export function isJournal(descriptor: number): boolean {
  const stream = process.env["JOURNAL_STREAM"];
  if (stream === undefined) return false;
  try {
    const { dev, ino } = fstatSync(descriptor);
    return stream === `${dev}:${ino}`;
  } catch {
    return false;
  }
}
