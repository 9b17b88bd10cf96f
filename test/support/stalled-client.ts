import { readFileSync } from "node:fs";
import { $ } from "bun";
import { startBinary } from "./binary.ts";
import { createFolder } from "./folder.ts";
import { openRaw, parseFrames, type RawConnection } from "./raw.ts";
import { waitFor } from "./session.ts";

/**
 * Runs in a network of its own, whose small packets leave little room in the kernel's buffers: a group under constant load
 * with many members that read nothing and one that reads. Who is cut comes again. Prints what came of it as JSON.
 */
const [stalledCount = "500", seconds = "2", maxBacklog = "64KiB"] = process.argv.slice(2);
const controllers = {
  "feed.js": `
import { addToGroup, getGroupSize, kept, sendToGroup } from "hubbub";
const state = kept("state", () => ({ closes: {}, sent: 0 }));
let timer;
export const get = ({ webSocket }) => (webSocket ? { webSocket: {} } : { body: { ...state, members: getGroupSize("feed") } });
export const post = () => {
  timer = setInterval(() => {
    for (let n = 0; n < 4; n += 1) sendToGroup("feed", String((state.sent += 1)).padEnd(1024));
  }, 1);
  return {};
};
export const DELETE = () => { clearInterval(timer); return { body: { sent: state.sent } }; };
export const webSocketEvent = ({ type, session: { id }, closeReason, reason }) => {
  if (type === "open") addToGroup("feed", id);
  if (type === "close") state.closes[closeReason + " " + reason] = (state.closes[closeReason + " " + reason] ?? 0) + 1;
};`,
};

const PATIENCE_MS = 15_000;

type State = { closes: Record<string, number>; sent: number; members: number };

await run();
process.exit();

async function run(): Promise<void> {
  await $`ip link set lo up mtu 1500`;
  using folder = createFolder(controllers);
  await using server = await startBinary(
    [folder.path, "--no-watch", "--max-backlog", maxBacklog, "--max-upgrades", "0"],
    {
      cwd: folder.path,
    },
  );
  const look = async () => (await (await server.fetch("/feed")).json()) as State;
  const readPeak = () =>
    Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${server.pid}/status`, "latin1"))?.[1]) * 1024;
  const readNumbers = (raw: RawConnection) =>
    parseFrames(raw.received()).map(({ payload }) => Number(payload.toString()));

  const stalled: RawConnection[] = [];
  async function stall() {
    const raw = await openRaw(`${server.origin}/feed`);
    raw.socket.pause();
    stalled.push(raw);
  }

  using healthy = await openRaw(`${server.origin}/feed`);
  await Promise.all(Array.from({ length: Number(stalledCount) }, stall));
  const before = readPeak();
  await server.fetch("/feed", { method: "POST" });
  const endsAt = performance.now() + Number(seconds) * 1000;
  let cut = 0;
  // A busy machine takes longer until the first are cut.
  while (performance.now() < endsAt || (cut < Number(stalledCount) && performance.now() < endsAt + PATIENCE_MS)) {
    const { members, closes } = await look();
    cut = Object.values(closes).reduce((sum, count) => sum + count, 0);
    await Promise.all(Array.from({ length: Math.max(0, Number(stalledCount) + 1 - members) }, stall));
  }
  const { sent } = (await (await server.fetch("/feed", { method: "DELETE" })).json()) as { sent: number };
  await waitFor(() => readNumbers(healthy).at(-1) === sent, "last message");
  const numbers = readNumbers(healthy);
  const { closes, members } = await look();
  console.log(
    JSON.stringify({
      sent,
      isComplete: numbers.length === sent && numbers.every((number, index) => number === index + 1),
      opened: stalled.length,
      closes,
      members,
      grownBytes: readPeak() - before,
      warnings: server.log().flatMap(({ level, message }) => (level === "WARNING" ? [message] : [])),
    }),
  );
}
