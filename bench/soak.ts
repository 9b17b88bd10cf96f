// `bun run soak`: a thousand sessions come, talk and go for ten minutes; every message is accounted for, and memory is watched.
import { parseArgs } from "node:util";
import { checkLimits, readMemory } from "./process.ts";
import { runClients } from "./soak/clients.ts";
import { Random } from "./soak/random.ts";
import { startControl, startHubbub, type Subject } from "./soak/subject.ts";
import { Tally } from "./soak/tally.ts";
import { formatTable } from "./table.ts";

const help = `Soaks the executable: sessions come, talk (echo, async, rooms, news; text and bytes) and go (close, drop, reset),
slow readers among them, while controllers are edited. Each message must arrive once and in order.

bun run soak [OPTIONS]

  --minutes N     how long (10); memory is compared with that after a fifth of it
  --sessions N    how many at a time (1000)
  --seed N        another course of events (1)
  --control       the same on bare Bun.serve, without edits`;

/** Memory at the end may be so much more than after a fifth of the time. */
const MOST_GROWTH = 1.1;

/** A shorter soak says nothing about memory. */
const LEAST_MINUTES_FOR_MEMORY = 4;

/** How often the controllers are edited and memory is read, in milliseconds; more often in a short soak. */
const STEP_MS = 5000;

const MIB = 1024 ** 2;

type SoakOptions = { minutes: number; sessions: number; seed: number; isControl: boolean };

type Sample = { atMs: number; bytes: number };

async function soak({ minutes, sessions, seed, isControl }: SoakOptions): Promise<boolean> {
  checkLimits(2 * sessions + 200);
  await using subject = isControl ? await startControl() : await startHubbub(sessions);
  const tally = new Tally();
  const durationMs = minutes * 60_000;
  // Threads that start late have files of their own.
  await Bun.sleep(1000);
  await subject.readState();
  const files = subject.countFiles();
  const startedAt = performance.now();
  const isOver = () => performance.now() - startedAt > durationMs;
  const random = new Random(seed);
  const options = {
    port: subject.port,
    tally,
    random,
    longestStayMs: Math.min(20_000, durationMs / 5),
    slowMs: Math.min(45_000, durationMs / 3),
    isOver,
  };
  const stepMs = Math.min(STEP_MS, durationMs / 20);
  const samples: Sample[] = [];
  const readSample = async () => {
    await subject.readState();
    samples.push({ atMs: performance.now() - startedAt, bytes: readMemory(subject.pid) });
    showProgress(samples, tally, durationMs);
  };
  await Promise.all([
    ...Array.from({ length: sessions }, () => runClients(options)),
    repeat(stepMs, isOver, () => subject.edit()),
    repeat(stepMs, isOver, readSample),
  ]);
  await checkAfter(subject, tally, files);
  const memory = compareMemory(samples, durationMs);
  if (minutes >= LEAST_MINUTES_FOR_MEMORY && memory.end > memory.early * MOST_GROWTH)
    tally.complain(`memory grew from ${format(memory.early)} to ${format(memory.end)}`);
  console.log(await formatResult(subject, tally, memory));
  for (const problem of tally.problems) console.log(`Problem: ${problem}`);
  return tally.problems.length === 0;
}

async function repeat(ms: number, isOver: () => boolean, act: () => Promise<void>): Promise<void> {
  for (let next = performance.now() + ms; !isOver(); next += ms) {
    await Bun.sleep(Math.max(0, Math.min(next - performance.now(), 250)));
    if (performance.now() >= next) await act();
    else next -= ms;
  }
}

/** What must hold once everybody has gone. */
async function checkAfter(subject: Subject, tally: Tally, files: number): Promise<void> {
  const isQuiet = async () => {
    const { opened, closed, members } = await subject.readState();
    return opened === closed && members === 0 && subject.countFiles() <= files + 2;
  };
  for (let tries = 0; tries < 100 && !(await isQuiet()); tries += 1) await Bun.sleep(100);
  const { opened, closed, errors, members, slow } = await subject.readState();
  if (opened !== tally.opened) tally.complain(`the server heard of ${opened} sessions, expected ${tally.opened}`);
  if (closed !== opened) tally.complain(`${closed} of ${opened} sessions were closed`);
  if (members !== 0) tally.complain(`${members} members are left in rooms`);
  const cut = tally.endings.get("slow, cut") ?? 0;
  if (subject.cutsSlow && slow !== cut) tally.complain(`${slow} slow readers were cut, but ${cut} saw it`);
  if (errors !== 0) tally.complain(`${errors} sessions had an error`);
  if (subject.countFiles() > files + 2) tally.complain(`${subject.countFiles()} files are open, expected ${files}`);
  const { made, loaded } = subject.edits();
  if (loaded < made) tally.complain(`${loaded} of ${made} edits were loaded`);
  for (const complaint of subject.complaints()) tally.complain(`the log says: ${complaint}`);
  await subject.checkLimits().catch((error: Error) => tally.complain(error.message));
}

/** The median after a fifth of the time and at its end, each over a twentieth of it before and after. */
function compareMemory(samples: readonly Sample[], durationMs: number): { early: number; end: number } {
  const around = (part: number) => {
    const near = samples.filter(({ atMs }) => Math.abs(atMs / durationMs - part) <= 0.05).map(({ bytes }) => bytes);
    return near.sort((a, b) => a - b)[Math.floor(near.length / 2)] ?? Number.NaN;
  };
  return { early: around(0.2), end: around(0.95) };
}

async function formatResult(
  subject: Subject,
  tally: Tally,
  { early, end }: { early: number; end: number },
): Promise<string> {
  const { slow } = await subject.readState();
  const { loaded, refused } = subject.edits();
  const endings = [...tally.endings].sort(([a], [b]) => (a < b ? -1 : 1));
  return formatTable(
    ["", "count"],
    [
      ["sessions", tally.opened.toLocaleString("en")],
      ...endings.map(([ending, count]) => [`… ${ending}`, count.toLocaleString("en")]),
      ["slow readers that the server cut", slow.toLocaleString("en")],
      ["messages sent", tally.sent.toLocaleString("en")],
      ["messages received", tally.received.toLocaleString("en")],
      ["problems", tally.problems.length.toLocaleString("en")],
      ["edits loaded", loaded.toLocaleString("en")],
      ["edits refused", refused.toLocaleString("en")],
      ["memory after a fifth of the time", format(early)],
      ["memory at the end", `${format(end)} (${((100 * end) / early).toFixed(1)} %)`],
      ["memory when all had gone", format(readMemory(subject.pid))],
    ],
  );
}

const format = (bytes: number) => `${(bytes / MIB).toFixed(1)} MiB`;

function showProgress(samples: readonly Sample[], tally: Tally, durationMs: number): void {
  const { atMs, bytes } = samples.at(-1) as Sample;
  const problems = tally.problems.length === 0 ? "" : `, ${tally.problems.length} problems: ${tally.problems.at(-1)}`;
  console.error(
    `${(atMs / 1000).toFixed(0)} of ${(durationMs / 1000).toFixed(0)} s: ${format(bytes)}, ${tally.opened} sessions, ${tally.received} messages${problems}`,
  );
}

function readOptions(argv: string[]): SoakOptions | undefined {
  const { values } = parseArgs({
    args: argv,
    options: {
      minutes: { type: "string", default: "10" },
      sessions: { type: "string", default: "1000" },
      seed: { type: "string", default: "1" },
      control: { type: "boolean", default: false },
    },
  });
  const [minutes, sessions, seed] = [values.minutes, values.sessions, values.seed].map(Number) as [
    number,
    number,
    number,
  ];
  if (!(minutes > 0) || !Number.isInteger(sessions) || sessions < 1 || !Number.isInteger(seed)) return undefined;
  return { minutes, sessions, seed, isControl: values.control };
}

if (import.meta.main) {
  const options = readOptions(process.argv.slice(2));
  if (options === undefined) {
    console.error(help);
    process.exit(2);
  }
  process.exit((await soak(options)) ? 0 : 1);
}
