import { expect, test } from "bun:test";
import { CrewCounts, WorkerCounts } from "../../src/workers/shared-counts.ts";
import { waitFor } from "../support/session.ts";

/** What two workers count together, without threads. */
function createCounts(limits: { maxSessionsPerAddress?: number; maxUpgradesPerSecond?: number } = {}) {
  const workers: WorkerCounts[] = [];
  const crew = new CrewCounts({
    workers: 2,
    maxSessionsPerAddress: 0,
    maxUpgradesPerSecond: 0,
    ...limits,
    onFull: (address, isFull) => workers.forEach((worker) => worker.setFull(address, isFull)),
  });
  const join = (number: number) =>
    new WorkerCounts(crew.memory, number, (address, change) => crew.countAddress(number, address, change));
  workers.push(join(1), join(2));
  return { crew, workers: workers as [WorkerCounts, WorkerCounts] };
}

test("WorkerCounts.open counts the sessions of all workers, and CrewCounts.forget() takes those of one away", () => {
  const { crew, workers } = createCounts();
  const [one, other] = workers;
  for (let count = 0; count < 3; count += 1) one.count("", 1);
  other.count("", 1);
  one.count("", -1);
  expect([one.open, other.open, crew.open]).toEqual([3, 3, 3]);
  expect(crew.forget(1)).toBe(2);
  expect([one.open, crew.forget(1)]).toEqual([1, 0]);
});

test("WorkerCounts.isFull() tells of an address that is full over all workers, as long as it is", () => {
  const { crew, workers } = createCounts({ maxSessionsPerAddress: 2 });
  const [one, other] = workers;
  const isFull = () => workers.map((worker) => worker.isFull("192.0.2.1"));
  one.count("192.0.2.1", 1);
  one.count("192.0.2.2", 1);
  expect(isFull()).toEqual([false, false]);
  other.count("192.0.2.1", 1);
  expect(isFull()).toEqual([true, true]);
  expect([...crew.full]).toEqual(["192.0.2.1"]);
  one.count("192.0.2.1", -1);
  expect(isFull()).toEqual([false, false]);
  one.count("192.0.2.1", 1);
  crew.forget(1);
  expect([isFull(), [...crew.full]]).toEqual([[false, false], []]);
});

test("CrewCounts counts no addresses without a limit", () => {
  const { crew, workers } = createCounts();
  for (let count = 0; count < 100; count += 1) workers[0].count("192.0.2.1", 1);
  expect([workers[1].isFull("192.0.2.1"), crew.full.size]).toEqual([false, 0]);
});

test("WorkerCounts.takeUpgrade() gives what one second allows to all workers together, and again later", async () => {
  const { crew, workers } = createCounts({ maxUpgradesPerSecond: 5 });
  const take = () => workers.map((worker) => worker.takeUpgrade()).filter(Boolean).length;
  expect([take(), take(), take(), take()]).toEqual([2, 2, 1, 0]);
  crew.start();
  await waitFor(() => take() > 0, "another upgrade");
  crew.stop();
});
