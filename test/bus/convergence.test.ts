import { expect, test } from "bun:test";
import { Random } from "../../bench/soak/random.ts";
import type { BusEnd, OpenBus } from "../../src/bus/bus.ts";
import { Cluster } from "../../src/bus/cluster.ts";
import type { MemberChange, WatchedMember } from "../../src/bus/frame.ts";
import { LocalNetwork } from "../../src/bus/local.ts";
import { configureLog } from "../../src/core/log.ts";
import { Metrics } from "../../src/core/metrics.ts";
import { ThrottledLog } from "../../src/core/throttled-log.ts";
import { TestClock } from "../../src/testing/test-clock.ts";
import { silenceSends } from "../support/silenceable-bus.ts";

configureLog({ logLevel: "error", logFormat: "json" });

/** One node without sessions: the sizes of its groups are what the test says. */
class SizedNode {
  readonly clock: TestClock;
  readonly cluster: Cluster;
  readonly sizes = new Map<string, number>();
  readonly told: Omit<MemberChange, "path">[] = [];
  readonly #members = new Map<string, WatchedMember>();

  constructor(clock: TestClock, openBus: OpenBus) {
    this.clock = clock;
    const throttledLog = new ThrottledLog(() => clock.now());
    this.cluster = new Cluster({ coalesceMs: 0, clock, metrics: new Metrics(), throttledLog });
    this.cluster.start(openBus, {
      publish: () => {},
      send: () => false,
      close: () => false,
      addToGroup: () => false,
      removeFromGroup: () => false,
      sizeOf: (group) => this.sizes.get(group) ?? 0,
      sizes: () => this.sizes,
      listMembers: () => [],
      watched: {
        list: () => this.#members.values(),
        left: (members) => this.told.push(...members.map(({ id, group }) => ({ id, group, isIn: false }))),
        returned: () =>
          this.told.push(...Array.from(this.#members.values(), ({ id, group }) => ({ id, group, isIn: true }))),
      },
    });
  }

  change(group: string, by: 1 | -1): void {
    const size = (this.sizes.get(group) ?? 0) + by;
    if (size < 0) return;
    if (size === 0) this.sizes.delete(group);
    else this.sizes.set(group, size);
    this.cluster.resize(group, size, by);
  }

  /** A session that the whole cluster is to know. */
  join(id: string, group: string): void {
    this.#members.set(id, { id, path: "/room", group });
    this.cluster.noteMember({ id, path: "/room", group }, 1);
  }
}

const GROUPS = Array.from({ length: 1200 }, (_, index) => `group ${index}`);

/** Nodes on a network that loses a part of the frames, and all of those that are silent. */
async function startNodes(count: number) {
  const random = new Random(7);
  const clock = new TestClock();
  const network = new LocalNetwork();
  const loss = { share: 0 };
  const silent = new Set<string>();
  const ends = new Map<string, BusEnd>();
  const openBus: OpenBus = (end) => {
    ends.set(end.node, end);
    const carries = () => !silent.has(end.node) && random.next() >= loss.share;
    const bus = network.open({
      ...end,
      deliver: (frame) => {
        if (carries()) end.deliver(frame);
      },
    });
    return silenceSends(bus, () => silent.has(end.node));
  };
  const nodes: SizedNode[] = [];
  const start = () => {
    const node = new SizedNode(clock, openBus);
    nodes.push(node);
    return node;
  };
  for (let index = 0; index < count; index += 1) start();
  await clock.advance(1000);
  /** Cuts a node off from the others, as when it has lost its Redis. */
  const cut = ({ cluster }: SizedNode) => {
    silent.add(cluster.node);
    ends.get(cluster.node)?.onStage("down", "cut");
  };
  const mend = ({ cluster }: SizedNode) => {
    silent.delete(cluster.node);
    ends.get(cluster.node)?.onStage("up");
  };
  return { random, clock, loss, cut, mend, nodes, start };
}

function expectAgreement(nodes: readonly SizedNode[]): void {
  for (const node of nodes) {
    const others = nodes.filter((each) => each !== node);
    for (const group of GROUPS) {
      const size = others.reduce((sum, { sizes }) => sum + (sizes.get(group) ?? 0), 0);
      if (node.cluster.sizeElsewhere(group) !== size)
        expect([group, node.cluster.sizeElsewhere(group)]).toEqual([group, size]);
    }
  }
  expect(nodes.every(({ cluster }) => cluster.nodeCount === nodes.length - 1)).toBe(true);
}

test.each([0, 0.05, 0.5])(
  "nodes agree on all sizes when it is quiet, also after %p of the frames were lost",
  async (share) => {
    const { random, clock, loss, nodes, start } = await startNodes(3);
    loss.share = share;
    for (let step = 0; step < 60; step += 1) {
      for (let count = 0; count < 100; count += 1) {
        const group = GROUPS[random.integer(0, GROUPS.length - 1)] ?? "";
        nodes[random.integer(0, nodes.length - 1)]?.change(group, random.next() < 0.7 ? 1 : -1);
      }
      if (step === 40) start();
      await clock.advance(20);
    }
    loss.share = 0;
    // A beat, a question, a table.
    await clock.advance(share === 0 ? 1000 : 2500);
    expectAgreement(nodes);
    await Promise.all(nodes.map(({ cluster }) => cluster.stop()));
  },
);

test("a node that comes later knows the sizes of all others within a second", async () => {
  const { clock, nodes, start } = await startNodes(3);
  for (const [index, group] of GROUPS.entries()) nodes[index % 3]?.change(group, 1);
  await clock.advance(200);
  start();
  for (let count = 0; count < 50; count += 1) await clock.advance(10);
  expectAgreement(nodes);
});

test("a node that is silent is forgotten within five seconds, one that leaves at once, and one that comes back is known again", async () => {
  const { clock, loss, nodes } = await startNodes(3);
  for (const node of nodes) node.change("chat", 1);
  await clock.advance(200);
  loss.share = 1;
  await clock.advance(3000);
  expect(nodes.map(({ cluster }) => cluster.sizeElsewhere("chat"))).toEqual([2, 2, 2]);
  await clock.advance(2000);
  expect(nodes.map(({ cluster }) => cluster.sizeElsewhere("chat"))).toEqual([0, 0, 0]);
  loss.share = 0;
  await clock.advance(2500);
  expectAgreement(nodes);
  await nodes[2]?.cluster.stop();
  await clock.advance(20);
  expectAgreement(nodes.slice(0, 2));
});

test("the members of two nodes that go together are told once to have left, and if they come back to have joined", async () => {
  const { clock, cut, mend, nodes } = await startNodes(5);
  for (const [index, node] of nodes.entries()) node.join(String(index), "chat");
  await clock.advance(200);
  // The one whose id is least would be the one to tell of the others.
  const [first, ...rest] = nodes.toSorted((a, b) => (a.cluster.node < b.cluster.node ? -1 : 1));
  const gone = [first, rest[1]].filter((node) => node !== undefined);
  const left = nodes.filter((node) => !gone.includes(node));
  gone.forEach(cut);
  await clock.advance(5000);
  const told = (among: readonly SizedNode[]) =>
    among.flatMap((node) => node.told.map(({ id, isIn }) => `${id} ${isIn}`));
  const ids = gone.map((node) => nodes.indexOf(node));
  expect(told(left).sort()).toEqual(ids.map((id) => `${id} false`).sort());
  for (const node of nodes) node.told.length = 0;
  gone.forEach(mend);
  await clock.advance(2500);
  expect(told(nodes).sort()).toEqual(ids.map((id) => `${id} true`).sort());
});
