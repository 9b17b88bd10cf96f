import { join } from "node:path";
import { startRedis } from "../test/support/redis.ts";
import { type ClusterCase, type ClusterFigures, ClusterLoad } from "./cluster-load.ts";
import { describeMachine } from "./machine.ts";
import { checkLimits } from "./process.ts";
import { buildContenders, type Contender, type RunningServer, startServer } from "./servers.ts";
import { median } from "./statistics.ts";
import { formatNumber, formatTable } from "./table.ts";

const USAGE = `bun run bench:cluster [SECONDS]

  SECONDS  how long each case is loaded in each of its rounds; 4 if absent

What several nodes cost beyond one: CPU for each delivered message, latency, and what is saved because a node gets only the frames of groups
in which it has members. The nodes, their Redis and the load share this machine; nothing else should run on it.`;

const ROUNDS = 3;

/** Until then the runtime compiles what is hot, which is not what a delivery costs. */
const WARM_UP_SECONDS = 8;

/** So long after a session has joined a group, in milliseconds, all nodes are sure to know. */
const SETTLE_MS = 500;

/** How the members of a case are spread. */
type Layout = { name: string; nodes: number; hasBus: boolean; flags: readonly string[] };

const one: Layout = { name: "one node", nodes: 1, hasBus: false, flags: [] };
const layouts: Layout[] = [
  one,
  { name: "one node, with a bus", nodes: 1, hasBus: true, flags: [] },
  { name: "two nodes, Redis", nodes: 2, hasBus: true, flags: [] },
  { name: "four nodes, Redis", nodes: 4, hasBus: true, flags: [] },
];

const spreads: Record<string, Omit<ClusterCase, "placeOf">> = {
  "1 group of 1,000": { groups: 1, members: 1000, perSecond: 50 },
  "100 groups of 10": { groups: 100, members: 10, perSecond: 2000 },
  "10 groups of 10": { groups: 10, members: 10, perSecond: 100 },
};

async function measureSpreads(hubbub: Contender, seconds: number): Promise<void> {
  for (const [title, spread] of Object.entries(spreads)) {
    const results = new Map<string, ClusterFigures[]>(layouts.map(({ name }) => [name, []]));
    for (let round = 0; round < ROUNDS; round += 1) {
      // A B C, C B A: whoever comes first has no advantage.
      for (const layout of round % 2 === 0 ? layouts : layouts.toReversed()) {
        const placeOf = (_: number, member: number) => member % layout.nodes;
        results.get(layout.name)?.push(await measure(hubbub, layout, { ...spread, placeOf }, seconds));
      }
    }
    const baseline = results.get(one.name) ?? [];
    const rows = layouts.map(({ name }) => {
      const figures = results.get(name) ?? [];
      const ratios = figures.map((each, round) => each.nodeMicroseconds / (baseline[round]?.nodeMicroseconds ?? 0));
      const middle = (pick: (each: ClusterFigures) => number) => formatNumber(median(figures.map(pick)));
      return [
        name,
        middle((each) => each.nodeMicroseconds),
        formatNumber(median(ratios)),
        middle((each) => each.otherMicroseconds[0] ?? Number.NaN),
        middle((each) => each.p50Ms),
        middle((each) => each.p99Ms),
      ];
    });
    const head = [title, "µs a delivery", "to one node", "Redis µs", "p50 ms", "p99 ms"];
    console.log(`\n${spread.perSecond} messages a second, medians of ${ROUNDS} rounds:\n\n${formatTable(head, rows)}`);
  }
}

/** 1,000 groups of 4 on four nodes: the members of each on one of them, its sender on the next. */
async function measureInterest(hubbub: Contender, seconds: number): Promise<void> {
  const nodes = 4;
  const groups = 1000;
  const perSecond = 2000;
  const placeOf = (group: number, member: number) => (member === 0 ? group + 1 : group) % nodes;
  const command = (url: string) => [process.execPath, join(import.meta.dir, "bystander.ts"), url, String(groups)];
  const figures: ClusterFigures[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    await using redis = await startRedis();
    await using servers = await startNodes(hubbub, nodes, redis.url, []);
    await using bystander = await startServer(command(redis.url));
    const ports = servers.list.map(({ port }) => port);
    using load = await ClusterLoad.open({ groups, members: 4, perSecond, placeOf }, ports);
    await Bun.sleep(SETTLE_MS);
    await load.run(WARM_UP_SECONDS, [], []);
    const pids = servers.list.map(({ pid }) => pid);
    figures.push(await load.run(seconds, pids, [bystander.pid]));
  }
  const node = median(figures.map((each) => each.nodeLoad / nodes)) * 100;
  const all = median(figures.map((each) => each.otherLoad[0] ?? Number.NaN)) * 100;
  // A group has members on two of the four: those two would take its frames in any case.
  const saved = all / 2;
  console.log(`
${groups} groups on ${nodes} nodes, ${perSecond} messages a second, each group on two nodes, medians of ${ROUNDS} rounds:

A node uses ${formatNumber(node)} % of a core. To take every frame and drop it uses ${formatNumber(all)} % more; as a node has members in half of the groups, ${formatNumber(saved)} % of a
core is what it saves by subscribing to those only.`);
}

async function measure(
  hubbub: Contender,
  { nodes, hasBus, flags }: Layout,
  measured: ClusterCase,
  seconds: number,
): Promise<ClusterFigures> {
  await using redis = hasBus ? await startRedis() : undefined;
  await using servers = await startNodes(hubbub, nodes, redis?.url, flags);
  using load = await ClusterLoad.open(
    measured,
    servers.list.map(({ port }) => port),
  );
  await Bun.sleep(SETTLE_MS);
  await load.run(WARM_UP_SECONDS, [], []);
  const pids = servers.list.map(({ pid }) => pid);
  // Awaited here: what is used up to here ends with this block.
  return await load.run(seconds, pids, redis === undefined ? [] : [redis.pid]);
}

async function startNodes(
  hubbub: Contender,
  count: number,
  url: string | undefined,
  flags: readonly string[],
): Promise<AsyncDisposable & { list: RunningServer[] }> {
  const bus = url === undefined ? [] : ["--bus", url];
  const command = hubbub.command({ kind: "room", compress: false, flags: [...bus, ...flags] }) ?? [];
  const list: RunningServer[] = [];
  for (let index = 0; index < count; index += 1) list.push(await startServer(command));
  for (const { port } of list)
    while (!(await fetch(`http://127.0.0.1:${port}/-/ready`)).ok) await Bun.sleep(SETTLE_MS / 10);
  return {
    list,
    async [Symbol.asyncDispose]() {
      await Promise.all(list.map((server) => server[Symbol.asyncDispose]()));
    },
  };
}

const seconds = Number(process.argv[2] ?? 4);
if (!(seconds > 0)) {
  console.error(USAGE);
  process.exit(2);
}
checkLimits(4000);
console.log(describeMachine());
{
  using builds = await buildContenders();
  await measureSpreads(builds.hubbub, seconds);
  await measureInterest(builds.hubbub, seconds);
}
process.exit(0);
