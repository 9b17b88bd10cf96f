/** How long a stop waits for `close` events to finish, in milliseconds. */
export const STOP_GRACE_MS = 10_000;

/** What else a stop does takes less than this. */
const REST_SECONDS = 5;

/** No stop takes longer. */
export function countLongestStopSeconds({ drainSeconds }: { drainSeconds: number }): number {
  return drainSeconds + STOP_GRACE_MS / 1000 + REST_SECONDS;
}
