import type { Session } from "./session.ts";

/** Each session adds this much to the time over which all are closed, up to `--drain`. */
const MS_PER_SESSION = 10;

/** How often those that are due are closed, in milliseconds. */
const STEP_MS = 20;

export type DrainOptions = {
  /** The longest time over which the sessions are closed; 0 for all at once. */
  drainSeconds: number;
  /** Closes one session that has not ended yet. */
  close: (session: Session) => void;
};

/**
 * Closes every session at a random moment, so that their clients do not all come back in the same one.
 *
 * A few sessions are done at once: 100 take a second, and no number takes longer than `drainSeconds`.
 */
export async function drainSessions(sessions: Iterable<Session>, { drainSeconds, close }: DrainOptions): Promise<void> {
  const all = [...sessions];
  const spreadMs = Math.min(drainSeconds * 1000, all.length * MS_PER_SESSION);
  const schedule = all
    .map((session) => ({ session, dueMs: Math.random() * spreadMs }))
    .sort((a, b) => b.dueMs - a.dueMs);
  const startedAt = performance.now();
  for (;;) {
    const passedMs = spreadMs === 0 ? Infinity : performance.now() - startedAt;
    for (let next = schedule.at(-1); next !== undefined && next.dueMs <= passedMs; next = schedule.at(-1)) {
      schedule.pop();
      if (next.session.socket !== undefined) close(next.session);
    }
    if (schedule.length === 0) return;
    await Bun.sleep(STEP_MS);
  }
}
