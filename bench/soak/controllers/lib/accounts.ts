import { kept, type SessionEvent } from "hubbub";

/** What has been heard of all sessions. */
export const accounts = kept("accounts", () => ({ opened: 0, closed: 0, errors: 0, slow: 0 }));

/** The last number of each room and of the news. */
export const numbers = kept("numbers", () => new Map<string, number>());

export function note(event: SessionEvent): void {
  if (event.type === "open") accounts.opened += 1;
  if (event.type === "error") accounts.errors += 1;
  if (event.type !== "close") return;
  accounts.closed += 1;
  if (event.closeReason === 4008) accounts.slow += 1;
}

/** The next number of a room. */
export function count(room: string): number {
  const number = (numbers.get(room) ?? 0) + 1;
  numbers.set(room, number);
  return number;
}
