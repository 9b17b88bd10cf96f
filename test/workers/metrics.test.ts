import { expect, test } from "bun:test";
import { startCrew, where } from "../support/crew.ts";

test("/-/metrics has the figures of each worker, whichever it asks, and those of the process once", async () => {
  await using crew = await startCrew(where, { "metrics-from": "loopback", watch: "false" });
  const threads = new Map<number, number>();
  for (let count = 0; count < 8 || threads.size < 2; count += 1) {
    const session = await crew.open("/where");
    const { thread } = (await session.nextJson()) as { thread: number };
    threads.set(thread, (threads.get(thread) ?? 0) + 1);
  }
  crew.folder.write({ "broken.ts": "export const get = 7;" });
  await crew.supervisor.reload();
  // Each answer may come from another worker.
  for (let time = 0; time < 6; time += 1) {
    const text = await (await crew.fetch("/-/metrics")).text();
    const sessions = [...text.matchAll(/^hubbub_sessions\{worker="([12])"\} (\d+)$/gm)];
    expect(sessions.map(([, worker]) => worker)).toEqual(expect.arrayContaining(["1", "2"]));
    const counts = sessions.map(([, , count]) => Number(count));
    expect(counts.toSorted((one, other) => one - other)).toEqual(
      [...threads.values()].sort((one, other) => one - other),
    );
    expect(text).toMatch(/^hubbub_sessions_closed_total\{worker="1",code="1000"\} 0$/m);
    expect(text.match(/^process_cpu_seconds_total .*$/gm)?.length).toBe(1);
    expect(text).toContain('hubbub_reloads_total{result="refused"} 1');
  }
});
