import { CloseEvent as LocalCloseEvent } from "partysocket/ws";
import type { Ending } from "./connect.d.ts";

/** The library tells of a connection that was lost, or never came to be, with an event of its own. */
export function toEnding(event: { code: number; reason: string }): Ending {
  return { code: event instanceof LocalCloseEvent ? 1006 : event.code, reason: event.reason };
}

/** The server says that there is nothing to come back for. */
export function isFinal({ code }: Ending): boolean {
  return code === 1000 || (code >= 4400 && code <= 4499);
}
