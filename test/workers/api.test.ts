import { expect, setDefaultTimeout, test } from "bun:test";
import { startCrew, type TestCrew, where } from "../support/crew.ts";
import { waitFor } from "../support/session.ts";

/** Threads start slowly on a machine that others use too. */
setDefaultTimeout(30_000);

const token = "0123456789abcdef";
const headers = { Authorization: `Bearer ${token}` };

type Sessions = { total: number; sessions: { id: string; openedAt: string; messagesReceived: number }[] };

async function read<T>(crew: TestCrew, path: string): Promise<T> {
  return (await (await crew.fetch(`/-/api${path}`, { headers })).json()) as T;
}

test("the API answers for the sessions of all workers, whichever it asks", async () => {
  await using crew = await startCrew(where, { "admin-token": token });
  const threads = new Map<string, number>();
  for (let count = 0; count < 8 || new Set(threads.values()).size < 2; count += 1) {
    const session = await crew.open("/where");
    const { id, thread } = (await session.nextJson()) as { id: string; thread: number };
    for (let message = 0; message <= count; message += 1) session.send("join all");
    session.send("size all");
    await session.next();
    threads.set(id, thread);
  }
  const ids = [...threads.keys()];
  const total = ids.length;
  await waitFor(async () => (await read<Sessions>(crew, "/sessions?limit=1")).total === total, "sessions of both");
  // Each answer may come from another worker.
  for (let time = 0; time < 6; time += 1) {
    const all = await read<Sessions>(crew, "/sessions?sort=received");
    expect(all.sessions.map(({ id }) => id)).toEqual(ids);
    const page = await read<Sessions>(crew, "/sessions?sort=-received&offset=2&limit=3");
    expect({ ...page, sessions: page.sessions.map(({ id }) => id) }).toEqual({
      total,
      sessions: ids.toReversed().slice(2, 5),
    });
    expect(await read(crew, `/sessions/${ids[time]}`)).toMatchObject({ id: ids[time], groups: ["all"] });
    expect(await read(crew, "/health")).toMatchObject({ status: "ready", sessions: total, groups: 1 });
  }
  expect((await crew.fetch(`/-/api/sessions/${crypto.randomUUID()}`, { headers })).status).toBe(404);
});

test("the API says why a load was refused, whichever worker it asks", async () => {
  await using crew = await startCrew(where, { "admin-token": token, watch: "false" });
  crew.folder.write({ "broken.ts": "export const get = 7;" });
  await crew.supervisor.reload();
  for (let time = 0; time < 6; time += 1) {
    const { lastFault } = await read<{ lastFault: string }>(crew, "/health");
    expect(lastFault).toStartWith('Cannot load controller "broken.ts"');
  }
});
