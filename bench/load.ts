// The load process: one task, given as its argument in JSON; its answer is the last line of its output.
import { EventCounter } from "./instructions.ts";
import type { Answer, Job, Outcome, Slice, Task } from "./job.ts";
import { IdleSessions } from "./idle-sessions.ts";
import { readMemory, readTimes } from "./process.ts";
import type { Sample } from "./sample.ts";
import { percentile } from "./statistics.ts";
import { Traffic } from "./traffic.ts";

/** In so many turns the servers are warmed up, by the load that is then measured: they compile their hot code meanwhile. */
const WARM_UPS = 3;

/** This share of a slice comes before it and is not measured: the turn before was the other server's. */
const LEAD_IN = 0.25;

/** One server under load. */
type Side = {
  job: Job;
  latencies: Sample;
  warmUp: () => Promise<unknown>;
  leadIn: () => Promise<unknown>;
  /** Loads the server for one slice; resolves to the number of deliveries. */
  run: () => Promise<number>;
  end: () => Promise<void>;
  slices: Slice[];
  counter?: EventCounter;
};

async function runTask({ jobs, slices, warmUpMs, sliceMs, countInstructions }: Task): Promise<Outcome[]> {
  const idle = jobs.filter(({ load }) => load.kind === "idle");
  if (idle.length > 0) return inTurn(idle, (job) => named(job, measureMemory(job)));
  const sides = await inTurn(jobs, (job) => named(job, openSide(job, { slices, warmUpMs, sliceMs })));
  if (countInstructions) for (const side of sides) side.counter = await EventCounter.attach(side.job.pid);
  // A B, B A, A B: whoever comes first has no advantage.
  const order = (turn: number) => (turn % 2 === 0 ? sides : sides.toReversed());
  for (let turn = 0; turn < WARM_UPS; turn += 1) for (const side of order(turn)) await named(side.job, side.warmUp());
  for (const { latencies } of sides) latencies.clear();
  for (let turn = 0; turn < slices; turn += 1)
    for (const side of order(turn)) side.slices.push(await named(side.job, runSlice(side)));
  return inTurn(sides, (side) => named(side.job, finish(side)));
}

async function openSide(
  job: Job,
  { slices, warmUpMs, sliceMs }: Pick<Task, "slices" | "warmUpMs" | "sliceMs">,
): Promise<Side> {
  if (job.load.kind === "upgrades") {
    const { sessions, atOnce } = job.load;
    const opened = new IdleSessions(job);
    return {
      job,
      slices: [],
      latencies: opened.latencies,
      async warmUp() {
        const first = new IdleSessions(job);
        await first.open(sessions, atOnce);
        first.end();
      },
      leadIn: async () => {},
      run: () => opened.open(Math.ceil(sessions / slices), atOnce),
      end: async () => opened.end(),
    };
  }
  const traffic = new Traffic(job);
  await traffic.open();
  return {
    job,
    slices: [],
    latencies: traffic.latencies,
    warmUp: () => traffic.run(warmUpMs / WARM_UPS),
    leadIn: () => traffic.run(sliceMs * LEAD_IN),
    run: () => traffic.run(sliceMs),
    end: () => traffic.end(),
  };
}

/** Measures the server and this process while one slice runs. */
async function runSlice({
  job,
  leadIn,
  run,
  counter,
}: Pick<Side, "job" | "leadIn" | "run" | "counter">): Promise<Slice> {
  await leadIn();
  await counter?.enable();
  const own = process.cpuUsage();
  const startedAt = performance.now();
  const before = readTimes(job.pid);
  const deliveries = await run();
  const after = readTimes(job.pid);
  const wallSeconds = (performance.now() - startedAt) / 1000;
  const { user, system } = process.cpuUsage(own);
  await counter?.disable();
  return {
    deliveries,
    wallSeconds,
    cpuSeconds: after.cpuSeconds - before.cpuSeconds,
    userSeconds: after.userSeconds - before.userSeconds,
    loadSeconds: (user + system) / 1e6,
  };
}

async function finish({ slices, latencies, end, counter }: Side): Promise<Outcome> {
  await end();
  const instructions = await counter?.stop();
  return { slices, ...summarise(latencies), ...(instructions === undefined ? {} : { instructions }) };
}

/** The first sessions pay for what the server allocates once. */
async function measureMemory(job: Job): Promise<Outcome> {
  const sessions = job.load.kind === "idle" ? job.load.sessions : 0;
  const opened = new IdleSessions(job);
  await opened.open(500, 64);
  const before = await readSettledMemory(job);
  opened.latencies.clear();
  const slice = await runSlice({ job, leadIn: async () => {}, run: () => opened.open(sessions, 64) });
  const bytes = await readSettledMemory(job);
  opened.end();
  return { slices: [slice], ...summarise(opened.latencies), bytes, bytesPerSession: (bytes - before) / sessions };
}

/** The server's memory after it has collected its garbage. */
async function readSettledMemory({ port, collectPath, pid }: Job): Promise<number> {
  for (let round = 0; round < 3; round += 1) {
    const { ok, status } = await fetch(`http://127.0.0.1:${port}${collectPath}`);
    if (!ok) throw new Error(`Cannot have the server collect its garbage: it answered ${status}, expected 200`);
    await Bun.sleep(100);
  }
  return readMemory(pid);
}

function summarise({ values }: Sample): { p50Ms: number; p99Ms: number } {
  return { p50Ms: percentile(values, 50), p99Ms: percentile(values, 99) };
}

/** One after another, never at the same time. */
async function inTurn<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (const item of items) results.push(await work(item));
  return results;
}

/** An error says which server it was. */
async function named<T>({ name }: Job, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw new Error(`${name}: ${(error as Error).message}`, { cause: error });
  }
}

function answer(given: Answer): never {
  console.log(JSON.stringify(given));
  process.exit("error" in given ? 1 : 0);
}

if (import.meta.main) {
  try {
    answer({ outcomes: await runTask(JSON.parse(process.argv[2] ?? "") as Task) });
  } catch (error) {
    answer({ error: (error as Error).message });
  }
}
