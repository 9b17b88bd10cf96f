import type { SeriesPart } from "../../../core/series.ts";

/** For so many seconds a sample stands for what nobody has sampled: an event loop that is held is still there. */
export const HELD_SECONDS = 5;

/**
 * One sample for each second after `after` until `until`, of what several event loops sampled at moments of their own.
 *
 * Sessions and messages are added up; the lag is the longest; the memory is the process's, which all of them see.
 */
export function uniteSeries(
  parts: readonly SeriesPart[],
  { after, until }: { after: number; until: number },
): SeriesPart {
  const united: SeriesPart = { at: [], sessions: [], received: [], sent: [], lagMs: [], memoryBytes: [] };
  const first = Math.min(...parts.map(({ at }) => at[0] ?? Infinity));
  const places = parts.map(() => 0);
  for (let second = Math.max(after + 1, Math.ceil(first)); second <= until; second += 1) {
    const sample = { sessions: 0, received: 0, sent: 0, lagMs: 0, memoryBytes: 0 };
    for (const [index, part] of parts.entries()) {
      let place = places[index] ?? 0;
      while ((part.at[place + 1] ?? Infinity) <= second) place += 1;
      places[index] = place;
      const at = part.at[place];
      if (at === undefined || at > second || at < second - HELD_SECONDS) continue;
      sample.sessions += part.sessions[place] ?? 0;
      sample.received += part.received[place] ?? 0;
      sample.sent += part.sent[place] ?? 0;
      sample.lagMs = Math.max(sample.lagMs, part.lagMs[place] ?? 0);
      sample.memoryBytes = Math.max(sample.memoryBytes, part.memoryBytes[place] ?? 0);
    }
    united.at.push(second);
    united.sessions.push(sample.sessions);
    united.received.push(sample.received);
    united.sent.push(sample.sent);
    united.lagMs.push(sample.lagMs);
    united.memoryBytes.push(sample.memoryBytes);
  }
  return united;
}
