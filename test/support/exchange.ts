import { connectRaw, formatClose, parseStatuses } from "./raw.ts";
import { waitFor } from "./session.ts";

/** A request that closes the connection, to see that nothing before it is still to be answered. */
const LAST = "GET /there-is-nothing-here HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

export type Exchange = {
  /** The status of each answer to `bytes`, in order. */
  statuses: number[];
  /** All that came, as Latin-1. */
  text: string;
  /** The server ended the connection by itself, or said that it would. */
  isCut: boolean;
};

/**
 * Sends `bytes` on a connection of their own, and resolves with every answer once the connection has ended.
 *
 * After `answers` answers the connection is ended in good order: by a last request, or by a close frame after a 101.
 * An answer too many comes before that end, so it is seen.
 */
export async function exchange(url: string, bytes: string | Uint8Array, answers = 1): Promise<Exchange> {
  using raw = await connectRaw(url, typeof bytes === "string" ? Buffer.from(bytes, "latin1") : bytes);
  const statuses = () => parseStatuses(raw.received());
  await waitFor(() => raw.ended() || statuses().length >= answers, `${answers} answers`);
  const isUpgraded = statuses().at(-1) === 101;
  const isCut = raw.ended() || saysClose(raw.received().toString("latin1"));
  if (!isCut) raw.socket.write(isUpgraded ? formatClose(1000) : LAST);
  await waitFor(() => raw.ended(), "end of the connection");
  const all = statuses();
  const isLastAnswered = !isCut && !isUpgraded && all.length > answers;
  return { statuses: isLastAnswered ? all.slice(0, -1) : all, text: raw.received().toString("latin1"), isCut };
}

/** Whether the last answer in `text` is the connection's last. */
function saysClose(text: string): boolean {
  const head = text.slice(text.lastIndexOf("HTTP/1.1 ")).split("\r\n\r\n", 1)[0] ?? "";
  return /^connection: close$/im.test(head.replaceAll("\r", ""));
}
