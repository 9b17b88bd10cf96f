import { expect, setDefaultTimeout, test } from "bun:test";
import { startCrew, where } from "../support/crew.ts";
import { openFacts } from "../support/facts.ts";
import { waitFor } from "../support/session.ts";

/** Threads start slowly on a machine that others use too. */
setDefaultTimeout(30_000);

const token = "0123456789abcdef";
const headers = { Authorization: `Bearer ${token}` };

const fails = `export const get = () => ({ webSocket: {} });
export const webSocketEvent = ({ type }) => { if (type === "message") throw new Error("as asked"); };
`;

test("the inspector shows several workers as one server, whichever it asks", async () => {
  await using crew = await startCrew({ ...where, "fails.js": fails }, { "admin-token": token, watch: "false" });
  const threads: number[] = [];
  while (threads.length < 6 || new Set(threads).size < 2) {
    const session = await crew.open("/where");
    const { thread } = (await session.nextJson()) as { thread: number };
    session.send("join all");
    session.send("size all");
    await session.next();
    threads.push(thread);
  }
  for (let count = 0; count < 6; count += 1) {
    const session = await crew.open("/fails");
    session.send("now");
    await session.closed;
  }
  const total = threads.length;
  const look = async () => {
    await using facts = await openFacts(crew.fetch, token, { view: "sessions", limit: "2", name: "all" });
    const { controllers, faults, lines } = await facts.next();
    expect(controllers).toMatchObject([{ path: "/fails" }, { path: "/where", sessions: total }]);
    expect(faults).toMatchObject([{ controller: "fails.js", place: { line: 2 } }]);
    expect(lines?.filter(({ text }) => text.includes("as asked"))).toHaveLength(6);
    const { sessions, series } = await facts.until(
      (event) => event.group?.size === total && event.series?.sessions.at(-1) === total,
    );
    expect(sessions?.total).toBe(total);
    expect(sessions?.rows).toHaveLength(2);
    expect(series?.memoryBytes.at(-1)).toBeGreaterThan(1_000_000);
  };
  await waitFor(async () => {
    await using facts = await openFacts(crew.fetch, token);
    return (await facts.next()).health?.sessions === total;
  }, "end of those that failed");
  // Each stream may be another worker's.
  await Promise.all([look(), look(), look(), look()]);
}, 30_000);

test("the inspector reloads the controllers of all workers, and says why they were refused", async () => {
  await using crew = await startCrew({ ...where, "fails.js": fails }, { "admin-token": token, watch: "false" });
  const reload = async () =>
    (await crew.fetch("/-/inspector/reload", { method: "POST", headers })).json() as Promise<object>;
  expect(await reload()).toEqual({ generation: 2 });
  crew.folder.write({ "fails.js": "export const get = (" });
  expect(await reload()).toEqual({
    generation: 2,
    fault: expect.stringContaining('Cannot load controller "fails.js"'),
  });
  for (let time = 0; time < 4; time += 1) {
    await using facts = await openFacts(crew.fetch, token);
    const { lastFault, faults } = await facts.next();
    expect(lastFault).toStartWith('Cannot load controller "fails.js"');
    expect(faults).toMatchObject([{ controller: "fails.js", place: { line: 1 }, generation: 2 }]);
  }
  crew.folder.write({ "fails.js": fails });
  expect(await reload()).toEqual({ generation: 3 });
  await waitFor(async () => {
    await using facts = await openFacts(crew.fetch, token);
    const { lastFault, health } = await facts.next();
    return lastFault === "" && health?.generation === 3;
  }, "generation that serves in all workers");
}, 30_000);
